/* sumsfile.h -- the sha256 of one file in a list of checksums.
 * In      `HEX  NAME`, `HEX *NAME`, `SHA256 (NAME) = HEX`, or one digest alone; a NAME may
 *         lie in directories, its last component counts
 * Errors  ERR_UPSTREAM when it is not listed, or with two different digests
 * Source  sha256sum(1), cksum(1) --tag */
#ifndef BUILDER_SUMSFILE_H
#define BUILDER_SUMSFILE_H

#include "lib/adapt/digest.h"

/* Parses in a confined child. list: how errors call it. */
int sumsfile_find(struct bytes text, const char *list, const char *name,
	struct digest *out, struct err *e) must_check nonnull;

/* The same in this process: for text that is trusted, and tests. */
int sumsfile_parse(struct bytes text, const char *list, const char *name,
	struct digest *out, struct err *e) must_check nonnull;

#endif
