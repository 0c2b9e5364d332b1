/* import_oci.h -- the layers of an OCI image become one tree.
 * Shape   an image layout: oci-layout, index.json, blobs/sha256/HEX; in a directory or in
 *         a tar that was read into a tree
 * Rules   every blob is compared with size and digest of the descriptor that names it; of
 *         several images the one of the architecture asked for; layers are tar, gzip or
 *         zstd, never xz
 * Errors  ERR_UNTRUSTED, ERR_NOTFOUND when no image fits, ERR_PARSE
 * Source  OCI Image Format Specification 1.1: image-layout, index, manifest, layer */
#ifndef INDEXER_IMPORT_OCI_H
#define INDEXER_IMPORT_OCI_H

#include "indexer/importtree.h"

struct import_layout {
	int dir_fd;              /* the layout's directory, or -1: */
	struct importtree *tree; /* then the tar that holds it */
};

/* Is there an image layout in it? */
bool import_oci_is(const struct import_layout *l) nonnull_args(1);

/* arch: Debian style. Fills out, which is not finished yet. */
int import_oci(const struct import_layout *l, const char *arch, struct importtree *out,
	struct err *e) must_check nonnull;

#endif
