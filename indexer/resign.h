/* resign.h -- the .asc beside files that never change, by another key.
 * Rules   a file is signed only when it still is what the catalog says; one rename a
 *         signature, so that readers see the old or the new; a build is marked when all
 *         of it is done and synced; a build that cannot be signed does not keep the
 *         others from it
 * Errors  the first build's that could not */
#ifndef INDEXER_RESIGN_H
#define INDEXER_RESIGN_H

#include "indexer/notary.h"

/* Called for each build whose .asc changed hands, and with why one could not. */
struct resign_report {
	void (*step)(uint64_t done, uint64_t all, void *ctx);
	void (*spoilt)(const struct err *why, void *ctx);
	void *ctx;
};

/* Every build whose .asc are not by this key; the root must trust it. */
int resign_builds(struct yard *y, const char *fpr, const struct resign_report *r,
	struct err *e) must_check nonnull;

#endif
