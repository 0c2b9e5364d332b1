#include "indexer/recover.h"

#include "indexer/keys.h"
#include "indexer/publish.h"
#include "lib/base/fs.h"

#define LIVE_TEMP ".live.tmp"

struct recovery {
	struct yard *yard;
	struct recovered *out;
};

static int remove_all(struct recovery *r, int dir_fd, const char *dir, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(dir_fd, dir, &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		if (fs_remove_tree(dir_fd, names.name[i], e) < 0)
			return -1;
		r->out->removed++;
	}
	return 0;
}

static int undo_switch(struct recovery *r, struct err *e)
{
	if (unlinkat(r->yard->public_fd, LIVE_TEMP, 0) == 0)
		r->out->removed++;
	else if (errno != ENOENT)
		return err_sys(e, "cannot remove '%s/%s'", YARD_PUBLIC, LIVE_TEMP);
	return 0;
}

/* "images/d/r/a/v/SERIAL" -> is there a row? */
static int find_build(struct yard *y, const char *path, int64_t *id, struct err *e)
{
	const char *slash = strrchr(path, '/'), *name = strchr(path, '/');
	char text[IMAGE_NAME_MAX];
	struct image image;

	if (!slash || slash <= name || (size_t)(slash - name) > sizeof(text))
		return err_set(e, ERR_DAMAGED,
			"the catalog intends '%s', which is no build", path);
	snprintf(text, sizeof(text), "%.*s", (int)(slash - name - 1), name + 1);
	if (image_parse(text, &image, e) < 0)
		return -1;
	return catalog_build_find(y->catalog, &image, slash + 1, id, e);
}

/* A build, or a delta that joins one. */
static int is_admitted(struct yard *y, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char build[LAYOUT_PATH_MAX], serial[SERIAL_MAX];
	struct digest ignored;
	uint64_t size;
	int64_t id;
	int rc;

	if (!slash || !layout_delta_base(slash + 1, serial))
		return find_build(y, path, &id, e);
	snprintf(build, sizeof(build), "%.*s", (int)(slash - path), path);
	rc = find_build(y, build, &id, e);
	return rc <= 0 ? rc
		       : catalog_file_find(y->catalog, id, slash + 1, &ignored, &size, e);
}

/* What prune was taking away has no row any more; what add was bringing has none yet. */
static int is_known(struct yard *y, const char *path, struct err *e)
{
	struct digest d;
	uint64_t size;
	char hex[DIGEST_HEX];

	if (strncmp(path, "images/", 7) == 0)
		return is_admitted(y, path, e);
	if (strncmp(path, LAYOUT_OBJECTS "/", sizeof(LAYOUT_OBJECTS)) != 0)
		return 0;
	snprintf(hex, sizeof(hex), "%.64s", path + sizeof(LAYOUT_OBJECTS));
	if (digest_parse(hex, &d, e) < 0)
		return -1;
	return catalog_document_find(y->catalog, &d, &size, e);
}

static int undo_intent(const char *path, void *ctx, struct err *e)
{
	struct recovery *r = ctx;
	int rc = is_known(r->yard, path, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (!fs_exists_at(r->yard->public_fd, path))
		return 0;
	if (fs_remove_tree(r->yard->public_fd, path, e) < 0 ||
		fs_sync_dir_at(r->yard->public_fd, path, e) < 0)
		return -1;
	r->out->removed++;
	return 0;
}

struct known {
	const char *name;
	bool found;
};

static int match(const struct catalog_generation *g, void *ctx, struct err *e)
{
	struct known *k = ctx;
	char name[32];

	(void)e;
	snprintf(name, sizeof(name), "%lld", (long long)g->number);
	k->found = k->found || strcmp(name, k->name) == 0;
	return 0;
}

/* Generations that were never finished, or whose row is gone already. */
static int drop_generations(struct recovery *r, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	struct yard *y = r->yard;
	int64_t live = 0;

	if (yard_live(y, &live, e) < 0 ||
		fs_list_dir(y->public_fd, LAYOUT_GEN, &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		struct known k = { .name = names.name[i] };
		struct catalog_generation of_live = { .number = live };
		char path[300];

		if (catalog_generation_walk(y->catalog, match, &k, e) < 0 ||
			match(&of_live, &k, e) < 0)
			return -1;
		if (k.found)
			continue;
		snprintf(path, sizeof(path), "%s/%s", LAYOUT_GEN, names.name[i]);
		if (fs_remove_tree(y->public_fd, path, e) < 0)
			return -1;
		r->out->removed++;
	}
	return 0;
}

/* Numbers are never given twice: a catalog that does not know the published generation
 * would give its number to another one. */
static int check_age(struct yard *y, struct err *e)
{
	struct catalog_generation g;
	int64_t live = 0, known = 0;

	if (yard_live(y, &live, e) < 0)
		return -1;
	for (size_t i = 0; i < 2; i++) {
		int rc =
			catalog_generation_find(y->catalog, i ? "staged" : "live", &g, e);

		if (rc < 0)
			return -1;
		if (rc > 0 && g.number > known)
			known = g.number;
	}
	if (live <= known)
		return 0;
	return err_set(e, ERR_CONFLICT,
		"'%s/%s' shows generation %lld, and 'catalog.db' knows of %lld: it is an "
		"older one; run 'rootyard-index rebuild', which makes it from the tree",
		y->path, YARD_PUBLIC, (long long)live, (long long)known);
}

int recover_yard(struct yard *y, struct recovered *out, struct err *e)
{
	struct recovery r = { .yard = y, .out = out };

	*out = (struct recovered){ 0 };
	if (check_age(y, e) < 0 || remove_all(&r, y->staging_fd, ".", e) < 0 ||
		undo_switch(&r, e) < 0 ||
		catalog_intent_walk(y->catalog, undo_intent, &r, e) < 0 ||
		catalog_intent_clear(y->catalog, e) < 0)
		return -1;
	if (publish_resume(y, &out->generation, e) < 0 ||
		publish_refresh_resume(y, &out->version, e) < 0)
		return -1;
	/* a root was installed, and what follows from it was cut off */
	if (keys_follow(y, e) < 0)
		return -1;
	return drop_generations(&r, e);
}
