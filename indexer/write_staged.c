#include "indexer/write_staged.h"

#include "indexer/inode.h"
#include "lib/base/fs.h"

#include <fcntl.h>

static bool is_above(const char *dir, const char *path)
{
	size_t len = strlen(dir);

	return strncmp(dir, path, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Done with the directory, and with those above it that `next` is not in either. */
static int leave_dir(struct writing *w, const char *next, struct err *e)
{
	char *slash = w->dir;

	while (slash && w->dir[0] && !is_above(w->dir, next)) {
		auto_fd int fd = fs_open_dir_at(w->yard->public_fd, w->dir, e);

		if (fd < 0 || fs_sync(fd, w->dir, e) < 0)
			return -1;
		slash = strrchr(w->dir, '/');
		if (slash)
			*slash = '\0';
	}
	snprintf(w->dir, sizeof(w->dir), "%s", next);
	return 0;
}

static int enter_dir(struct writing *w, const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char dir[LAYOUT_PATH_MAX];

	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) : 0, path);
	if (strcmp(dir, w->dir) == 0)
		return 0;
	if (leave_dir(w, dir, e) < 0)
		return -1;
	return dir[0] ? fs_mkdirs(w->yard->public_fd, dir, 0755, e) : 0;
}

/* Does a complete file with this mark and size stand there? */
static bool is_there(int public_fd, const char *path, const struct digest *d, size_t size)
{
	auto_fd int fd = -1;
	struct digest mark;
	struct err ignored;
	struct stat st;

	fd = fs_open_beneath(public_fd, path, O_RDONLY | O_NONBLOCK, 0, &ignored);
	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       (size_t)st.st_size == size &&
	       inode_read_mark(fd, path, &mark, &ignored) == 0 && digest_equal(&mark, d);
}

static int put_text(struct yard *y, const char *path, struct bytes text, struct err *e)
{
	struct digest d = digest_of(text);

	if (is_there(y->public_fd, path, &d, text.len))
		return 0;
	return inode_replace(y->staging_fd, y->public_fd, path, text, e);
}

int writing_put(struct writing *w, const char *path, struct bytes text, struct err *e)
{
	if (enter_dir(w, path, e) < 0)
		return -1;
	return put_text(w->yard, path, text, e);
}

int writing_end(struct writing *w, struct err *e)
{
	if (leave_dir(w, "", e) < 0)
		return -1;
	return fs_sync(w->yard->public_fd, YARD_PUBLIC, e);
}

static int remove_file(struct yard *y, const char *path, struct err *e)
{
	if (unlinkat(y->public_fd, path, 0) < 0 && errno != ENOENT)
		return err_sys(e, "cannot remove '%s'", path);
	return 0;
}

/* A blob is named by its content: one that is there is the one that was meant. */
static int link_file(struct yard *y, const struct staged_file *f, struct err *e)
{
	if (f->phase == STAGED_BEFORE && fs_exists_at(y->public_fd, f->path))
		return 0;
	return inode_link(y->staging_fd, y->public_fd, f->source, f->path, e);
}

static int write_one(const struct staged_file *f, void *ctx, struct err *e)
{
	struct writing *w = ctx;

	if (enter_dir(w, f->path, e) < 0)
		return -1;
	if (!f->text && !f->source)
		return remove_file(w->yard, f->path, e);
	return f->text ? put_text(w->yard, f->path, *f->text, e)
		       : link_file(w->yard, f, e);
}

int write_staged(struct yard *y, enum staged_phase phase, struct err *e)
{
	struct writing w = { .yard = y, .dir = "" };

	if (catalog_staged_walk(y->catalog, phase, write_one, &w, e) < 0)
		return -1;
	return writing_end(&w, e);
}
