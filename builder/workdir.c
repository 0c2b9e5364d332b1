#include "builder/workdir.h"

#include "builder/unshared.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#define TRIES 16

/* False when a sweeper was faster. A file system without such locks has nobody who could
 * sweep, either. */
static bool take_lock(const struct workdir *w)
{
	struct stat st;

	if (flock(w->dir, LOCK_EX) < 0 && errno != EBADF && errno != ENOLCK &&
		errno != EOPNOTSUPP)
		return false;
	return fstat(w->dir, &st) == 0 && st.st_nlink > 0;
}

static void close_all(struct workdir *w)
{
	int *const fds[] = { &w->base_dir, &w->dir };

	for (size_t i = 0; i < ARRAY_COUNT(fds); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

int workdir_make(int base_dir, const char *prefix, struct workdir *out, struct err *e)
{
	for (int i = 0; i < TRIES; i++) {
		struct workdir w = WORKDIR_INIT;

		if (fs_mkdtemp_at(base_dir, prefix, w.name, sizeof(w.name), e) < 0) {
			if (e->sys != ENOENT)
				return -1;
			continue; /* a sweeper was faster than its mode */
		}
		w.base_dir = fcntl(base_dir, F_DUPFD_CLOEXEC, 3);
		w.dir = openat(base_dir, w.name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (w.base_dir >= 0 && w.dir >= 0 && take_lock(&w)) {
			*out = w;
			return 0;
		}
		close_all(&w);
	}
	return err_set(
		e, ERR_BUSY, "cannot make a directory '%s.*': others remove it", prefix);
}

/* What a build in a user namespace made belongs to ids that are not ours. */
static int remove_tree(int base_dir, const char *name)
{
	struct err ignored;

	if (fs_remove_tree(base_dir, name, &ignored) == 0)
		return 0;
	if (geteuid() == 0 || (ignored.sys != EACCES && ignored.sys != EPERM))
		return -1;
	return unshared_remove_tree(base_dir, name, &ignored);
}

struct sweeping {
	void (*before)(void *ctx, const char *name, int dir);
	void *ctx;
};

static bool sweep_one(int base_dir, const char *name, const struct sweeping *s)
{
	auto_fd int dir = openat(base_dir, name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	/* The lock is gone with its owner; one that is not taken yet makes another. */
	if (dir < 0 || fstat(dir, &st) < 0 || st.st_uid != geteuid() ||
		flock(dir, LOCK_EX | LOCK_NB) < 0)
		return false;
	if (s->before)
		s->before(s->ctx, name, dir);
	return remove_tree(base_dir, name) == 0;
}

unsigned int workdir_sweep(int base_dir, const char *prefix,
	void (*before)(void *ctx, const char *name, int dir), void *ctx)
{
	const struct sweeping s = { before, ctx };
	auto_names struct fs_names names = { 0 };
	size_t len = strlen(prefix);
	unsigned int removed = 0;
	struct err ignored;

	if (fs_list_dir(base_dir, ".", &names, &ignored) < 0)
		return 0;
	for (size_t i = 0; i < names.count; i++)
		if (strncmp(names.name[i], prefix, len) == 0 &&
			names.name[i][len] == '.' &&
			sweep_one(base_dir, names.name[i], &s))
			removed++;
	return removed;
}

void workdir_remove(struct workdir *w)
{
	int saved = errno;

	/* What cannot be removed now is swept at the next start. */
	if (w->dir >= 0 && remove_tree(w->base_dir, w->name) < 0)
		errno = saved;
	close_all(w);
	errno = saved;
}

void workdir_keep(struct workdir *w)
{
	close_all(w);
}
