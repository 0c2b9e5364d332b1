/* emission.h -- every emitter over what a plan lists: one pass over the catalog.
 * Rules   the same plan and catalog give the same files, in the order of the table
 * Bounds  each text EMIT_INDEX_MAX; what is remembered of an image goes with it
 * Errors  ERR_LIMIT names the file that grew too large */
#ifndef INDEXER_EMISSION_H
#define INDEXER_EMISSION_H

#include "indexer/plan.h"

/* text is borrowed until `file` returns. */
typedef int emission_file(
	const struct emit_file *file, struct bytes text, void *ctx, struct err *e);

int emission_run(struct yard *y, const struct plan *plan, emission_file *file, void *ctx,
	struct err *e) must_check nonnull_args(1, 2, 3, 5);

/* The root key that a new client is told: the first root's, which never changes. */
int emission_root(
	const struct yard *y, char out[FPR_MAX], struct err *e) must_check nonnull;

/* The clients that get nothing for want of a base_url: "aplinfo, wsl"; "" when none. */
void emission_skipped(const struct site *site, struct buf *out) nonnull;

#endif
