#include "indexer/publish.h"

#include "indexer/emit.h"
#include "indexer/inode.h"
#include "indexer/pages.h"
#include "indexer/stage.h"
#include "indexer/write.h"
#include "indexer/write_staged.h"
#include "lib/base/fs.h"

#define KEEP_GENERATIONS 3
#define KEEP_S           3600
#define LIVE_TEMP        ".live.tmp"

/* P5: the one visible step. */
static int switch_to(struct yard *y, int64_t number, struct err *e)
{
	char target[64];

	snprintf(target, sizeof(target), "%s/%lld", LAYOUT_GEN, (long long)number);
	if (unlinkat(y->public_fd, LIVE_TEMP, 0) < 0 && errno != ENOENT)
		return err_sys(e, "cannot remove '%s/%s'", YARD_PUBLIC, LIVE_TEMP);
	if (symlinkat(target, y->public_fd, LIVE_TEMP) < 0 ||
		renameat(y->public_fd, LIVE_TEMP, y->public_fd, LAYOUT_LIVE) < 0)
		return err_sys(e, "cannot switch '%s/%s' to '%s'", YARD_PUBLIC,
			LAYOUT_LIVE, target);
	return fs_sync(y->public_fd, YARD_PUBLIC, e);
}

/* The answer of a key server: follows the newest root, so it is looked at each time. */
static int write_lookup(struct yard *y, const struct trust_root *root, struct err *e)
{
	auto_buf struct buf want = BUF_INIT(TRUST_DOC_MAX),
			    have = BUF_INIT(TRUST_DOC_MAX);
	struct err absent;

	emit_lookup(root, &want);
	if (fs_read_at(y->public_fd, LAYOUT_LOOKUP, &have, &absent) == 0 &&
		bytes_equal(buf_bytes(&want), buf_bytes(&have)))
		return 0;
	if (fs_mkdirs(y->public_fd, "pks", 0755, e) < 0 ||
		inode_replace(y->staging_fd, y->public_fd, LAYOUT_LOOKUP,
			buf_bytes(&want), e) < 0)
		return -1;
	return fs_sync_dir_at(y->public_fd, LAYOUT_LOOKUP, e);
}

/* Runs `change` in a transaction of its own. */
static int in_transaction(struct catalog *c,
	int (*change)(struct catalog *c, int64_t number, struct err *e), int64_t number,
	struct err *e)
{
	if (catalog_begin(c, e) < 0)
		return -1;
	if (change(c, number, e) < 0) {
		catalog_rollback(c);
		return -1;
	}
	return catalog_commit(c, e);
}

/* P6 */
static int mark_live(struct catalog *c, int64_t number, struct err *e)
{
	struct catalog_signing s;
	int rc = catalog_signing_find(c, "staged", &s, NULL, e);

	if (rc < 0 || (rc > 0 && catalog_signing_live(c, s.version, e) < 0) ||
		catalog_staged_clear(c, e) < 0)
		return -1;
	return catalog_generation_live(c, number, e);
}

struct old {
	int64_t number[64];
	size_t count, seen;
	int64_t now_s;
};

static int find_old(const struct catalog_generation *g, void *ctx, struct err *e)
{
	struct old *o = ctx;

	(void)e;
	if (o->seen++ < KEEP_GENERATIONS || strcmp(g->state, "superseded") != 0 ||
		o->now_s - g->created_s < KEEP_S || o->count == ARRAY_COUNT(o->number))
		return 0;
	o->number[o->count++] = g->number;
	return 0;
}

/* The row goes first: a directory without one is removed at the next start. */
int publish_drop(struct yard *y, int64_t number, struct err *e)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/%lld", LAYOUT_GEN, (long long)number);
	if (catalog_generation_drop(y->catalog, number, e) < 0)
		return -1;
	return fs_remove_tree(y->public_fd, path, e);
}

static int drop_old(struct yard *y, struct err *e)
{
	struct old o = { .now_s = y->now_s };

	if (catalog_generation_walk(y->catalog, find_old, &o, e) < 0)
		return -1;
	for (size_t i = 0; i < o.count; i++)
		if (publish_drop(y, o.number[i], e) < 0)
			return -1;
	return 0;
}

/* P4 to P6 for what is staged, from wherever it stopped. */
static int finish(struct yard *y, struct notary *n, int64_t number, struct err *e)
{
	int64_t live = 0;
	char path[64];

	snprintf(path, sizeof(path), "%s/%lld", LAYOUT_GEN, (long long)number);
	if (!fs_exists_at(y->public_fd, path) && write_generation(y, n, number, e) < 0)
		return -1;
	if (yard_live(y, &live, e) < 0)
		return -1;
	if (write_lookup(y, &n->root, e) < 0 ||
		(live != number && (write_staged(y, STAGED_BEFORE, e) < 0 ||
					   switch_to(y, number, e) < 0)))
		return -1;
	if (write_staged(y, STAGED_AFTER, e) < 0 || pages_write(y, e) < 0)
		return -1;
	if (in_transaction(y->catalog, mark_live, number, e) < 0)
		return -1;
	return drop_old(y, e);
}

