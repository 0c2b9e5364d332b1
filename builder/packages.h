/* packages.h -- what is installed in a tree, read offline from its own database.
 * Shape   sorted by name, then architecture and version; paths as they really lie */
#ifndef BUILDER_PACKAGES_H
#define BUILDER_PACKAGES_H

#include "builder/packagedb.h"

void packages_init(struct packages *p) nonnull;
void packages_release(struct packages *p) nonnull;
#define auto_packages with_cleanup(packages_release)

/* A tree without a database is no error: it has no packages. */
int packages_read(int root_dir, struct packages *p, struct err *e) must_check nonnull;

/* The package that owns a path, or PACKAGE_NONE. */
size_t packages_owner(const struct packages *p, const char *path) nonnull;

/* packages.json: the same packages give the same bytes. */
int packages_format(
	const struct packages *p, struct buf *out, struct err *e) must_check nonnull;

#endif
