/* packages.h -- what is installed in a tree, read offline from its own database.
 * Shape   sorted by name, then architecture; paths as they really lie (merged /usr)
 * Bounds  status 64 MiB, 20,000 packages
 * Owns    the arena owns everything
 * Source  dpkg(1): /var/lib/dpkg/status, /var/lib/dpkg/info/NAME[:ARCH].list */
#ifndef BUILDER_PACKAGES_H
#define BUILDER_PACKAGES_H

#include "lib/model/packagelist.h"

struct package_path {
	const char *path;
	size_t owner; /* index of the package */
};

struct packages {
	struct arena arena;
	const char *kind; /* "dpkg", or "" where no known database is */
	struct package *item;
	size_t count, room;
	struct package_path *path; /* sorted by path */
	size_t path_count, path_room;
};

#define PACKAGE_NONE ((size_t)-1)

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
