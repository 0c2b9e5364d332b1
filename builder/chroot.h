/* chroot.h -- run one command inside the tree being built.
 * Rules   each command has its own mount, pid, ipc and uts namespace, and a network only
 *         when asked; it sees the tree as its root (pivot_root, nothing of the host
 *         behind it), its own /proc, /sys read-only, /dev with the usual nodes, empty
 *         /run and /tmp; the environment is the one given, no descriptor but 0..2 and
 *         those kept, umask 022, a short list of capabilities; what it leaves running
 *         ends with it, what was mounted goes with its namespace
 * Errors  ERR_FAILED with the exit status
 * Source  pivot_root(2), capabilities(7); security chapter SEC-51 */
#ifndef BUILDER_CHROOT_H
#define BUILDER_CHROOT_H

#include "builder/chrootfs.h"

#include "lib/base/err.h"

enum chroot_flags {
	CHROOT_NETWORK = 1, /* the host's network and its resolver's addresses */
	CHROOT_NO_SYNC = 2, /* nosync.h */
	CHROOT_MOUNTS = 4,  /* may mount, as root of a user namespace in which every id is
			       itself: what was mounted for it, it cannot take away */
};

/* fd: a descriptor that the command keeps, or -1. */
int chroot_run(const struct chroot *c, const char *const *argv, int keep_fd,
	unsigned int flags, struct err *e) must_check nonnull;

/* Runs a text through its "#!" line out of a memory file. */
int chroot_script(const struct chroot *c, const char *text, unsigned int flags,
	struct err *e) must_check nonnull;

#endif
