/* swap.h -- a new catalog in the place of the one that is there.
 * Shape   catalog.db.new while it is made, catalog.db.old for the one before
 * Rules   one rename decides: before it the old one counts, after it the new one; a log of
 *         the old one is never replayed into the new one
 * Errors  ERR_CONFLICT when the one that is there knows all that is published */
#ifndef INDEXER_SWAP_H
#define INDEXER_SWAP_H

#include "indexer/yard.h"

/* Is there one that is whole and of the published generation (or unreadable for another
 * reason than damage)? Its log is brought home on the way. */
int swap_check_old(struct yard *y, struct err *e) must_check nonnull;

/* A new empty one, as the yard's. */
int swap_begin(struct yard *y, struct err *e) must_check nonnull;

/* Takes its place; the yard has none afterwards. */
int swap_commit(struct yard *y, struct err *e) must_check nonnull;

/* Throws it away. */
void swap_cancel(struct yard *y) nonnull;

#endif
