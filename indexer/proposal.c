#include "indexer/proposal.h"

#include "indexer/emit.h"
#include "lib/base/atomic.h"
#include "lib/base/fs.h"

int root_open(
	struct bytes text, struct envelope *v, struct trust_root *out, struct err *e)
{
	if (envelope_parse(text, v, e) < 0)
		return -1;
	if (strcmp(v->type, TRUST_TYPE_ROOT) != 0)
		return err_set(
			e, ERR_PARSE, "a document of type '%s' is no root", v->type);
	return trust_root_parse(v->payload, out, e);
}

int root_check_signed(const struct envelope *v, const struct trust_root *by,
	int64_t now_s, struct err *e)
{
	auto_verifier struct verifier *verifier = NULL;
	auto_buf struct buf pae = BUF_INIT(2 * TRUST_DOC_MAX);
	struct bytes keys[TRUST_KEYS_MAX], sigs[TRUST_KEYS_MAX];
	const char *fprs[TRUST_KEYS_MAX];
	struct verify_role role = trust_role_at(by, TRUST_ROOT, now_s, fprs);

	for (size_t i = 0; i < by->key_count; i++)
		keys[i] = by->key[i].armor;
	for (size_t i = 0; i < v->signature_count; i++)
		sigs[i] = v->signature[i].sig;
	trust_pae(TRUST_TYPE_ROOT, v->payload, &pae);
	if (buf_check(&pae, "root", e) < 0 ||
		verifier_open(keys, by->key_count, &verifier, e) < 0 ||
		verify_detached_all(verifier, &role, buf_bytes(&pae), sigs,
			v->signature_count, now_s, e) < 0)
		return err_wrap(e, "not signed as root version %lld demands",
			(long long)by->version);
	return 0;
}

static int read_waiting(struct proposal *p, struct err *e)
{
	auto_envelope struct envelope v = { 0 };
	auto_buf struct buf text = BUF_INIT(TRUST_DOC_MAX);

	if (!fs_exists_at(p->yard->fd, p->name))
		return 0;
	if (fs_read_at(p->yard->fd, p->name, &text, e) < 0 ||
		root_open(buf_bytes(&text), &v, &p->waiting, e) < 0)
		return err_wrap(e, "'%s/%s'", p->yard->path, p->name);
	if (p->waiting.version != p->now.version + 1 ||
		strcmp(p->waiting.repo, p->now.repo) != 0)
		return err_set(e, ERR_CONFLICT,
			"'%s/%s' does not follow root version %lld: remove it",
			p->yard->path, p->name, (long long)p->now.version);
	p->is_added_to = true;
	return 0;
}

int proposal_open(struct yard *y, struct proposal *out, struct err *e)
{
	auto_proposal struct proposal p = { .yard = y };

	if (yard_read_root(y, &p.now, e) < 0)
		return -1;
	snprintf(p.name, sizeof(p.name), "root.%lld", (long long)p.now.version + 1);
	if (read_waiting(&p, e) < 0)
		return -1;
	trust_next(
		p.is_added_to ? &p.waiting : &p.now, y->now_s, EMIT_ROOT_DAYS, &p.next);
	p.next.version = p.now.version + 1;
	*out = p;
	p = (struct proposal){ 0 };
	return 0;
}

void proposal_release(struct proposal *p)
{
	trust_root_release(&p->now);
	trust_root_release(&p->waiting);
	arena_release(&p->arena);
}

/* A key of ours that has handed over, and by which nothing is signed any more, need not
 * be trusted until its end. */
static int drop_past(const struct catalog_key *k, void *ctx, struct err *e)
{
	struct proposal *p = ctx;
	struct catalog_generation live;
	int64_t still = 0;
	int rc;

	if (strcmp(k->state, "past") != 0)
		return 0;
	rc = catalog_generation_find(p->yard->catalog, "live", &live, e);
	if (rc < 0 || catalog_build_count_signed(p->yard->catalog, k->fpr, &still, e) < 0)
		return -1;
	if (still || (rc > 0 && strcmp(live.signer, k->fpr) == 0))
		return 0;
	trust_role_drop(&p->next, TRUST_PUBLISH, k->fpr);
	trust_role_drop(&p->next, TRUST_TIMESTAMP, k->fpr);
	return 0;
}

static int is_in_use(struct proposal *p, const char *fpr, struct err *e)
{
	static const char *const roles[] = { "publish", "timestamp" };
	struct catalog_key k;

	for (size_t i = 0; i < ARRAY_COUNT(roles); i++) {
		int rc = catalog_key_find(p->yard->catalog, roles[i], "current", &k, e);

		if (rc < 0)
			return -1;
		if (rc > 0 && strcmp(k.fpr, fpr) == 0)
			return 1;
	}
	return 0;
}

static int drop_expired(struct proposal *p, struct err *e)
{
	struct trust_root now = p->next;

	for (size_t i = 0; i < now.key_count; i++) {
		const struct trust_key *k = &now.key[i];
		int rc = k->until_s <= p->yard->now_s ? is_in_use(p, k->fpr, e) : 1;

		if (rc < 0)
			return -1;
		if (rc > 0)
			continue;
		trust_role_drop(&p->next, TRUST_PUBLISH, k->fpr);
		trust_role_drop(&p->next, TRUST_TIMESTAMP, k->fpr);
	}
	return 0;
}

int proposal_write(struct proposal *p, struct err *e)
{
	auto_buf struct buf payload = BUF_INIT(TRUST_DOC_MAX),
			    text = BUF_INIT(TRUST_DOC_MAX);
	auto_trust_root struct trust_root back = { 0 };

	if (drop_expired(p, e) < 0 ||
		catalog_key_walk(p->yard->catalog, drop_past, p, e) < 0)
		return -1;
	trust_tidy(&p->next);
	if (trust_check(&p->next, e) < 0 ||
		trust_root_format(&p->next, &payload, e) < 0 ||
		trust_root_parse(buf_bytes(&payload), &back, e) < 0 ||
		envelope_format(TRUST_TYPE_ROOT, buf_bytes(&payload), NULL, 0, &text, e) <
			0)
		return err_wrap(e, "cannot propose root version %lld",
			(long long)p->next.version);
	return atomic_write_file(p->yard->fd, p->name, buf_bytes(&text), 0644, e);
}
