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
