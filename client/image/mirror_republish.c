/* What a mirror of a server that signs nothing hands to an indexer that does. */
#include "client/image/mirror.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include <fcntl.h>

#define ROOTFS "rootfs.tar.xz"
#define ORIGIN "origin"

/* Another name of the file, where both lie on one file system. */
static int link_or_copy(int fd, int dir_fd, struct err *e)
{
	auto_free char *self = xasprintf("/proc/self/fd/%d", fd);
	auto_fd int out_fd = -1;

	if (unlinkat(dir_fd, ROOTFS, 0) < 0 && errno != ENOENT)
		return err_sys(e, "cannot remove '%s'", ROOTFS);
	if (linkat(AT_FDCWD, self, dir_fd, ROOTFS, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	out_fd = fs_open_beneath(dir_fd, ROOTFS, O_WRONLY | O_CREAT | O_EXCL, 0644, e);
	if (out_fd < 0 || fs_copy_fd(fd, out_fd, -1, e) < 0)
		return -1;
	return fs_sync(out_fd, ROOTFS, e);
}

/* `origin` comes last: with it the build is complete. */
static int hand_over(
	struct mirror *m, int top_fd, const struct foreign_build *b, struct err *e)
{
	auto_free char *origin = xasprintf("%s\n", m->o->remote->url);
	char name[IMAGE_NAME_MAX];
	auto_free char *path = NULL;
	auto_fd int fd = -1, dir_fd = -1;

	image_format(&b->image, name);
	path = xasprintf("%s/%s", name, b->serial);
	fd = m->dest->ops->open(m->dest, b->root.path, e);
	/* published anew since: the next run has it */
	if (fd < 0)
		return e->code == ERR_NOTFOUND ? 0 : -1;
	if (fs_mkdirs(top_fd, path, 0755, e) < 0)
		return -1;
	dir_fd = fs_open_dir_at(top_fd, path, e);
	if (dir_fd < 0)
		return -1;
	if (fs_exists_at(dir_fd, ORIGIN))
		return 0;
	if (link_or_copy(fd, dir_fd, e) < 0 ||
		atomic_write_file(dir_fd, ORIGIN, bytes_of_str(origin), 0644, e) < 0)
		return err_wrap(e, "'%s'", path);
	m->done->republished++;
	return 0;
}

int mirror_republish(struct mirror *m, struct err *e)
{
	auto_fd int top_fd = fs_open_dir(m->o->republish, e);
	const struct foreign *f = &m->repo.foreign;

	if (top_fd < 0 || repo_catalog(&m->repo, e) < 0)
		return -1;
	for (size_t i = 0; i < f->count; i++) {
		const struct foreign_build *b = &f->build[i];
		bool newest = i == 0 || !image_equal(&b->image, &f->build[i - 1].image);

		if (newest && mirror_is_selected(m, &b->image) &&
			hand_over(m, top_fd, b, e) < 0)
			return err_wrap(e, "cannot hand over to '%s'", m->o->republish);
	}
	return 0;
}
