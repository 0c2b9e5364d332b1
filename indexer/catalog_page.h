/* catalog_page.h -- what pages tell, read from the catalog.
 * Rules   as catalog.h */
#ifndef INDEXER_CATALOG_PAGE_H
#define INDEXER_CATALOG_PAGE_H

#include "indexer/emit_page.h"

/* Every build of an image that is not held back, newest first. */
int catalog_past_walk(struct catalog *c, int64_t image,
	int (*each)(const struct emit_past *p, void *ctx, struct err *e), void *ctx,
	struct err *e) must_check nonnull_args(1, 3, 5);

/* The images of a distribution that have an active build; state and release are the
 * site's to say. */
int catalog_distro_walk(struct catalog *c, const char *distro,
	int (*each)(const struct emit_row *r, void *ctx, struct err *e), void *ctx,
	struct err *e) must_check nonnull_args(1, 2, 3, 5);

/* Images whose pages must be written anew, also those without a build. */
int catalog_dirty_walk(struct catalog *c,
	int (*each)(int64_t id, const struct image *i, void *ctx, struct err *e),
	void *ctx, struct err *e) must_check nonnull_args(1, 2, 4);

#endif
