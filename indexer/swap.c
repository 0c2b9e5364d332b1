#include "indexer/swap.h"

#include "lib/base/fs.h"

#include <fcntl.h>

static const char *const tails[] = { "", "-wal", "-shm", "-journal" };

static int drop(const struct yard *y, const char *name, struct err *e)
{
	if (unlinkat(y->fd, name, 0) < 0 && errno != ENOENT)
		return err_sys(e, "cannot remove '%s/%s'", y->path, name);
	return 0;
}

static int drop_all(const struct yard *y, const char *base, struct err *e)
{
	for (size_t i = 0; i < ARRAY_COUNT(tails); i++) {
		auto_free char *name = xasprintf("%s%s", base, tails[i]);

		if (drop(y, name, e) < 0)
			return -1;
	}
	return 0;
}

struct health {
	size_t findings;
};

static int count(const char *sentence, void *ctx)
{
	struct health *h = ctx;

	(void)sentence;
	h->findings++;
	return 0;
}

/* The highest generation it knows; 0 for none. */
static int knows(struct catalog *c, int64_t *out, struct err *e)
{
	static const char *const states[] = { "live", "staged" };
	struct catalog_generation g;

	*out = 0;
	for (size_t i = 0; i < ARRAY_COUNT(states); i++) {
		int rc = catalog_generation_find(c, states[i], &g, e);

		if (rc < 0)
			return -1;
		if (rc > 0 && g.number > *out)
			*out = g.number;
	}
	return 0;
}

/* 1 it is whole and knows what is published, 0 it is damaged or older. */
static int is_good(const struct yard *y, struct catalog *c, struct err *e)
{
	struct health h = { .findings = 0 };
	int64_t live = 0, known = 0;

	if (catalog_examine(c, count, &h, e) < 0 || yard_live(y, &live, e) < 0)
		return -1;
	if (h.findings)
		return 0;
	if (knows(c, &known, e) < 0)
		return -1;
	return known >= live;
}

int swap_check_old(struct yard *y, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", y->path, CATALOG_NAME);
	auto_catalog struct catalog *c = NULL;
	struct err why;
	int rc;

	if (!fs_exists_at(y->fd, CATALOG_NAME))
		return 0;
	rc = catalog_open(path, 0, &c, &why);
	if (rc == 0)
		rc = is_good(y, c, &why);
	if (rc < 0 && why.code != ERR_DAMAGED) {
		*e = why;
		return -1;
	}
	if (rc <= 0)
		return 0;
	return err_set(e, ERR_CONFLICT,
		"'%s' is whole and knows the published generation: there is no need to "
		"make "
		"it again, and what only it knows would be lost; --force does it all the "
		"same",
		path);
}

int swap_begin(struct yard *y, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", y->path, CATALOG_NEW_NAME);

	if (drop_all(y, CATALOG_NEW_NAME, e) < 0)
		return -1;
	return catalog_open(path, CATALOG_CREATE, &y->catalog, e);
}

/* The old one stays beside, with the log that belongs to it. */
static int set_aside(const struct yard *y, struct err *e)
{
	if (drop_all(y, CATALOG_OLD_NAME, e) < 0)
		return -1;
	if (linkat(y->fd, CATALOG_NAME, y->fd, CATALOG_OLD_NAME, 0) < 0 &&
		errno != ENOENT)
		return err_sys(e, "cannot keep the old 'catalog.db' in '%s'", y->path);
	for (size_t i = 1; i < ARRAY_COUNT(tails); i++) {
		auto_free char *from = xasprintf("%s%s", CATALOG_NAME, tails[i]);
		auto_free char *to = xasprintf("%s%s", CATALOG_OLD_NAME, tails[i]);

		if (renameat(y->fd, from, y->fd, to) < 0 && errno != ENOENT)
			return err_sys(e, "cannot move '%s/%s' away", y->path, from);
	}
	return fs_sync(y->fd, y->path, e);
}

int swap_commit(struct yard *y, struct err *e)
{
	auto_fd int fd = -1;

	if (catalog_seal(y->catalog, e) < 0)
		return -1;
	catalog_close(&y->catalog);
	fd = fs_open_beneath(y->fd, CATALOG_NEW_NAME, O_RDONLY, 0, e);
	if (fd < 0 || fs_sync(fd, CATALOG_NEW_NAME, e) < 0 || set_aside(y, e) < 0)
		return -1;
	return fs_rename_synced(y->fd, CATALOG_NEW_NAME, y->fd, CATALOG_NAME, e);
}

void swap_cancel(struct yard *y)
{
	struct err ignored;

	catalog_close(&y->catalog);
	if (drop_all(y, CATALOG_NEW_NAME, &ignored) < 0)
		return;
}
