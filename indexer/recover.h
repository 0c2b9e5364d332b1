/* recover.h -- what every writing command does first: finish or undo what was
 * interrupted.
 * Source  security chapter section 8, "Start-up" */
#ifndef INDEXER_RECOVER_H
#define INDEXER_RECOVER_H

#include "indexer/yard.h"

struct recovered {
	unsigned int removed; /* leftovers */
	int64_t generation;   /* finished, or 0 */
	int64_t version;      /* of `current`, finished, or 0 */
};

int recover_yard(struct yard *y, struct recovered *out, struct err *e) must_check nonnull;

#endif
