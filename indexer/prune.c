#include "indexer/prune.h"

#include "indexer/catalog_keep.h"
#include "indexer/catalog_oci.h"
#include "indexer/emit.h"
#include "indexer/publish.h"
#include "lib/base/fs.h"

#define SIGNINGS_DAYS 90 /* payloads of `current` stay as long */

void prune_release(struct prune *p)
{
	free(p->build);
	p->build = NULL;
}

/* ---- deciding */

struct planning {
	struct prune *prune;
	struct yard *yard;
	int64_t live;
};

static int take(const struct catalog_build *b, void *ctx, struct err *e)
{
	struct planning *p = ctx;
	struct prune *out = p->prune;
	struct prune_build *slot;

	if (out->count == out->room) {
		out->room = out->room ? out->room * 2 : 256;
		out->build = xrealloc(out->build, out->room * sizeof(*out->build));
	}
	slot = &out->build[out->count++];
	*slot = (struct prune_build){
		.id = b->id,
		.left_generation = b->left_generation,
		.image = b->image,
		.rule = { .state = strcmp(b->state, "active") == 0 ? "active"
				   : strcmp(b->state, "held") == 0 ? "held"
								   : "withdrawn",
			.is_tested = strcmp(b->tested, "passed") == 0,
			.is_pinned = b->is_pinned,
			.admitted_s = b->admitted_s,
			.left_s = b->left_s,
			.is_listed =
				b->left_s && b->left_generation >= p->live && p->live },
	};
	memcpy(slot->serial, b->serial, sizeof(slot->serial));
	if (!b->left_s)
		return 0;
	return catalog_expiry_until(
		p->yard->catalog, b->left_generation, &slot->rule.named_until_s, e);
}

/* eol or deprecated, by the newest build that is offered */
static bool is_over(struct planning *p, const struct prune_build *b, size_t count)
{
	struct catalog_image i = { .image = b->image };

	for (size_t k = 0; k < count; k++)
		if (strcmp(b[k].rule.state, "active") == 0) {
			struct err ignored;

			if (serial_to_time(b[k].serial, &i.created_s, &ignored) < 0)
				return false;
			return strcmp(emit_image_state(
					      &p->yard->site, &i, p->yard->now_s),
				       "active") != 0;
		}
	return false;
}

static void decide_image(struct planning *p, struct prune_build *b, size_t count)
{
	auto_free struct retention_build *rule = xcalloc(count, sizeof(*rule));
	const struct retention_rule *r =
		retention_find(&p->yard->site.retention, &b->image);

	for (size_t i = 0; i < count; i++)
		rule[i] = b[i].rule;
	retention_decide(r, is_over(p, b, count), rule, count, p->yard->now_s);
	for (size_t i = 0; i < count; i++)
		b[i].rule = rule[i];
}

static int weigh(struct planning *p, struct prune_build *b, struct err *e)
{
	struct prune *out = p->prune;
	enum fate fate = b->rule.fate;

	out->retires += fate == FATE_RETIRES;
	out->waits += fate == FATE_WAITS;
	out->goes += fate == FATE_GOES;
	if (fate < FATE_RETIRES)
		return 0;
	return catalog_build_bytes(p->yard->catalog, b->id, &b->bytes, &b->own_bytes, e);
}

static int count_document(
	const struct digest *sha256, uint64_t size, void *ctx, struct err *e)
{
	struct prune *p = ctx;

	(void)sha256;
	(void)e;
	p->documents++;
	p->doc_bytes += size;
	return 0;
}

/* An image's documents outlive their last mention as long as any of its files would. */
static int64_t documents_before(const struct yard *y)
{
	return y->now_s - y->site.retention.all.grace_days * DAY_S;
}

int prune_plan(struct yard *y, struct prune *out, struct err *e)
{
	auto_prune struct prune prune = { 0 };
	struct planning p = { .prune = &prune, .yard = y };
	size_t first = 0;

	if (yard_live(y, &p.live, e) < 0 ||
		catalog_build_walk(y->catalog, NULL, take, &p, e) < 0)
		return -1;
	for (size_t i = 1; i <= prune.count; i++) {
		if (i < prune.count &&
			image_equal(&prune.build[i].image, &prune.build[first].image))
			continue;
		decide_image(&p, &prune.build[first], i - first);
		first = i;
	}
	for (size_t i = 0; i < prune.count; i++)
		if (weigh(&p, &prune.build[i], e) < 0)
			return -1;
	for (size_t i = 0; i < prune.count; i++)
		if (prune.build[i].rule.fate == FATE_GOES)
			prune.freed += prune.build[i].own_bytes;
	if (catalog_document_walk_unused(
		    y->catalog, documents_before(y), count_document, &prune, e) < 0)
		return -1;
	*out = prune;
	prune = (struct prune){ 0 };
	return 0;
}

/* ---- leaving */

static int retire_one(
	struct yard *y, const struct prune_build *b, int64_t live, struct err *e)
{
	char name[IMAGE_NAME_MAX];
	struct catalog_event v = { .at_s = y->now_s,
		.kind = "retired",
		.image = name,
		.serial = b->serial,
		.message = "" };

	image_format(&b->image, name);
	if (catalog_build_withdraw(y->catalog, b->id, true, y->now_s, live, e) < 0)
		return -1;
	return catalog_event_add(y->catalog, &v, e) < 0 ? -1 : 0;
}

int prune_retire(struct yard *y, const struct prune *p, struct err *e)
{
	int64_t live = 0;
	int rc = 0;

	if (!p->retires)
		return 0;
	if (yard_live(y, &live, e) < 0 || catalog_begin(y->catalog, e) < 0)
		return -1;
	for (size_t i = 0; i < p->count && rc == 0; i++)
		if (p->build[i].rule.fate == FATE_RETIRES)
			rc = retire_one(y, &p->build[i], live, e);
	if (rc == 0)
		return catalog_commit(y->catalog, e);
	catalog_rollback(y->catalog);
	return -1;
}

