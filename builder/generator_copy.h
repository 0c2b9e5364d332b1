/* generator_copy.h -- files from beside the recipe into the tree.
 * Shape   a pattern in the source's last component; a file, a symbolic link (copied as
 *         one) or a directory (its contents); several matches, or a path that ends in a
 *         slash, mean a directory to put them into; without a path, that of the source
 * Rules   a new file is root's and 0644, a directory 0755, unless the entry says
 *         otherwise: who checked the recipe out does not show in the image
 * Errors  ERR_RECIPE when nothing matches
 * Source  recipes chapter section 2.5 */
#ifndef BUILDER_GENERATOR_COPY_H
#define BUILDER_GENERATOR_COPY_H

#include "builder/access.h"

#include "lib/adapt/digest.h"

struct copy_order {
	int root_dir;
	const char *recipe_dir; /* where a relative source begins */
	const char *source, *path;
	const struct access *access;
};

/* sha256: of the one file, else over every name and content that was copied. */
int generator_copy(const struct copy_order *o, struct digest *sha256,
	struct err *e) must_check nonnull;

#endif
