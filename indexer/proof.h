/* proof.h -- does the catalog make again, byte by byte, what is published?
 * Rules   every emitter is run for the live generation, at the time that the caller gives
 *         the yard; the plan is of that generation
 * Owns    nothing */
#ifndef INDEXER_PROOF_H
#define INDEXER_PROOF_H

#include "indexer/plan.h"

typedef void proof_differs(const char *path, const char *sentence, void *ctx);

/* The indexes of the generation: `differs` is told of each that is another. */
int proof_indexes(struct yard *y, const struct plan *plan, proof_differs *differs,
	void *ctx, struct err *e) must_check nonnull_args(1, 2, 3, 5);

/* The image documents, and the catalog of images that `want` is the digest of. */
int proof_documents(struct yard *y, const struct plan *plan, const struct digest *want,
	proof_differs *differs, void *ctx, struct err *e) must_check
	nonnull_args(1, 2, 3, 4, 6);

#endif
