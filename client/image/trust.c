#include "client/image/trust.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include <ctype.h>
#include <inttypes.h>
#include <time.h>

#define FUTURE_SLACK_S 600

void trust_release(struct trust *t)
{
	trust_root_release(&t->root);
}

/* ---- words */

static const char *time_text(int64_t s, char out[32])
{
	time_t t = (time_t)s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm) == 0)
		snprintf(out, 32, "%" PRId64, s);
	return out;
}

static int expired(const char *what, int64_t expires_s, int64_t now_s, struct err *e)
{
	char then[32], now[32];

	return err_set(e, ERR_UNTRUSTED,
		"%s expired %s, %" PRId64
		" hours ago (it is %s here): the server is stale, or this clock is wrong",
		what, time_text(expires_s, then), (now_s - expires_s) / 3600,
		time_text(now_s, now));
}

static int from_the_future(
	const char *what, int64_t created_s, int64_t now_s, struct err *e)
{
	char then[32], now[32];

	return err_set(e, ERR_UNTRUSTED,
		"%s was made %s, but it is %s here: check your clock", what,
		time_text(created_s, then), time_text(now_s, now));
}

/* ---- signatures */

/* Are these signatures by the threshold of a role over PAE(type, body)? */
static int check_signatures(struct verifier *v, const struct verify_role *role,
	const char *type, struct bytes body, const struct trust_signature *signature,
	size_t count, int64_t now_s, struct err *e)
{
	auto_buf struct buf pae = BUF_INIT(body.len + 256);
	struct bytes sigs[TRUST_KEYS_MAX];

	trust_pae(type, body, &pae);
	if (buf_check(&pae, "the signed bytes", e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		sigs[i] = signature[i].sig;
	return verify_detached_all(v, role, buf_bytes(&pae), sigs, count, now_s, e);
}

static int open_verifier(const struct trust_root *a, const struct trust_root *b,
	struct verifier **out, struct err *e)
{
	struct bytes keys[2 * TRUST_KEYS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < a->key_count; i++)
		keys[n++] = a->key[i].armor;
	for (size_t i = 0; b && i < b->key_count; i++)
		keys[n++] = b->key[i].armor;
	return verifier_open(keys, n, out, e);
}

static int check_root_role(struct verifier *v, const struct trust_root *by,
	const struct envelope *env, int64_t now_s, struct err *e)
{
	const char *fprs[TRUST_KEYS_MAX];
	struct verify_role role = trust_role_at(by, TRUST_ROOT, now_s, fprs);

	if (check_signatures(v, &role, TRUST_TYPE_ROOT, env->payload, env->signature,
		    env->signature_count, now_s, e) < 0)
		return err_wrap(e, "not signed as root %" PRId64 " demands", by->version);
	return 0;
}

static int open_root(
	struct bytes text, struct envelope *env, struct trust_root *out, struct err *e)
{
	if (envelope_parse(text, env, e) < 0)
		return -1;
	if (strcmp(env->type, TRUST_TYPE_ROOT) != 0)
		return err_set(
			e, ERR_PARSE, "a document of type '%s' is no root", env->type);
	return trust_root_parse(env->payload, out, e);
}

/* What cannot even be parsed is not trusted either. */
static int distrust(struct err *e)
{
	if (e->code == ERR_PARSE || e->code == ERR_LIMIT)
		e->code = ERR_UNTRUSTED;
	return -1;
}

/* ---- state */

static void root_name(int64_t version, char out[32])
{
	snprintf(out, 32, "root.%" PRId64, version);
}

static void set_now(struct trust *t)
{
	t->now_s = t->clock_s > t->floors.created_s ? t->clock_s : t->floors.created_s;
}

static int remember_root(struct trust *t, struct bytes envelope, struct err *e)
{
	char name[32];

	root_name(t->floors.root_version, name);
	if (atomic_write_file(t->state_fd, name, envelope, 0600, e) < 0)
		return -1;
	return floors_raise(t->state_fd, t->remote, &t->floors, e);
}

int trust_load(int state_fd, const char *remote, int64_t clock_s, struct trust *out,
	struct err *e)
{
	auto_trust struct trust t = {
		.remote = remote, .state_fd = state_fd, .clock_s = clock_s
	};
	auto_buf struct buf text = BUF_INIT(TRUST_DOC_MAX);
	auto_envelope struct envelope env = { 0 };
	char name[32];

	if (floors_load(state_fd, remote, &t.floors, e) < 0)
		return -1;
	root_name(t.floors.root_version, name);
	if (fs_read_at(state_fd, name, &text, e) < 0 ||
		open_root(buf_bytes(&text), &env, &t.root, e) < 0 ||
		t.root.version != t.floors.root_version ||
		strcmp(t.root.repo, t.floors.repo) != 0)
		return err_set(e, ERR_DAMAGED,
			"'%s' of the remote '%s' is damaged or missing: remove it with "
			"'rootyard remote rm %s' and add it again",
			name, remote, remote);
	set_now(&t);
	*out = t;
	memset(&t, 0, sizeof(t));
	return 0;
}

/* ---- the chain of roots */

static bool same_fpr(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (toupper((unsigned char)*a) != toupper((unsigned char)*b))
			return false;
	return *a == *b;
}

static int check_pin(struct verifier *v, const struct trust_root *root,
	const struct envelope *env, const char *fingerprint, int64_t now_s, struct err *e)
{
	const struct trust_role *role = &root->role[TRUST_ROOT];
	struct verify_role pinned = { .count = 1, .threshold = 1 };
	const char *fpr = NULL;

	for (size_t i = 0; i < role->count; i++)
		if (same_fpr(role->fpr[i], fingerprint))
			fpr = role->fpr[i];
	if (!fpr)
		return err_set(e, ERR_UNTRUSTED,
			"the server's root does not know the key '%s'; its root key is "
			"'%s'",
			fingerprint, role->count && role->fpr[0] ? role->fpr[0] : "");
	pinned.fprs = &fpr;
	if (check_signatures(v, &pinned, TRUST_TYPE_ROOT, env->payload, env->signature,
		    env->signature_count, now_s, e) < 0)
		return err_wrap(e, "not signed by the pinned key");
	return 0;
}

int trust_pin(int state_fd, const char *remote, int64_t clock_s, struct bytes envelope,
	const char *fingerprint, struct trust *out, struct err *e)
{
	auto_trust struct trust t = { .remote = remote,
		.state_fd = state_fd,
		.clock_s = clock_s,
		.now_s = clock_s };
	auto_envelope struct envelope env = { 0 };
	auto_verifier struct verifier *v = NULL;

	if (open_root(envelope, &env, &t.root, e) < 0 ||
		open_verifier(&t.root, NULL, &v, e) < 0)
		return distrust(e);
	if (fingerprint && t.root.version != 1)
		return err_set(e, ERR_UNTRUSTED,
			"the server hands out root %" PRId64 " as root 1",
			t.root.version);
	if (fingerprint && check_pin(v, &t.root, &env, fingerprint, t.now_s, e) < 0)
		return -1;
	if (check_root_role(v, &t.root, &env, t.now_s, e) < 0)
		return -1;
	snprintf(t.floors.repo, sizeof(t.floors.repo), "%s", t.root.repo);
	t.floors.root_version = t.root.version;
	if (remember_root(&t, envelope, e) < 0)
		return -1;
	*out = t;
	memset(&t, 0, sizeof(t));
	return 0;
}

static bool is_revoked(const struct trust_root *r, const char *fpr)
{
	for (size_t i = 0; i < r->revoked_count; i++)
		if (same_fpr(r->revoked[i].fpr, fpr))
			return true;
	return false;
}

/* Did the new root take a key of this role away? Then a thief of that key may have driven
 * the floors up, and they must be forgotten. */
static bool lost_a_key(const struct trust_root *old, const struct trust_root *new,
	enum trust_role_name which)
{
	const struct trust_role *was = &old->role[which], *is = &new->role[which];

	for (size_t i = 0; i < was->count; i++) {
		bool kept = false;

		if (is_revoked(old, was->fpr[i]))
			continue;
		for (size_t k = 0; k < is->count; k++)
			kept = kept || same_fpr(was->fpr[i], is->fpr[k]);
		if (!kept || is_revoked(new, was->fpr[i]))
			return true;
	}
	return false;
}

static int check_step(const struct trust *t, const struct trust_root *next,
	const struct envelope *env, struct err *e)
{
	auto_verifier struct verifier *v = NULL;

	if (next->version != t->root.version + 1)
		return err_set(e, ERR_UNTRUSTED,
			"the server hands out root %" PRId64 " as root %" PRId64,
			next->version, t->root.version + 1);
	if (strcmp(next->repo, t->root.repo) != 0)
		return err_set(e, ERR_UNTRUSTED,
			"root %" PRId64 " belongs to another repository", next->version);
	if (open_verifier(&t->root, next, &v, e) < 0)
		return distrust(e);
	if (check_root_role(v, &t->root, env, t->now_s, e) < 0)
		return -1;
	return check_root_role(v, next, env, t->now_s, e);
}

int trust_step(struct trust *t, struct bytes envelope, struct err *e)
{
	auto_trust_root struct trust_root next = { 0 };
	auto_envelope struct envelope env = { 0 };
	struct floors floors = t->floors;

	if (open_root(envelope, &env, &next, e) < 0)
		return distrust(e);
	if (check_step(t, &next, &env, e) < 0)
		return -1;
	floors.root_version = next.version;
	if (lost_a_key(&t->root, &next, TRUST_TIMESTAMP) ||
		lost_a_key(&t->root, &next, TRUST_PUBLISH)) {
		floors.seen_root = 0;
		floors.version = 0;
		floors.generation = 0;
		floors.created_s = 0;
	}
	t->floors = floors;
	set_now(t);
	trust_root_release(&t->root);
	t->root = next;
	memset(&next, 0, sizeof(next));
	return remember_root(t, envelope, e);
}

int trust_check_root(const struct trust *t, struct err *e)
{
	if (t->root.expires_s <= t->now_s)
		return expired("the server's root", t->root.expires_s, t->now_s, e);
	return 0;
}

/* ---- current */

static int check_freshness(const struct trust *t, const struct current *c, struct err *e)
{
	if (c->root_version > t->root.version)
		return err_set(e, ERR_UNTRUSTED,
			"it stands on root %" PRId64
			", but the server shows no root after %" PRId64,
			c->root_version, t->root.version);
	if (floors_check(&t->floors, c, e) < 0)
		return -1;
	if (c->created_s > t->now_s + FUTURE_SLACK_S)
		return from_the_future("what the server says", c->created_s, t->now_s, e);
	if (c->expires_s <= t->now_s)
		return expired("what the server says", c->expires_s, t->now_s, e);
	return 0;
}

static int open_current(
	const struct trust *t, struct bytes text, struct current *out, struct err *e)
{
	auto_envelope struct envelope env = { 0 };
	auto_verifier struct verifier *v = NULL;
	const char *fprs[TRUST_KEYS_MAX];
	struct verify_role role =
		trust_role_at(&t->root, TRUST_TIMESTAMP, t->now_s, fprs);

	if (envelope_parse(text, &env, e) < 0)
		return distrust(e);
	if (strcmp(env.type, TRUST_TYPE_CURRENT) != 0)
		return err_set(e, ERR_UNTRUSTED, "a document of type '%s' is no current",
			env.type);
	if (open_verifier(&t->root, NULL, &v, e) < 0)
		return distrust(e);
	if (check_signatures(v, &role, TRUST_TYPE_CURRENT, env.payload, env.signature,
		    env.signature_count, t->now_s, e) < 0)
		return -1;
	if (current_parse(env.payload, out, e) < 0)
		return distrust(e);
	return 0;
}

int trust_look(
	const struct trust *t, struct bytes envelope, struct current *out, struct err *e)
{
	auto_current struct current c = { 0 };

	if (open_current(t, envelope, &c, e) < 0)
		return err_wrap(e, "not trusted: meta/2/current");
	if (strcmp(c.repo, t->root.repo) != 0)
		return err_set(e, ERR_UNTRUSTED,
			"not trusted: meta/2/current is of another repository");
	*out = c;
	memset(&c, 0, sizeof(c));
	return 0;
}

int trust_current(
	struct trust *t, struct bytes envelope, struct current *out, struct err *e)
{
	auto_current struct current c = { 0 };

	if (open_current(t, envelope, &c, e) < 0)
		return err_wrap(e, "not trusted: meta/2/current");
	if (check_freshness(t, &c, e) < 0)
		return err_wrap(e, "not trusted: meta/2/current");
	t->floors.seen_root = c.root_version;
	t->floors.version = c.version;
	t->floors.generation = c.generation;
	t->floors.created_s = c.created_s;
	if (floors_raise(t->state_fd, t->remote, &t->floors, e) < 0)
		return -1;
	*out = c;
	memset(&c, 0, sizeof(c));
	return 0;
}

/* ---- what current names */

int trust_object_check(const char *what, const struct digest *sha256, uint64_t size,
	struct bytes text, struct err *e)
{
	struct digest got;
	char want_hex[DIGEST_HEX], got_hex[DIGEST_HEX];

	if (text.len != size)
		return err_set(e, ERR_UNTRUSTED,
			"not trusted: %s has %zu bytes where %" PRIu64 " were signed for",
			what, text.len, size);
	got = digest_of(text);
	if (digest_equal(&got, sha256))
		return 0;
	digest_hex(sha256, want_hex);
	digest_hex(&got, got_hex);
	return err_set(e, ERR_UNTRUSTED,
		"not trusted: %s has sha256 %s where %s was signed for", what, got_hex,
		want_hex);
}

static int check_catalog(
	const struct trust *t, const struct current *c, struct bytes text, struct err *e)
{
	auto_verifier struct verifier *v = NULL;
	const char *fprs[TRUST_KEYS_MAX];
	struct verify_role role = trust_role_at(&t->root, TRUST_PUBLISH, t->now_s, fprs);

	if (open_verifier(&t->root, NULL, &v, e) < 0)
		return distrust(e);
	return check_signatures(v, &role, TRUST_TYPE_CATALOG, text, c->catalog_signature,
		c->catalog_signature_count, t->now_s, e);
}

int trust_catalog(const struct trust *t, const struct current *c, struct bytes text,
	struct catdoc *out, struct err *e)
{
	auto_catdoc struct catdoc catalog = { 0 };

	if (trust_object_check(
		    "the catalog", &c->catalog.sha256, c->catalog.size, text, e) < 0)
		return -1;
	if (check_catalog(t, c, text, e) < 0)
		return err_wrap(e, "not trusted: the catalog");
	if (catdoc_parse(text, &catalog, e) < 0) {
		distrust(e);
		return err_wrap(e, "not trusted: the catalog");
	}
	if (catalog.generation != c->generation)
		return err_set(e, ERR_UNTRUSTED,
			"not trusted: a catalog of generation %" PRId64
			" is named by a current of generation %" PRId64,
			catalog.generation, c->generation);
	*out = catalog;
	memset(&catalog, 0, sizeof(catalog));
	return 0;
}