int publish_run(struct yard *y, struct notary *n, struct plan *plan, struct err *e)
{
	if (stage_generation(y, n, plan, e) < 0)
		return -1;
	return finish(y, n, plan->generation, e);
}

int publish_resume(struct yard *y, int64_t *number, struct err *e)
{
	struct catalog_generation g;
	auto_notary struct notary n = { 0 };
	int rc = catalog_generation_find(y->catalog, "staged", &g, e);

	if (rc <= 0)
		return rc;
	if (notary_open(y, 0, &n, e) < 0 || finish(y, &n, g.number, e) < 0)
		return err_wrap(e, "cannot finish generation %lld", (long long)g.number);
	*number = g.number;
	return 1;
}

static int write_current(struct yard *y, struct err *e)
{
	auto_buf struct buf envelope = BUF_INIT(TRUST_DOC_MAX);
	struct catalog_signing s;
	char path[LAYOUT_PATH_MAX];

	if (catalog_signing_find(y->catalog, "staged", &s, &envelope, e) < 0 ||
		buf_check(&envelope, "current", e) < 0)
		return -1;
	yard_gen_path(s.generation, LAYOUT_CURRENT, path);
	if (inode_replace(y->staging_fd, y->public_fd, path, buf_bytes(&envelope), e) < 0)
		return -1;
	return fs_sync_dir_at(y->public_fd, path, e);
}

static int mark_signed(struct catalog *c, int64_t version, struct err *e)
{
	return catalog_signing_live(c, version, e);
}

static int finish_refresh(struct yard *y, struct notary *n, int64_t version,
	int64_t generation, struct err *e)
{
	char base[64];

	if (write_lookup(y, &n->root, e) < 0 || write_documents(y, e) < 0 ||
		write_current(y, e) < 0 ||
		in_transaction(y->catalog, mark_signed, version, e) < 0)
		return -1;
	snprintf(base, sizeof(base), "%s/%lld", LAYOUT_GEN, (long long)generation);
	return write_check(y, n, base, e);
}

/* The catalog itself stays; keys of a coming root sign it as well. */
static int sign_catalog(
	struct yard *y, struct notary *n, struct current *c, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(CATALOG_MAX);

	if (!n->also)
		return 0;
	if (fs_read_at(y->public_fd, c->catalog.path, &text, e) < 0)
		return -1;
	return notary_sign_pae(n, TRUST_PUBLISH, TRUST_TYPE_CATALOG, buf_bytes(&text),
		&c->arena, c->catalog_signature, &c->catalog_signature_count, e);
}

static int stage_refresh(
	struct yard *y, struct notary *n, struct current *c, struct err *e)
{
	struct catalog_signing last;
	char prev[DIGEST_HEX];
	int rc = catalog_signing_find(y->catalog, "live", &last, NULL, e);

	if (rc == 0)
		return err_set(
			e, ERR_DAMAGED, "the catalog knows no version of `current`");
	if (rc < 0)
		return -1;
	digest_hex(&last.payload, prev);
	c->version = last.version + 1;
	c->created_s = y->now_s;
	c->expires_s = y->now_s + (int64_t)EMIT_CURRENT_DAYS * DAY_S;
	c->root_version = n->root.version;
	c->prev_sha256 = prev;
	rc = sign_catalog(y, n, c, e);
	if (rc == 0)
		rc = stage_current(y, n, c, e);
	c->prev_sha256 = "";
	return rc;
}

int publish_refresh(
	struct yard *y, struct notary *n, struct catalog_signing *out, struct err *e)
{
	auto_envelope struct envelope v = { 0 };
	struct current c = { 0 };
	int64_t live;
	int rc = yard_live(y, &live, e);

	if (rc > 0)
		rc = yard_read_current(y, live, &v, &c, e);
	if (rc == 0)
		return err_set(
			e, ERR_NOTFOUND, "cannot refresh: nothing was published yet");
	if (rc < 0)
		return -1;

	rc = catalog_begin(y->catalog, e);
	if (rc == 0) {
		rc = stage_refresh(y, n, &c, e);
		if (rc == 0)
			rc = catalog_commit(y->catalog, e);
		else
			catalog_rollback(y->catalog);
	}
	*out = (struct catalog_signing){ .version = c.version,
		.generation = live,
		.created_s = c.created_s,
		.expires_s = c.expires_s };
	current_release(&c);
	if (rc < 0)
		return -1;
	return finish_refresh(y, n, out->version, live, e);
}

int publish_refresh_resume(struct yard *y, int64_t *version, struct err *e)
{
	auto_notary struct notary n = { 0 };
	struct catalog_signing s;
	int rc = catalog_signing_find(y->catalog, "staged", &s, NULL, e);

	if (rc <= 0)
		return rc;
	if (notary_open(y, 0, &n, e) < 0 ||
		finish_refresh(y, &n, s.version, s.generation, e) < 0)
		return err_wrap(e, "cannot finish version %lld of `current`",
			(long long)s.version);
	*version = s.version;
	return 1;
}
