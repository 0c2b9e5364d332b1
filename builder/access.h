/* access.h -- mode and owner that an entry of `files:` gives to what it writes.
 * Shape   mode octal; uid and gid decimal, or names that the tree's own etc/passwd and
 *         etc/group know
 * Errors  ERR_RECIPE names line and value
 * Owns    nothing */
#ifndef BUILDER_ACCESS_H
#define BUILDER_ACCESS_H

#include "builder/recipe.h"

#include <sys/types.h>

struct access {
	uid_t uid; /* -1: as it is */
	gid_t gid;
	mode_t mode;
	bool has_mode;
};

int access_read(const struct recipe_file *f, int root_dir, struct access *out,
	struct err *e) must_check nonnull;
int access_apply(const struct access *a, int fd, struct err *e) must_check nonnull;

#endif
