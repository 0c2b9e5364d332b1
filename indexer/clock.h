/* clock.h -- can this machine's clock be right, by what was published?
 * Rules   a clock behind the last publication makes what clients refuse; one at which
 *         everything published has expired may be far ahead: it would remove what is
 *         still asked for, and what it signs no true clock accepts or follows
 * Errors  ERR_AGAIN names both times */
#ifndef INDEXER_CLOCK_H
#define INDEXER_CLOCK_H

#include "indexer/yard.h"

/* Not before the last publication: clients refuse a `current` older than the one they
 * know. */
int clock_check(const struct yard *y, struct err *e) must_check nonnull;

/* And what is published is still good: before anything is removed by its age. */
int clock_check_fresh(const struct yard *y, struct err *e) must_check nonnull;

#endif