/* ---- going */

/* What is to be removed: noted in the catalog first, then done. */
struct removal {
	struct yard *yard;
	struct arena arena;
	const char **path;
	size_t count, room;
};

static int intend(struct removal *r, const char *path, struct err *e)
{
	if (r->count == r->room) {
		r->room = r->room ? r->room * 2 : 64;
		r->path = xrealloc(r->path, r->room * sizeof(*r->path));
	}
	r->path[r->count++] = arena_strdup(&r->arena, path);
	return catalog_intent_put(r->yard->catalog, path, e);
}

static void removal_release(struct removal *r)
{
	free(r->path);
	arena_release(&r->arena);
}

static int remove_paths(struct removal *r, struct err *e)
{
	for (size_t i = 0; i < r->count; i++)
		if (fs_remove_tree(r->yard->public_fd, r->path[i], e) < 0)
			return -1;
	/* an intent whose path is back after a power cut is undone again at the start;
	 * without the intent nobody would: the directories first */
	for (size_t i = 0; i < r->count; i++) {
		char *slash = NULL;
		auto_free char *dir = xstrdup(r->path[i]);
		auto_fd int fd = -1;
		struct err ignored;

		slash = strrchr(dir, '/');
		if (slash)
			*slash = '\0';
		fd = fs_open_dir_at(r->yard->public_fd, dir, &ignored);
		if (fd >= 0 && fs_sync(fd, dir, e) < 0)
			return -1;
	}
	return catalog_intent_clear(r->yard->catalog, e);
}

static int intend_oci(const struct catalog_oci *o, void *ctx, struct err *e)
{
	char path[OCI_PATHS_MAX][LAYOUT_PATH_MAX];
	size_t count = oci_paths(o, path);

	for (size_t i = 0; i < count; i++)
		if (intend(ctx, path[i], e) < 0)
			return -1;
	return 0;
}

static int forget(struct removal *r, const struct prune_build *b, struct err *e)
{
	struct catalog *c = r->yard->catalog;
	char path[LAYOUT_PATH_MAX], name[IMAGE_NAME_MAX];
	struct catalog_event v = { .at_s = r->yard->now_s,
		.kind = "removed",
		.image = name,
		.serial = b->serial,
		.message = "" };

	image_format(&b->image, name);
	layout_build(&b->image, b->serial, path);
	if (intend(r, path, e) < 0 ||
		catalog_oci_walk_own(c, b->id, intend_oci, r, e) < 0 ||
		catalog_build_drop(c, b->id, e) < 0)
		return -1;
	return catalog_event_add(c, &v, e) < 0 ? -1 : 0;
}

struct numbers {
	int64_t number[64];
	size_t count;
};

static int take_number(int64_t generation, void *ctx, struct err *e)
{
	struct numbers *n = ctx;

	(void)e;
	if (n->count < ARRAY_COUNT(n->number))
		n->number[n->count++] = generation;
	return 0;
}

/* Old generations that still name it: past every expiry, nobody reads them. */
static int drop_generations(struct yard *y, int64_t build, struct err *e)
{
	struct numbers n = { .count = 0 };

	if (catalog_build_walk_generations(y->catalog, build, take_number, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n.count; i++)
		if (publish_drop(y, n.number[i], e) < 0)
			return -1;
	return 0;
}

static int remove_build(struct yard *y, const struct prune_build *b, struct err *e)
{
	struct removal r = { .yard = y };
	int rc;

	if (drop_generations(y, b->id, e) < 0 || catalog_begin(y->catalog, e) < 0)
		return -1;
	rc = forget(&r, b, e);
	if (rc == 0)
		rc = catalog_commit(y->catalog, e);
	else
		catalog_rollback(y->catalog);
	if (rc == 0)
		rc = remove_paths(&r, e);
	removal_release(&r);
	return rc;
}

static int intend_document(
	const struct digest *sha256, uint64_t size, void *ctx, struct err *e)
{
	char path[LAYOUT_PATH_MAX], companion[LAYOUT_PATH_MAX + 4];

	(void)size;
	layout_object(sha256, path);
	snprintf(companion, sizeof(companion), "%s.zst", path);
	if (intend(ctx, path, e) < 0)
		return -1;
	return intend(ctx, companion, e);
}

static int sweep(struct removal *r, struct err *e)
{
	struct yard *y = r->yard;
	int64_t before = documents_before(y);

	if (catalog_signing_sweep(
		    y->catalog, y->now_s - (int64_t)SIGNINGS_DAYS * DAY_S, e) < 0 ||
		catalog_document_mark(y->catalog, y->now_s, e) < 0 ||
		catalog_document_walk_unused(y->catalog, before, intend_document, r, e) <
			0 ||
		catalog_document_drop_unused(y->catalog, before, e) < 0)
		return -1;
	return catalog_packages_sweep(y->catalog, e);
}

static int remove_documents(struct yard *y, struct err *e)
{
	struct removal r = { .yard = y };
	int rc;

	if (catalog_begin(y->catalog, e) < 0)
		return -1;
	rc = sweep(&r, e);
	if (rc == 0)
		rc = catalog_commit(y->catalog, e);
	else
		catalog_rollback(y->catalog);
	if (rc == 0)
		rc = remove_paths(&r, e);
	removal_release(&r);
	return rc;
}

int prune_remove(struct yard *y, struct prune *p, struct err *e)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->build[i].rule.fate == FATE_GOES &&
			remove_build(y, &p->build[i], e) < 0)
			return -1;
	return remove_documents(y, e);
}
