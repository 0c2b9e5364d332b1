#include "indexer/notary.h"

#include "indexer/clock.h"
#include "indexer/worker.h"
#include "lib/base/html.h"
#include "lib/model/catdoc.h"

#include <sys/stat.h>

#define PAE_MAX     (CATALOG_MAX + 256U)
#define BYTES_PER_S 20000000 /* what any disk and processor manage: for deadlines */

static int open_verifier(struct notary *n, struct err *e)
{
	struct bytes keys[TRUST_KEYS_MAX];

	for (size_t i = 0; i < n->root.key_count; i++)
		keys[i] = n->root.key[i].armor;
	return verifier_open(keys, n->root.key_count, &n->verifier, e);
}

static bool lists(const struct verify_role *role, const char *fpr)
{
	for (size_t i = 0; i < role->count; i++)
		if (strcmp(role->fprs[i], fpr) == 0)
			return true;
	return false;
}

/* Why does a key of ours not count now? */
static int refuse_key(const struct notary *n, const char *fpr, struct err *e)
{
	const struct trust_key *k = trust_root_key(&n->root, fpr);
	char now[HTML_TIME_MAX], then[HTML_TIME_MAX];

	html_time(n->now_s, now);
	if (k && n->now_s >= k->until_s) {
		html_time(k->until_s, then);
		return err_set(e, ERR_UNTRUSTED,
			"cannot sign: the key '%s' expired at %s, and the clock says %s: "
			"set the clock, or replace the key with 'rootyard-index key "
			"rotate'",
			fpr, then, now);
	}
	if (k && n->now_s < k->from_s) {
		html_time(k->from_s, then);
		return err_set(e, ERR_UNTRUSTED,
			"cannot sign: the key '%s' is not valid before %s, and the clock "
			"says %s: set the clock",
			fpr, then, now);
	}
	return err_set(e, ERR_UNTRUSTED,
		"cannot sign: root version %lld does not trust the key '%s'; see "
		"'rootyard-index key list'",
		(long long)n->root.version, fpr);
}

static int check_key(const struct notary *n, const struct yard *y,
	const struct verify_role *role, const char *fpr, struct err *e)
{
	if (!lists(role, fpr))
		return refuse_key(n, fpr, e);
	if (!signer_has(n->signer, fpr))
		return err_set(e, ERR_NOTFOUND, "cannot find the secret key '%s' in '%s'",
			fpr, y->gnupg);
	return 0;
}

/* asc_fpr: "" for the current publish key */
static int open_signer(const struct yard *y, unsigned int flags, const char *asc_fpr,
	struct notary *n, struct err *e)
{
	struct catalog_key publish, timestamp;
	int rc = catalog_key_find(y->catalog, "publish", "current", &publish, e);

	if (rc < 0)
		return -1;
	if (clock_check(y, e) < 0)
		return err_wrap(e, "cannot sign");
	if (rc == 0)
		return err_set(
			e, ERR_DAMAGED, "cannot sign: the catalog names no publish key");
	rc = catalog_key_find(y->catalog, "timestamp", "current", &timestamp, e);
	if (rc < 0 || signer_open(y->gnupg, "", &n->signer, e) < 0)
		return -1;
	snprintf(
		n->asc_fpr, sizeof(n->asc_fpr), "%s", asc_fpr[0] ? asc_fpr : publish.fpr);
	if (check_key(n, y, &n->publish, n->asc_fpr, e) < 0)
		return -1;
	if (asc_fpr[0])
		return 0;
	if (check_key(n, y, &n->timestamp, rc ? timestamp.fpr : publish.fpr, e) < 0)
		return -1;
	if (flags & NOTARY_FRESH && clock_check_fresh(y, e) < 0)
		return err_wrap(e, "cannot sign");
	return 0;
}

static int open_notary(const struct yard *y, unsigned int flags, const char *asc_fpr,
	struct notary *n, struct err *e)
{
	*n = (struct notary){ .now_s = y->now_s };
	if (yard_read_root(y, &n->root, e) < 0)
		return -1;
	n->publish = trust_role_at(&n->root, TRUST_PUBLISH, n->now_s, n->publish_fpr);
	n->timestamp =
		trust_role_at(&n->root, TRUST_TIMESTAMP, n->now_s, n->timestamp_fpr);
	if ((flags & NOTARY_SIGN && open_signer(y, flags, asc_fpr, n, e) < 0) ||
		open_verifier(n, e) < 0) {
		notary_close(n);
		return -1;
	}
	return 0;
}

