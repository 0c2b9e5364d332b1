#include "indexer/fsck.h"

#include "indexer/emit.h"
#include "indexer/proposal.h"
#include "lib/base/fs.h"

struct chain {
	struct fsck *f;
	struct digest last;
	int64_t version, generation;
};

static void check_link(struct chain *c, const struct catalog_signing *s,
	const struct current *now, const char *path)
{
	char want[DIGEST_HEX] = "";

	if (c->version)
		digest_hex(&c->last, want);
	/* the ones before the oldest were pruned */
	if (c->version + 1 == s->version && strcmp(now->prev_sha256, want) != 0)
		fsck_find(c->f, "F10", path,
			"untrusted: does not follow version %lld; restore it from a "
			"mirror",
			(long long)c->version);
	if (now->version != s->version || now->generation != s->generation)
		fsck_find(c->f, "F10", path,
			"untrusted: is version %lld of generation %lld, not %lld of "
			"%lld; restore "
			"it from a mirror",
			(long long)now->version, (long long)now->generation,
			(long long)s->version, (long long)s->generation);
}

static int check_signing(const struct catalog_signing *s, void *ctx, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(TRUST_DOC_MAX);
	struct chain *c = ctx;
	struct current now = { 0 };
	char path[LAYOUT_PATH_MAX];
	struct err why;

	(void)e;
	if ((c->version && s->version != c->version + 1) || s->generation < c->generation)
		fsck_find(c->f, "F15", CATALOG_NAME,
			"version %lld of generation %lld follows version %lld of "
			"generation %lld; "
			"restore the catalog from a backup",
			(long long)s->version, (long long)s->generation,
			(long long)c->version, (long long)c->generation);
	layout_object(&s->payload, path);
	/* staged: not on disk yet */
	if (fs_exists_at(c->f->yard->public_fd, path)) {
		if (fs_read_at(c->f->yard->public_fd, path, &text, &why) < 0 ||
			current_parse(buf_bytes(&text), &now, &why) < 0)
			fsck_find(c->f, "F10", path, "%s; restore it from a mirror",
				why.text);
		else
			check_link(c, s, &now, path);
	}
	current_release(&now);
	c->version = s->version;
	c->generation = s->generation;
	c->last = s->payload;
	return 0;
}

int fsck_chain(struct fsck *f, struct err *e)
{
	struct chain c = { .f = f };

	return catalog_signing_walk(f->yard->catalog, check_signing, &c, e);
}

static void check_root(struct fsck *f, const struct envelope *v,
	const struct trust_root *now, const struct trust_root *before, int64_t version,
	const char *path)
{
	struct err e;

	if (strcmp(v->type, TRUST_TYPE_ROOT) != 0 || now->version != version)
		fsck_find(f, "F11", path,
			"untrusted: is not root version %lld; restore it from a mirror",
			(long long)version);
	if (strcmp(now->repo, f->yard->facts.repo) != 0)
		fsck_find(f, "F11", path,
			"untrusted: is of another repository; restore it from a mirror");
	if (f->quick)
		return;
	if (root_check_signed(v, now, f->yard->now_s, &e) < 0 ||
		(before && root_check_signed(v, before, f->yard->now_s, &e) < 0))
		fsck_find(f, "F11", path, "untrusted: %s; restore it from a mirror",
			e.text);
}

static void check_keys(struct fsck *f, const struct trust_root *r)
{
	for (size_t i = 0; i < r->role[TRUST_PUBLISH].count; i++) {
		auto_buf struct buf text = BUF_INIT(VERIFY_KEY_MAX);
		const char *fpr = r->role[TRUST_PUBLISH].fpr[i];
		char path[LAYOUT_PATH_MAX], have[FPR_MAX];
		struct err e;

		snprintf(path, sizeof(path), "keys/%s.asc", fpr);
		if (fs_read_at(f->yard->public_fd, path, &text, &e) < 0 ||
			verify_key_fingerprint(buf_bytes(&text), have, &e) < 0)
			fsck_find(f, "F11", path, "%s; export the key again", e.text);
		else if (strcmp(have, fpr) != 0)
			fsck_find(f, "F11", path,
				"untrusted: holds another key; export the key again");
	}
}

static void check_lookup(struct fsck *f, const struct trust_root *r)
{
	auto_buf struct buf want = BUF_INIT(TRUST_DOC_MAX),
			    have = BUF_INIT(TRUST_DOC_MAX);
	struct err e;

	if (!f->live)
		return;
	emit_lookup(r, &want);
	if (fs_read_at(f->yard->public_fd, LAYOUT_LOOKUP, &have, &e) < 0)
		fsck_find(f, "F11", LAYOUT_LOOKUP, "%s; run 'refresh'", e.text);
	else if (!bytes_equal(buf_bytes(&want), buf_bytes(&have)))
		fsck_find(f, "F11", LAYOUT_LOOKUP,
			"untrusted: is not the keys of the newest root; run 'refresh'");
}

int fsck_roots(struct fsck *f, struct err *e)
{
	struct trust_root before = { 0 }, now = { 0 };
	int64_t version;

	(void)e;
	for (version = 1;; version++) {
		auto_envelope struct envelope v = { 0 };
		char path[LAYOUT_PATH_MAX];
		struct err why;
		int rc = yard_read_root_version(f->yard, version, &v, &now, &why);

		layout_root(version, path);
		if (rc == 0)
			break;
		if (rc < 0) {
			fsck_find(f, "F11", path,
				"untrusted: %s; restore it from a mirror", why.text);
			break;
		}
		check_root(f, &v, &now, version > 1 ? &before : NULL, version, path);
		trust_root_release(&before);
		before = now;
		now = (struct trust_root){ 0 };
	}
	if (version == 1 && !fs_exists_at(f->yard->public_fd, "trust/root.1"))
		fsck_find(
			f, "F11", "trust/root.1", "is missing; restore it from a mirror");
	check_keys(f, &before);
	check_lookup(f, &before);
	trust_root_release(&before);
	trust_root_release(&now);
	return 0;
}
