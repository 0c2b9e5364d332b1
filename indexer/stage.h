/* stage.h -- P3b: decides every byte of the next generation and commits it as staged. */
#ifndef INDEXER_STAGE_H
#define INDEXER_STAGE_H

#include "indexer/notary.h"
#include "indexer/plan.h"

int stage_generation(struct yard *y, struct notary *n, struct plan *plan,
	struct err *e) must_check nonnull;

/* Signs a payload of `current` and stages it as its version; within a transaction. */
int stage_current(struct yard *y, struct notary *n, const struct current *c,
	struct err *e) must_check nonnull;

#endif
