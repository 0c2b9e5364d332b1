/* workdir.h -- a private directory that disappears: at the end, or, when its owner was
 * killed, at the next start.
 * Rules   0700, named PREFIX.XXXXXX; an flock on it says that it is in use; only directories
 *         of our own user are ever removed
 * Owns    the descriptors; workdir_remove takes the directory away */
#ifndef BUILDER_WORKDIR_H
#define BUILDER_WORKDIR_H

#include "lib/base/err.h"

struct workdir {
	int base_dir; /* owned copy */
	int dir;
	char name[64];
};

#define WORKDIR_INIT                                                                     \
	{                                                                                \
		.base_dir = -1, .dir = -1                                                \
	}

int workdir_make(int base_dir, const char *prefix, struct workdir *out,
	struct err *e) must_check nonnull;

/* Removes what killed runs left behind; returns how many. What cannot be removed stays.
 * before: ends what may still run in one; NULL: nothing does. */
unsigned int workdir_sweep(int base_dir, const char *prefix,
	void (*before)(void *ctx, const char *name, int dir), void *ctx) nonnull_args(2);

/* Removes it and closes. */
void workdir_remove(struct workdir *w) nonnull;
#define auto_workdir with_cleanup(workdir_remove)

/* It became something else by rename: closes only. */
void workdir_keep(struct workdir *w) nonnull;

#endif
