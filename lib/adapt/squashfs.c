#include "lib/adapt/squashfs.h"

#include "lib/base/spawn.h"

#include <fcntl.h>

#define SQFS2TAR      "/usr/bin/sqfs2tar"
#define SQUASHFS_HEAD "hsqs"

bool squashfs_is(int fd)
{
	char head[sizeof(SQUASHFS_HEAD) - 1];

	return pread(fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	       memcmp(head, SQUASHFS_HEAD, sizeof(head)) == 0;
}

int squashfs_open(int fd, int (*in_child)(void *ctx), void *ctx, struct squashfs *out,
	struct err *e)
{
	const char *const argv[] = { SQFS2TAR, "/proc/self/fd/0", NULL };
	auto_fd int read_fd = -1, write_fd = -1;
	struct spawn s = SPAWN_INIT;
	int ends[2];

	if (access(SQFS2TAR, X_OK) < 0)
		return err_set(e, ERR_NOTFOUND,
			"cannot read a squashfs without '%s': install squashfs-tools-ng",
			SQFS2TAR);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	read_fd = ends[0];
	write_fd = ends[1];
	s.argv = argv;
	s.stdin_fd = fd;
	s.stdout_fd = write_fd;
	s.die_with_parent = true;
	s.in_child = in_child;
	s.ctx = ctx;
	if (spawn_start(&s, &out->pid, e) < 0)
		return -1;
	out->tar_fd = STEAL_FD(read_fd);
	return 0;
}

int squashfs_close(struct squashfs *s, int read_rc, struct err *e)
{
	struct err ignored;
	int status = 0;

	if (s->tar_fd >= 0)
		close(STEAL_FD(s->tar_fd));
	if (spawn_wait(s->pid, &status, read_rc < 0 ? &ignored : e) < 0 || read_rc < 0)
		return -1;
	if (status != 0)
		return err_set(e, ERR_PARSE,
			"the squashfs is damaged (sqfs2tar ended with status %d)",
			status);
	return 0;
}
