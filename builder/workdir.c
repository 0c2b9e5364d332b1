#include "builder/workdir.h"

#include "builder/unshared.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#define LOCK_NAME   "lock"
#define TRIES       16
#define ABANDONED_S 3600 /* of one whose owner died before it had a lock */

/* Makes the lock file and takes it; false when a sweeper was faster. */
static bool take_lock(struct workdir *w)
{
	struct stat st;

	w->lock = openat(
		w->dir, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (w->lock < 0)
		return false;
	return flock(w->lock, LOCK_EX) == 0 && fstat(w->lock, &st) == 0 &&
	       st.st_nlink > 0;
}

static void close_all(struct workdir *w)
{
	int *const fds[] = { &w->base_dir, &w->dir, &w->lock };

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

		if (fs_mkdtemp_at(base_dir, prefix, w.name, sizeof(w.name), e) < 0)
			return -1;
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

/* Is its owner gone? Holds the lock on true. */
static bool is_abandoned(int dir, const struct stat *st, int *lock)
{
	*lock = openat(dir, LOCK_NAME, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (*lock < 0)
		return errno == ENOENT && st->st_mtim.tv_sec + ABANDONED_S < time(NULL);
	return flock(*lock, LOCK_EX | LOCK_NB) == 0;
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
	auto_fd int lock = -1;
	struct stat st;

	if (dir < 0 || fstat(dir, &st) < 0 || st.st_uid != geteuid())
		return false;
	/* Without a lock it is empty yet; an owner who still lives makes another. */
	if (unlinkat(base_dir, name, AT_REMOVEDIR) == 0)
		return true;
	if (!is_abandoned(dir, &st, &lock))
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
