#include "indexer/rebuild.h"

#include "indexer/proposal.h"
#include "lib/base/fs.h"

int rebuild_find(struct rebuild *r, const char *path, const char *fmt, ...)
{
	struct err line; /* escapes what a damaged tree may hold */
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(&line, ERR_DAMAGED, "%s: %s", path, text);
	r->say(line.text, r->ctx);
	r->findings++;
	return 0;
}

void rebuild_release(struct rebuild *r)
{
	verifier_close(&r->verifier);
	catdoc_release(&r->catalog);
	free(r->signing);
	arena_release(&r->arena);
}

/* ---- keys */

static struct rebuild_key *find_key(struct rebuild *r, const char *fpr)
{
	for (size_t i = 0; i < r->key_count; i++)
		if (strcmp(r->key[i].fpr, fpr) == 0)
			return &r->key[i];
	return NULL;
}

static int add_key(struct rebuild *r, const struct trust_key *k, struct err *e)
{
	if (find_key(r, k->fpr))
		return 0;
	if (r->key_count == REBUILD_KEYS_MAX)
		return err_set(e, ERR_LIMIT, "the roots name more than %d keys",
			REBUILD_KEYS_MAX);
	r->key[r->key_count++] = (struct rebuild_key){
		.fpr = arena_strdup(&r->arena, k->fpr),
		.armor = bytes_of_str(arena_strndup(
			&r->arena, (const char *)k->armor.data, k->armor.len)),
		.from_s = k->from_s,
	};
	return 0;
}

static void note_role(
	struct rebuild *r, const struct trust_root *root, enum trust_role_name role)
{
	for (size_t i = 0; i < root->role[role].count; i++) {
		struct rebuild_key *k = find_key(r, root->role[role].fpr[i]);

		if (k && role == TRUST_PUBLISH)
			k->may_publish = true;
		else if (k)
			k->may_stamp = true;
	}
}

static int take_keys(struct rebuild *r, const struct trust_root *root, struct err *e)
{
	for (size_t i = 0; i < root->key_count; i++)
		if (add_key(r, &root->key[i], e) < 0)
			return -1;
	note_role(r, root, TRUST_PUBLISH);
	note_role(r, root, TRUST_TIMESTAMP);
	return 0;
}

static int check_root(const struct rebuild *r, const struct envelope *v,
	const struct trust_root *now, const struct trust_root *before, struct err *e)
{
	int64_t now_s = r->yard->now_s;

	if (before && strcmp(now->repo, before->repo) != 0)
		return err_set(e, ERR_UNTRUSTED, "is of another repository");
	if (root_check_signed(v, now, now_s, e) < 0)
		return -1;
	return before ? root_check_signed(v, before, now_s, e) : 0;
}

/* Site and keys, from the first root to the newest. */
static int read_roots(struct rebuild *r, struct err *e)
{
	struct trust_root before = { 0 }, now = { 0 };
	struct catalog_site *site = &r->yard->facts;
	int64_t version = 1;
	int rc = 1;

	for (; rc > 0; version++) {
		auto_envelope struct envelope v = { 0 };

		rc = yard_read_root_version(r->yard, version, &v, &now, e);
		if (rc > 0 &&
			(check_root(r, &v, &now, version > 1 ? &before : NULL, e) < 0 ||
				take_keys(r, &now, e) < 0))
			rc = err_wrap(e, "'trust/root.%lld'", (long long)version);
		if (rc > 0 && version == 1) {
			memcpy(site->repo, now.repo, sizeof(site->repo));
			site->created_s = now.created_s;
		}
		trust_root_release(&before);
		before = now;
		now = (struct trust_root){ 0 };
	}
	trust_root_release(&before);
	if (rc == 0 && version == 2)
		return err_set(e, ERR_NOTFOUND, "cannot find 'trust/root.1' in '%s/%s'",
			r->yard->path, YARD_PUBLIC);
	return rc;
}

static int open_verifier(struct rebuild *r, struct err *e)
{
	struct bytes armor[REBUILD_KEYS_MAX];

	for (size_t i = 0; i < r->key_count; i++)
		armor[i] = r->key[i].armor;
	return verifier_open(armor, r->key_count, &r->verifier, e);
}

const char *rebuild_only_publisher(const struct rebuild *r)
{
	const char *only = NULL;

	for (size_t i = 0; i < r->key_count; i++) {
		if (!r->key[i].may_publish)
			continue;
		if (only)
			return NULL;
		only = r->key[i].fpr;
	}
	return only;
}

bool rebuild_trusts(const struct rebuild *r, const char *fpr)
{
	const struct verify_role *role = &r->notary->publish;

	for (size_t i = 0; i < role->count; i++)
		if (strcmp(role->fprs[i], fpr) == 0)
			return true;
	return false;
}

static struct verify_role publishers(
	const struct rebuild *r, const char *fprs[REBUILD_KEYS_MAX])
{
	struct verify_role role = { .fprs = fprs, .threshold = 1 };

	for (size_t i = 0; i < r->key_count; i++)
		if (r->key[i].may_publish)
			fprs[role.count++] = r->key[i].fpr;
	return role;
}

int rebuild_open_message(struct rebuild *r, struct bytes message, struct buf *text,
	char out[FPR_MAX], struct err *e)
{
	const char *fprs[REBUILD_KEYS_MAX];
	struct verify_role role = publishers(r, fprs);

	if (verify_clearsigned(r->verifier, &role, message, r->yard->now_s, text, e) < 0)
		return -1;
	snprintf(out, FPR_MAX, "%s", verify_signer(r->verifier));
	return 0;
}

