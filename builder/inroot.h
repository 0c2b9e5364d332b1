/* inroot.h -- a path inside a tree as the tree's own processes would see it: links are
 * followed, and "/" and ".." end at the tree's root.
 * Errors  each sentence names the path as given
 * Source  openat2(2): RESOLVE_IN_ROOT */
#ifndef BUILDER_INROOT_H
#define BUILDER_INROOT_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <sys/types.h>

int inroot_open(int root_dir, const char *path, int flags, mode_t mode,
	struct err *e) must_check nonnull;

/* The directory that holds path's last component; the second form makes it (0755) when
 * missing. */
int inroot_open_parent(int root_dir, const char *path, struct err *e) must_check nonnull;
int inroot_make_parent(int root_dir, const char *path, struct err *e) must_check nonnull;

bool inroot_exists(int root_dir, const char *path) nonnull;

#endif
