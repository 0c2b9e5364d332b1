/* The store of package files that builds share: whose turn it is, and what may stay. */
#include "builder/archive.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/xattr.h>

#define MARK "user.rootyard.sha256"

void archive_mark(int fd, const struct digest *sha256)
{
	int saved = errno;

	/* Without the mark it is fetched again. */
	if (fsetxattr(fd, MARK, sha256->byte, DIGEST_SIZE, 0) < 0)
		errno = saved;
}

static bool is_deb(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && strcmp(name + len - 4, ".deb") == 0;
}

/* Is it still what it was found to be? A file that cannot carry a mark is believed: apt
 * and archive_account look at it again. */
static bool may_stay(int dir, const char *name)
{
	auto_fd int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct digest marked, got;
	struct err ignored;
	uint64_t size;
	ssize_t n;

	if (fd < 0)
		return false;
	n = fgetxattr(fd, MARK, marked.byte, DIGEST_SIZE);
	if (n < 0 && errno == ENOTSUP)
		return true;
	return n == DIGEST_SIZE && digest_of_fd(fd, name, &got, &size, &ignored) == 0 &&
	       digest_equal(&marked, &got);
}

static int sweep(struct job *j, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(j->store_fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		if (!is_deb(names.name[i]) || may_stay(j->store_fd, names.name[i]))
			continue;
		job_log(j, "the stored '%s' is not what was verified: removed",
			names.name[i]);
		if (unlinkat(j->store_fd, names.name[i], 0) < 0)
			return err_sys(e, "cannot remove '%s'", names.name[i]);
	}
	return 0;
}

int archive_take_store(struct job *j, struct err *e)
{
	j->store_fd = fs_open_dir(j->archives, e);
	if (j->store_fd < 0)
		return -1;
	while (flock(j->store_fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return err_sys(e, "cannot lock the store of packages");
	return sweep(j, e);
}

/* ---- its size */

struct stored {
	const char *name;
	uint64_t size;
	int64_t used_s; /* the mark of its last use changed the inode then */
};

static int by_use(const void *a, const void *b)
{
	const struct stored *x = a, *y = b;

	if (x->used_s != y->used_s)
		return x->used_s < y->used_s ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int trim(int dir, uint64_t max_bytes, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	auto_free struct stored *stored = NULL;
	uint64_t total = 0;
	size_t count = 0;

	if (fs_list_dir(dir, ".", &names, e) < 0)
		return -1;
	stored = xcalloc(names.count + 1, sizeof(*stored));
	for (size_t i = 0; i < names.count; i++) {
		struct stat st;

		if (!is_deb(names.name[i]) ||
			fstatat(dir, names.name[i], &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		stored[count++] = (struct stored){ .name = names.name[i],
			.size = (uint64_t)st.st_size,
			.used_s = st.st_ctim.tv_sec };
		total += (uint64_t)st.st_size;
	}
	qsort(stored, count, sizeof(*stored), by_use);
	for (size_t i = 0; i < count && total > max_bytes; i++) {
		if (unlinkat(dir, stored[i].name, 0) < 0)
			return err_sys(e, "cannot remove '%s'", stored[i].name);
		total -= stored[i].size;
	}
	return 0;
}

int archive_trim(const char *cache, uint64_t max_bytes, struct err *e)
{
	auto_free char *path = xasprintf("%s/archives", cache);
	auto_fd int dir = fs_open_dir(path, e);

	if (dir < 0)
		return e->code == ERR_NOTFOUND ? 0 : -1;
	if (flock(dir, LOCK_EX | LOCK_NB) < 0)
		return 0;
	return trim(dir, max_bytes, e);
}