int notary_open(const struct yard *y, unsigned int flags, struct notary *n, struct err *e)
{
	return open_notary(y, flags, "", n, e);
}

int notary_open_as(const struct yard *y, const char *fpr, struct notary *n, struct err *e)
{
	return open_notary(y, NOTARY_SIGN, fpr, n, e);
}

void notary_close(struct notary *n)
{
	signer_close(&n->signer);
	verifier_close(&n->verifier);
	trust_root_release(&n->root);
}

static int check_notation(struct notary *n, const char *path, struct err *e)
{
	const char *said = verify_notation(n->verifier);

	if (strcmp(said, path) != 0)
		return err_set(e, ERR_UNTRUSTED,
			"the signature of '%s' was made for '%s'", path,
			said[0] ? said : "no path");
	return 0;
}

int notary_check(struct notary *n, struct bytes data, struct bytes asc, const char *path,
	struct err *e)
{
	if (verify_detached(n->verifier, &n->publish, data, asc, n->now_s, e) < 0)
		return err_wrap(e, "'%s.asc'", path);
	return check_notation(n, path, e);
}

int notary_check_fd(
	struct notary *n, int fd, struct bytes asc, const char *path, struct err *e)
{
	if (verify_detached_fd(n->verifier, &n->publish, fd, asc, n->now_s, e) < 0)
		return err_wrap(e, "'%s.asc'", path);
	return check_notation(n, path, e);
}

int notary_check_clearsigned(struct notary *n, struct bytes message, const char *path,
	struct buf *text, struct err *e)
{
	if (verify_clearsigned(n->verifier, &n->publish, message, n->now_s, text, e) < 0)
		return err_wrap(e, "'%s'", path);
	return check_notation(n, path, e);
}

int notary_check_message(struct notary *n, struct bytes message, const char *path,
	struct buf *text, struct err *e)
{
	if (verify_clearsigned(n->verifier, &n->publish, message, n->now_s, text, e) < 0)
		return err_wrap(e, "'%s'", path);
	return 0;
}

/* ---- .asc */

struct signing {
	struct notary *notary;
	struct notary_job *job;
};

