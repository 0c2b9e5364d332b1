/* packagelist.h -- packages.json: what is installed in an image.
 * Shape   {"schema":1,"kind":"dpkg","packages":[{"name","version","arch","source",
 *         "source_version","section","installed_size"[,"license"]},...]}, sorted by name, then
 *         architecture; kind is "" where no known database is
 * Bounds  16 MiB, 20,000 packages, 255 bytes a field
 * Errors  ERR_PARSE, ERR_LIMIT
 * Owns    a parsed list's arena owns everything */
#ifndef LIB_MODEL_PACKAGELIST_H
#define LIB_MODEL_PACKAGELIST_H

#include "lib/base/arena.h"
#include "lib/base/buf.h"

#define PACKAGELIST_BYTES_MAX (16U << 20)
#define PACKAGELIST_MAX       20000

struct package {
	const char *name, *version, *arch, *source, *source_version, *section;
	uint64_t installed_size; /* bytes */
	const char *license;     /* as its packager wrote it; "" or NULL: not known */
};

struct packagelist {
	struct arena arena;
	const char *kind;
	const struct package *item;
	size_t count;
};

void packagelist_release(struct packagelist *l) nonnull;
#define auto_packagelist with_cleanup(packagelist_release)

/* Hostile input: name, version and arch are one printable line each. */
int packagelist_parse(
	struct bytes json, struct packagelist *out, struct err *e) must_check nonnull;

/* The same packages give the same bytes. */
int packagelist_format(const char *kind, const struct package *item, size_t count,
	struct buf *out, struct err *e) must_check nonnull_args(1, 4, 5);

#endif
