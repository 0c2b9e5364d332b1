/* unshared.h -- building without root: as the root of a user namespace of one's own.
 * Shape   the caller's 65,536 subordinate ids are 0..65535 there and the caller is id
 *         65536, so that the build's root can make files that are his outside
 * Rules   root of a namespace already (of an unprivileged container) makes no other
 * Errors  ERR_FAILED says what is missing and who can mend it
 * Source  user_namespaces(7), subuid(5), capabilities(7) */
#ifndef BUILDER_UNSHARED_H
#define BUILDER_UNSHARED_H

#include "lib/base/userns.h"

/* May we build? out->full: in a namespace with these ids; else as the root we are. */
int unshared_ids(bool unshare, struct subids *out, struct err *e) must_check nonnull;

/* Of a namespace's root: can it mount what a build needs? */
int unshared_check_mounts(struct err *e) must_check nonnull;

/* Changes all ids and keeps every capability; does nothing when they are these. */
int unshared_become(uid_t uid, gid_t gid, struct err *e) must_check nonnull;

/* Removes what a build of ours left behind under subordinate ids. */
int unshared_remove_tree(int dir_fd, const char *name, struct err *e) must_check nonnull;

#endif
