/* publish.h -- P3b to P6: one generation, staged in the catalog, written, and switched
 * to.
 * Rules   all texts and signatures are decided and committed before the first file is
 *         written, so that whatever a kill leaves is finished from the catalog alone,
 *         with the same bytes; the rename of .live is the only visible step
 * Errors  ERR_UNTRUSTED when a signature read back from disk does not verify
 * Source  security chapter section 8 */
#ifndef INDEXER_PUBLISH_H
#define INDEXER_PUBLISH_H

#include "indexer/notary.h"
#include "indexer/plan.h"

/* Stages, writes, switches, finishes. */
int publish_run(struct yard *y, struct notary *n, struct plan *plan,
	struct err *e) must_check nonnull;

/* Finishes the staged generation: 1 it did, 0 there is none. */
int publish_resume(struct yard *y, int64_t *number, struct err *e) must_check nonnull;

/* Signs `current` anew: same generation, next version, new expiry. */
int publish_refresh(struct yard *y, struct notary *n, struct catalog_signing *out,
	struct err *e) must_check nonnull;

/* Finishes a staged refresh: 1 it did, 0 there is none. */
int publish_refresh_resume(
	struct yard *y, int64_t *version, struct err *e) must_check nonnull;

/* Removes a generation that is not live: its row, then its directory. */
int publish_drop(struct yard *y, int64_t number, struct err *e) must_check nonnull;

#endif
