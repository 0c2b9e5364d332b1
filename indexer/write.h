/* write.h -- what was staged, from the catalog to the disk (P4), and read back. */
#ifndef INDEXER_WRITE_H
#define INDEXER_WRITE_H

#include "indexer/notary.h"

/* Documents that wait in the catalog, and their .zst companions, to meta/2/objects. */
int write_documents(struct yard *y, struct err *e) must_check nonnull;

/* The companion of a document, as bytes; path: for the sentence. */
int write_companion(const char *path, struct bytes text, struct buf *out,
	struct err *e) must_check nonnull;

/* .gen/N, complete and checked. */
int write_generation(struct yard *y, struct notary *n, int64_t number,
	struct err *e) must_check nonnull;

/* Every signature of the directory `base` (".gen/N" in public/) and of the documents its
 * `current` names. */
int write_check(struct yard *y, struct notary *n, const char *base,
	struct err *e) must_check nonnull;

#endif
