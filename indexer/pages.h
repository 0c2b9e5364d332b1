/* pages.h -- P5b: the pages and JSON of every dirty image and its distribution, after the
 * switch.
 * Rules   may be done again from the start: they follow from the catalog, and what is
 *         there already is left alone; costs what the dirty images cost
 * Owns    nothing; text is borrowed until `page` returns */
#ifndef INDEXER_PAGES_H
#define INDEXER_PAGES_H

#include "indexer/yard.h"

typedef int pages_page(const char *path, struct bytes text, void *ctx, struct err *e);

int pages_write(struct yard *y, struct err *e) must_check nonnull;

/* Makes the pages of every image that is listed, as of this generation. */
int pages_walk(struct yard *y, const struct catalog_generation *g, pages_page *page,
	void *ctx, struct err *e) must_check nonnull_args(1, 2, 3, 5);

#endif
