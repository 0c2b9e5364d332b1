/* chrootfs.h -- the mounts a command inside the tree sees, and the way in.
 * Rules   called in a fresh mount and pid namespace, between fork and exec; targets are
 *         opened beneath the tree without following links, so that a link in it cannot
 *         redirect a mount; of /proc what concerns the whole machine is read-only or
 *         hidden, for its files know root by id, not by capability
 * Errors  an errno */
#ifndef BUILDER_CHROOTFS_H
#define BUILDER_CHROOTFS_H

#include "builder/secret.h"

#include "lib/base/auto.h"

#include <stdbool.h>

struct chroot_bind {
	const char *source; /* absolute, outside */
	const char *target; /* relative to the root, a directory that exists or is made */
	bool read_only; /* with what is mounted below, no set-ids, no devices; a target
			       that exists, file or directory */
};

#define CHROOT_BINDS_MAX 48

struct chroot {
	const char *root; /* absolute path of the tree */
	const char *const *env;
	int log_fd; /* stdout and stderr */
	struct chroot_bind bind[CHROOT_BINDS_MAX];
	size_t bind_count;
	const struct secrets *secrets; /* NULL: none; else in /run/secrets */
};

/* Whoever waits for the command holds *net_fd: the empty network that its /sys shows. */
int chrootfs_enter(const struct chroot *c, bool network, int *net_fd) must_check nonnull;

#endif
