/* unpack.h -- a local archive becomes a tree, in a child that can do nothing else.
 * Rules   the child is chrooted into the target, has no network, and no capability but
 *         those that ownership, modes and file capabilities need; every entry is judged
 *         by lib/model/unpackpolicy.h
 * Errors  those of the reader and the policy */
#ifndef BUILDER_UNPACK_H
#define BUILDER_UNPACK_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* name ends in .tar, .tar.xz or .tar.zst and decides how it is read; root_dir is an empty
 * directory; *newest_s becomes the time of its newest member. */
int unpack_archive(int archive_fd, const char *name, int root_dir, int64_t *newest_s,
	struct err *e) must_check nonnull;

/* Can an archive of this name be read? */
bool unpack_is_known(const char *name) nonnull;

#endif