/* A file that rotted must not get a good signature. */
static int check_content(const struct notary_job *job, struct err *e)
{
	struct digest have;
	uint64_t size;

	if (lseek(job->fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot read '%s'", job->path);
	if (digest_of_fd(job->fd, job->path, &have, &size, e) < 0)
		return -1;
	if (!digest_equal(&have, job->want))
		return err_set(e, ERR_DAMAGED,
			"'%s' is not what the catalog says: see 'rootyard-index fsck'",
			job->path);
	return 0;
}

static int sign_one(size_t i, void *ctx, struct buf *out, struct err *e)
{
	struct signing *s = ctx;
	struct notary_job *job = &s->job[i];
	struct notary *n = s->notary;
	int rc;

	if (job->want && check_content(job, e) < 0)
		return -1;

	rc = job->fd >= 0
		     ? signer_sign_fd(n->signer, n->asc_fpr, job->fd, job->path, out, e)
		     : signer_sign(n->signer, n->asc_fpr, job->data, job->path, out, e);
	if (rc < 0)
		return err_wrap(e, "'%s'", job->path);
	if (job->is_read_back)
		return 0;
	if (job->fd >= 0)
		return notary_check_fd(n, job->fd, buf_bytes(out), job->path, e);
	return notary_check(n, job->data, buf_bytes(out), job->path, e);
}

static int take_asc(size_t i, struct bytes result, void *ctx, struct err *e)
{
	struct signing *s = ctx;

	buf_add(&s->job[i].asc, result.data, result.len);
	return buf_check(&s->job[i].asc, s->job[i].path, e);
}

/* A file is read up to three times: compared, signed, checked. */
static int limit_of(size_t i, void *ctx)
{
	const struct signing *s = ctx;
	struct stat st;

	if (s->job[i].fd < 0 || fstat(s->job[i].fd, &st) < 0)
		return WORKER_LIMIT_S;
	return WORKER_LIMIT_S + (int)(3 * st.st_size / BYTES_PER_S);
}

int notary_sign(struct notary *n, struct notary_job *job, size_t count, struct err *e)
{
	static const struct worker_ops ops = { .what = "sign",
		.result_max = SIGNATURE_MAX,
		.work = sign_one,
		.done = take_asc,
		.limit_s = limit_of };
	struct signing s = { .notary = n, .job = job };

	return worker_run(0, count, &ops, &s, e);
}

struct clearing {
	struct notary *notary;
	struct bytes text;
	const char *path;
	struct buf *out;
};

static int clear_one(size_t i, void *ctx, struct buf *out, struct err *e)
{
	struct clearing *c = ctx;
	auto_buf struct buf back = BUF_INIT(c->text.len);

	(void)i;
	if (signer_clearsign(
		    c->notary->signer, c->notary->asc_fpr, c->text, c->path, out, e) < 0)
		return err_wrap(e, "'%s'", c->path);
	if (notary_check_clearsigned(c->notary, buf_bytes(out), c->path, &back, e) < 0)
		return -1;
	if (!bytes_equal(buf_bytes(&back), c->text))
		return err_set(
			e, ERR_FAILED, "gpg changed '%s' while signing it", c->path);
	return 0;
}

static int take_clear(size_t i, struct bytes result, void *ctx, struct err *e)
{
	struct clearing *c = ctx;

	(void)i;
	buf_add(c->out, result.data, result.len);
	return buf_check(c->out, c->path, e);
}

int notary_clearsign(struct notary *n, struct bytes text, const char *path,
	struct buf *out, struct err *e)
{
	const struct worker_ops ops = { .what = "sign",
		.result_max = out->ceiling,
		.work = clear_one,
		.done = take_clear };
	struct clearing c = { .notary = n, .text = text, .path = path, .out = out };

	return worker_run(1, 1, &ops, &c, e);
}

/* ---- envelopes */

struct sealing {
	struct notary *notary;
	struct bytes pae;
	struct arena *arena;
	struct trust_signature *sig;
};

static int seal_one(size_t i, void *ctx, struct buf *out, struct err *e)
{
	struct sealing *s = ctx;

	return signer_sign_binary(s->notary->signer, s->sig[i].fpr, s->pae, out, e);
}

static int take_seal(size_t i, struct bytes result, void *ctx, struct err *e)
{
	struct sealing *s = ctx;
	char *copy = arena_strndup(s->arena, (const char *)result.data, result.len);

	(void)e;
	s->sig[i].sig = bytes_of(copy, result.len);
	return 0;
}

/* The role's keys whose secret half is here, in the order of the root. */
static void add_keys(const struct notary *n, const struct verify_role *role,
	struct trust_signature *sigs, size_t *count)
{
	for (size_t i = 0; i < role->count && *count < TRUST_KEYS_MAX; i++) {
		bool there = !signer_has(n->signer, role->fprs[i]);

		for (size_t k = 0; k < *count; k++)
			there = there || strcmp(sigs[k].fpr, role->fprs[i]) == 0;
		if (!there)
			snprintf(sigs[(*count)++].fpr, FPR_MAX, "%s", role->fprs[i]);
	}
}

int notary_sign_pae(struct notary *n, enum trust_role_name role, const char *type,
	struct bytes body, struct arena *a, struct trust_signature sigs[TRUST_KEYS_MAX],
	size_t *count, struct err *e)
{
	static const struct worker_ops ops = { .what = "sign",
		.result_max = SIGNATURE_MAX,
		.work = seal_one,
		.done = take_seal };
	auto_buf struct buf pae = BUF_INIT(PAE_MAX);
	struct sealing s = { .notary = n, .arena = a, .sig = sigs };

	trust_pae(type, body, &pae);
	if (buf_check(&pae, type, e) < 0)
		return -1;
	s.pae = buf_bytes(&pae);
	*count = 0;
	add_keys(n, role == TRUST_PUBLISH ? &n->publish : &n->timestamp, sigs, count);
	if (n->also) {
		const char *fprs[TRUST_KEYS_MAX];
		struct verify_role next = trust_role_at(n->also, role, n->now_s, fprs);

		add_keys(n, &next, sigs, count);
	}
	return worker_run(0, *count, &ops, &s, e);
}

int notary_check_pae(struct notary *n, const struct verify_role *role, const char *type,
	struct bytes body, const struct trust_signature *sigs, size_t count,
	struct err *e)
{
	auto_buf struct buf pae = BUF_INIT(PAE_MAX);
	struct bytes sig[TRUST_KEYS_MAX];

	trust_pae(type, body, &pae);
	if (buf_check(&pae, type, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		sig[i] = sigs[i].sig;
	return verify_detached_all(
		n->verifier, role, buf_bytes(&pae), sig, count, n->now_s, e);
}
