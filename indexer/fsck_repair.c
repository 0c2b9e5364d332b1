#include "indexer/fsck.h"

#include "indexer/catalog_oci.h"
#include "indexer/inode.h"
#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

/* Tells what was done about the finding before it, or why nothing was. */
static void mended(struct fsck *f, int rc, const char *what, const struct err *e)
{
	struct err line;

	if (rc < 0) {
		err_set(&line, ERR_DAMAGED, "  not mended: %s", e->text);
	} else {
		err_set(&line, ERR_DAMAGED, "  mended: %s", what);
		f->mended++;
	}
	f->say(line.text, f->ctx);
}

/* lost/YYYYMMDD_HHMMSS-PATH, with the slashes of the path kept as directories. */
static int move_away(struct fsck *f, int dir_fd, const char *path, const char *prefix,
	char *to, size_t to_size, struct err *e)
{
	time_t now = (time_t)f->yard->now_s;
	auto_free char *parent = NULL;
	char when[32];
	struct tm tm;

	if (!gmtime_r(&now, &tm) || !strftime(when, sizeof(when), "%Y%m%d_%H%M%S", &tm))
		return err_set(e, ERR_FAILED, "the clock shows no time");
	if ((size_t)snprintf(to, to_size, "%s/%s/%s%s", FSCK_LOST, when, prefix, path) >=
		to_size)
		return err_set(e, ERR_LIMIT, "its name is too long");
	parent = xstrdup(to);
	*strrchr(parent, '/') = '\0';
	if (fs_mkdirs(f->yard->fd, parent, 0700, e) < 0)
		return -1;
	if (renameat(dir_fd, path, f->yard->fd, to) < 0)
		return err_sys(e, "cannot move it to '%s'", to);
	if (fs_sync_dir_at(dir_fd, path, e) < 0)
		return -1;
	return fs_sync_dir_at(f->yard->fd, to, e);
}

static void lose(struct fsck *f, int dir_fd, const char *path, const char *prefix)
{
	char to[4096 + 64], what[4096 + 80];
	struct err e;
	int rc;

	if (!f->repair)
		return;
	rc = move_away(f, dir_fd, path, prefix, to, sizeof(to), &e);
	snprintf(what, sizeof(what), "moved to '%s'", rc < 0 ? "" : to);
	mended(f, rc, what, &e);
}

void fsck_lose(struct fsck *f, const char *path)
{
	lose(f, f->yard->public_fd, path, YARD_PUBLIC "/");
}

void fsck_lose_staged(struct fsck *f, const char *name)
{
	lose(f, f->yard->staging_fd, name, YARD_STAGING "/");
}

void fsck_chmod(struct fsck *f, int dir_fd, const char *path, mode_t mode)
{
	struct err e;
	char what[40];
	int rc;

	if (!f->repair)
		return;
	rc = fchmodat(dir_fd, path, mode, 0);
	if (rc < 0)
		err_sys(&e, "cannot change its mode");
	snprintf(what, sizeof(what), "its mode is %04o", (unsigned int)mode);
	mended(f, rc, what, &e);
}

void fsck_relink(struct fsck *f, const char *path, const char *target)
{
	const char *slash = strrchr(path, '/');
	auto_free char *parent = xasprintf("%.*s", slash ? (int)(slash - path) : 0, path);
	auto_fd int dir_fd = -1;
	struct err e;
	int rc = -1;

	if (!f->repair)
		return;
	dir_fd = fs_open_dir_at(f->yard->public_fd, slash ? parent : ".", &e);
	if (dir_fd >= 0)
		rc = atomic_symlink(dir_fd, slash ? slash + 1 : path, target, &e);
	mended(f, rc, "the link was made anew", &e);
}

static int mark(
	struct fsck *f, const char *path, const struct digest *want, struct err *e)
{
	auto_fd int fd = fs_open_beneath(f->yard->public_fd, path, O_RDONLY, 0, e);
	struct digest got;
	uint64_t size;

	if (fd < 0 || digest_of_fd(fd, path, &got, &size, e) < 0)
		return -1;
	if (!digest_equal(&got, want))
		return err_set(e, ERR_DAMAGED, "its content is not that either");
	return inode_mark(fd, path, want, e);
}

void fsck_remark(struct fsck *f, const char *path, const struct digest *want)
{
	struct err e;

	if (f->repair)
		mended(f, mark(f, path, want, &e), "the attribute was set", &e);
}

void fsck_unsign(struct fsck *f, const struct catalog_claim *claim)
{
	struct err e, line;

	if (!f->repair)
		return;
	if (catalog_claim_unsign(f->yard->catalog, claim, &e) < 0)
		err_set(&line, ERR_DAMAGED, "  not mended: %s", e.text);
	else
		err_set(&line, ERR_DAMAGED, "  the next 'publish' signs it again");
	f->say(line.text, f->ctx);
}

void fsck_rewrite(struct fsck *f, const char *path, struct bytes text)
{
	char dir[LAYOUT_PATH_MAX];
	struct err e;
	int rc;

	if (!f->repair)
		return;
	snprintf(dir, sizeof(dir), "%.*s", (int)(strrchr(path, '/') - path), path);
	rc = fs_mkdirs(f->yard->public_fd, dir, 0755, &e);
	if (rc == 0)
		rc = inode_replace(
			f->yard->staging_fd, f->yard->public_fd, path, text, &e);
	if (rc == 0)
		rc = fs_sync_dir_at(f->yard->public_fd, path, &e);
	mended(f, rc, "it was made anew", &e);
}
