/* chrootfs.h -- the mounts a command inside the tree sees, and the way in.
 * Rules   called in a fresh mount and pid namespace, between fork and exec; targets are
 *         opened beneath the tree without following links, so that a link in it cannot
 *         redirect a mount
 * Errors  an errno */
#ifndef BUILDER_CHROOTFS_H
#define BUILDER_CHROOTFS_H

#include "builder/chroot.h"

#include <stdbool.h>

int chrootfs_enter(const struct chroot *c, bool network) must_check nonnull;

#endif
