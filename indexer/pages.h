/* pages.h -- P5b: the pages and JSON of every dirty image and its distribution, after the
 * switch.
 * Rules   may be done again from the start: they follow from the catalog, and what is
 *         there already is left alone; costs what the dirty images cost */
#ifndef INDEXER_PAGES_H
#define INDEXER_PAGES_H

#include "indexer/yard.h"

int pages_write(struct yard *y, struct err *e) must_check nonnull;

#endif
