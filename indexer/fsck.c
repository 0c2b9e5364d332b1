#include "indexer/fsck.h"

#include <fcntl.h>
#include <sys/stat.h>

int fsck_find(struct fsck *f, const char *check, const char *path, const char *fmt, ...)
{
	struct err line; /* escapes what a damaged tree may hold */
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	err_set(&line, ERR_DAMAGED, "%s: %s: %s", check, path, text);
	f->say(line.text, f->ctx);
	f->findings++;
	return 0;
}

static int say_examined(const char *sentence, void *ctx)
{
	return fsck_find(
		ctx, "F1", CATALOG_NAME, "%s; restore it from a backup", sentence);
}

static int check_catalog(struct fsck *f, struct err *e)
{
	return catalog_examine(f->yard->catalog, say_examined, f, e);
}

static int check_generation(const struct catalog_generation *g, void *ctx, struct err *e)
{
	struct fsck *f = ctx;

	(void)e;
	if (strcmp(g->state, "staged") == 0 &&
		f->yard->now_s - g->created_s > FSCK_GRACE_S)
		return fsck_find(f, "F12", CATALOG_NAME,
			"generation %lld has been staged for more than an hour; run "
			"'publish', which "
			"finishes it",
			(long long)g->number);
	return 0;
}

static int check_staged(struct fsck *f, struct err *e)
{
	struct catalog_signing s;
	int rc;

	if (catalog_generation_walk(f->yard->catalog, check_generation, f, e) < 0)
		return -1;
	rc = catalog_signing_find(f->yard->catalog, "staged", &s, NULL, e);
	if (rc > 0 && f->yard->now_s - s.created_s > FSCK_GRACE_S)
		return fsck_find(f, "F12", CATALOG_NAME,
			"version %lld of 'current' has been staged for more than an "
			"hour; run "
			"'refresh', which finishes it",
			(long long)s.version);
	return rc < 0 ? -1 : 0;
}

static int check_private(struct fsck *f, struct err *e)
{
	struct stat st;

	(void)e;
	if (fstatat(f->yard->fd, YARD_GNUPG, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISDIR(st.st_mode))
		return fsck_find(f, "F9", YARD_GNUPG,
			"is no directory; restore the publish key from a backup");
	if (st.st_mode & 077) {
		fsck_find(f, "F9", YARD_GNUPG,
			"others may enter the home of the publish key; chmod 700 it");
		fsck_chmod(f, f->yard->fd, YARD_GNUPG, 0700);
	}
	return 0;
}

int fsck_run(struct fsck *f, struct err *e)
{
	static int (*const checks[])(struct fsck * f, struct err * e) = { check_catalog,
		check_private, fsck_builds, fsck_images, fsck_oci, fsck_claims,
		fsck_documents, fsck_live, fsck_pages, fsck_chain, fsck_roots,
		check_staged, fsck_tree };

	for (size_t i = 0; i < ARRAY_COUNT(checks); i++)
		if (checks[i](f, e) < 0)
			return -1;
	return 0;
}