int rebuild_signer(struct rebuild *r, struct bytes data, struct bytes asc,
	const char *path, char out[FPR_MAX], struct err *e)
{
	const char *fprs[REBUILD_KEYS_MAX];
	struct verify_role role = publishers(r, fprs);

	if (verify_detached(r->verifier, &role, data, asc, r->yard->now_s, e) < 0)
		return err_wrap(e, "'%s.asc'", path);
	if (strcmp(verify_notation(r->verifier), path) != 0)
		return err_set(e, ERR_UNTRUSTED,
			"the signature of '%s' was made for '%s'", path,
			verify_notation(r->verifier));
	snprintf(out, FPR_MAX, "%s", verify_signer(r->verifier));
	return 0;
}

/* ---- current and catalog */

static int read_catalog(struct rebuild *r, const struct current *c, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(CATALOG_MAX);
	struct digest d;

	if (fs_read_at(r->yard->public_fd, c->catalog.path, &text, e) < 0)
		return -1;
	d = digest_of(buf_bytes(&text));
	if (!digest_equal(&d, &c->catalog.sha256))
		return err_set(e, ERR_UNTRUSTED,
			"'%s' is not the catalog that `current` names", c->catalog.path);
	if (notary_check_pae(r->notary, &r->notary->publish, TRUST_TYPE_CATALOG,
		    buf_bytes(&text), c->catalog_signature, c->catalog_signature_count,
		    e) < 0 ||
		catdoc_parse(buf_bytes(&text), &r->catalog, e) < 0)
		return err_wrap(e, "'%s'", c->catalog.path);
	if (r->catalog.generation != c->generation)
		return err_set(e, ERR_UNTRUSTED,
			"'%s' is the catalog of generation %lld, not %lld",
			c->catalog.path, (long long)r->catalog.generation,
			(long long)c->generation);
	return 0;
}

static int check_current(struct rebuild *r, const struct envelope *v,
	const struct current *c, const char *path, struct err *e)
{
	if (notary_check_pae(r->notary, &r->notary->timestamp, TRUST_TYPE_CURRENT,
		    v->payload, v->signature, v->signature_count, e) < 0)
		return err_wrap(e, "'%s'", path);
	if (strcmp(c->repo, r->yard->facts.repo) != 0)
		return err_set(e, ERR_UNTRUSTED, "'%s' is of another repository", path);
	if (c->generation != r->live)
		return err_set(e, ERR_UNTRUSTED, "'%s' is of generation %lld", path,
			(long long)c->generation);
	snprintf(r->stamp_fpr, sizeof(r->stamp_fpr), "%s",
		verify_signer(r->notary->verifier));
	r->version = c->version;
	r->payload = digest_of(v->payload);
	r->catalog_id = c->catalog.sha256;
	return read_catalog(r, c, e);
}

static int read_current(struct rebuild *r, struct err *e)
{
	auto_envelope struct envelope v = { 0 };
	auto_current struct current c = { 0 };
	char path[LAYOUT_PATH_MAX];
	int rc = yard_read_current(r->yard, r->live, &v, &c, e);

	yard_gen_path(r->live, LAYOUT_CURRENT, path);
	if (rc == 0)
		return err_set(e, ERR_DAMAGED, "cannot find '%s'", path);
	return rc < 0 ? -1 : check_current(r, &v, &c, path, e);
}

/* ---- rows */

/* The keys of ours that sign now, and those that did or will. */
static int put_key(struct rebuild *r, const struct rebuild_key *k, const char *role,
	const char *current, struct err *e)
{
	const struct rebuild_key *now = find_key(r, current);
	struct catalog_key row = { .role = role, .made_s = k->from_s, .state = "past" };

	if (strcmp(k->fpr, current) == 0)
		row.state = "current";
	else if (now && k->from_s > now->from_s && rebuild_trusts(r, k->fpr))
		row.state = "next";
	snprintf(row.fpr, sizeof(row.fpr), "%s", k->fpr);
	return catalog_key_put(r->yard->catalog, &row, e);
}

static int put_keys(struct rebuild *r, const struct signer *signer, struct err *e)
{
	bool has_stamp = strcmp(r->stamp_fpr, r->publish_fpr) != 0;

	for (size_t i = 0; i < r->key_count; i++) {
		const struct rebuild_key *k = &r->key[i];
		bool is_ours = !signer || signer_has(signer, k->fpr);

		if (k->may_publish && (is_ours || strcmp(k->fpr, r->publish_fpr) == 0) &&
			put_key(r, k, "publish", r->publish_fpr, e) < 0)
			return -1;
		if (k->may_stamp && !k->may_publish && has_stamp &&
			(is_ours || strcmp(k->fpr, r->stamp_fpr) == 0) &&
			put_key(r, k, "timestamp", r->stamp_fpr, e) < 0)
			return -1;
	}
	return 0;
}

int rebuild_keys(struct rebuild *r, struct err *e)
{
	auto_signer struct signer *signer = NULL;
	struct err why;

	/* without a secret key nothing can be signed, but everything can be read */
	if (fs_exists_at(r->yard->fd, YARD_GNUPG) &&
		signer_open(r->yard->gnupg, "", &signer, &why) < 0)
		r->warn(why.text, r->ctx);
	return put_keys(r, signer, e);
}

int rebuild_trust(struct rebuild *r, struct err *e)
{
	int rc = yard_live(r->yard, &r->live, e);

	if (rc == 0)
		return err_set(e, ERR_NOTFOUND,
			"nothing was published yet in '%s/%s': there is nothing to make "
			"a "
			"catalog from",
			r->yard->path, YARD_PUBLIC);
	if (rc < 0 || read_roots(r, e) < 0 || open_verifier(r, e) < 0)
		return -1;
	return read_current(r, e);
}
