/* import.h -- a foreign tarball, OCI image or squashfs becomes a build, without a recipe.
 * Shape   the result is a directory like those in incoming/, which is then admitted as
 *         all others are: same dialect, same policy, same checks
 * Rules   runs as an ordinary user; nothing is unpacked: owners come from the archive's
 *         headers, contents lie in one unnamed file
 * Errors  ERR_PARSE, ERR_LIMIT, ERR_UNTRUSTED (a blob of an OCI image), ERR_NOTFOUND (no
 *         sqfs2tar, no image of the architecture)
 * Owns    nothing */
#ifndef INDEXER_IMPORT_H
#define INDEXER_IMPORT_H

#include "indexer/yard.h"
#include "lib/model/pack.h"

#define IMPORT_DIR "import.tmp.d" /* in staging/ */

struct import {
	struct image image;
	const char *serial; /* "": now, or the next free minute */
	const char *origin; /* the URL of the server that publishes it, or NULL */
	const char *file;   /* tarball, OCI archive, OCI layout directory, squashfs */
	struct pack_options pack;
};

struct imported {
	char *dir;     /* what is to be admitted; the caller frees it */
	char kind[48]; /* "a tarball (xz)", "an OCI archive", "a squashfs" */
	uint64_t entries, left_out;
};
void imported_release(struct imported *i) nonnull;
#define auto_imported with_cleanup(imported_release)

int import_build(struct yard *y, const struct import *in, struct imported *out,
	struct err *e) must_check nonnull;

/* Removes what import_build made. */
int import_clean(struct yard *y, struct err *e) must_check nonnull;

#endif
