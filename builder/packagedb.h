/* packagedb.h -- the packages of a tree and what they own, and one reader for each kind of
 * database.
 * Shape   sorted by name, architecture, version once packages_read returns; paths as they
 *         really lie (merged /usr)
 * Bounds  a database 256 MiB, 20,000 packages
 * Owns    the arena owns everything
 * Source  dpkg(1); apk(5), APKINDEX; alpm's local database; rpm(8) and rpmdb */
#ifndef BUILDER_PACKAGEDB_H
#define BUILDER_PACKAGEDB_H

#include "lib/model/packagelist.h"

struct package_path {
	const char *path;
	size_t owner; /* index of the package */
};

struct packages {
	struct arena arena;
	const char *kind; /* "dpkg", "apk", "pacman", "rpm"; "" where none is known */
	struct package *item;
	size_t count, room;
	struct package_path *path; /* sorted by path */
	size_t path_count, path_room;
	unsigned int merged; /* which top directories are links into usr/ */
};

#define PACKAGE_NONE   ((size_t)-1)
#define PACKAGE_DB_MAX (256U << 20)

/* Which of the top directories are links into usr/ in this tree? A bit each. */
unsigned int packagedb_merged(int root_dir) must_check;

/* Does a path without a leading '/' lie below one of those links? */
bool packagedb_is_moved(unsigned int merged, const char *path, size_t len) nonnull;

/* One more package, empty but for its texts being ""; ERR_LIMIT. */
int packagedb_add(
	struct packages *p, struct package **out, struct err *e) must_check nonnull;

/* path without a leading '/'. */
void packagedb_add_path(
	struct packages *p, const char *path, size_t len, size_t owner) nonnull;

/* A copy in the arena; "" for nothing. */
const char *packagedb_text(struct packages *p, struct bytes value) must_check nonnull;

/* Decimal digits at the start of a text. */
uint64_t packagedb_number(struct bytes text) must_check;

/* The readers: 1 when the tree has no such database. */
int packagedb_dpkg(int root_dir, struct packages *p, struct err *e) must_check nonnull;
int packagedb_apk(int root_dir, struct packages *p, struct err *e) must_check nonnull;
int packagedb_pacman(int root_dir, struct packages *p, struct err *e) must_check nonnull;
int packagedb_rpm(int root_dir, struct packages *p, struct err *e) must_check nonnull;

/* The bytes of an rpmdb.sqlite or a Packages.db. */
int packagedb_rpm_parse(struct bytes file, struct packages *p, struct err *e) must_check
	nonnull_args(2, 3);

#endif
