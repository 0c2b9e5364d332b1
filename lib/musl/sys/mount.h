/* sys/mount.h -- the calls on mounts by descriptor, which musl's header does not have yet.
 * Errors  -1 and errno, as the kernel says
 * Source  fsopen(2) and its kin in glibc's header of this name */
#ifndef MUSL_SYS_MOUNT_H
#define MUSL_SYS_MOUNT_H

#include_next <sys/mount.h>

/* Both spell the same numbers, each in its way. */
#undef MS_RDONLY
#undef MS_NOSUID
#undef MS_NODEV
#undef MS_NOEXEC
#undef MS_SYNCHRONOUS
#undef MS_REMOUNT
#undef MS_MANDLOCK
#undef MS_DIRSYNC
#undef MS_NOSYMFOLLOW
#undef MS_NOATIME
#undef MS_NODIRATIME
#undef MS_BIND
#undef MS_MOVE
#undef MS_REC
#undef MS_SILENT
#undef MS_POSIXACL
#undef MS_UNBINDABLE
#undef MS_PRIVATE
#undef MS_SLAVE
#undef MS_SHARED
#undef MS_RELATIME
#undef MS_KERNMOUNT
#undef MS_I_VERSION
#undef MS_STRICTATIME
#undef MS_LAZYTIME
#undef MS_NOREMOTELOCK
#undef MS_NOSEC
#undef MS_BORN
#undef MS_ACTIVE
#undef MS_NOUSER
#undef MS_RMT_MASK
#undef MS_MGC_VAL
#undef MS_MGC_MSK
#include <linux/mount.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int fsopen(const char *type, unsigned int flags)
{
	return (int)syscall(SYS_fsopen, type, flags);
}

static inline int fsconfig(
	int fd, unsigned int what, const char *key, const void *value, int number)
{
	return (int)syscall(SYS_fsconfig, fd, what, key, value, number);
}

static inline int fsmount(int fd, unsigned int flags, unsigned int attr)
{
	return (int)syscall(SYS_fsmount, fd, flags, attr);
}

static inline int open_tree(int dir_fd, const char *path, unsigned int flags)
{
	return (int)syscall(SYS_open_tree, dir_fd, path, flags);
}

static inline int move_mount(
	int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	return (int)syscall(SYS_move_mount, from_fd, from, to_fd, to, flags);
}

static inline int mount_setattr(int dir_fd, const char *path, unsigned int flags,
	struct mount_attr *change, size_t size)
{
	return (int)syscall(SYS_mount_setattr, dir_fd, path, flags, change, size);
}

#endif
