/* catalog_keep.h -- pins, builds that leave, and what goes with them.
 * Rules   as catalog.h; what changes a build marks its image dirty */
#ifndef INDEXER_CATALOG_KEEP_H
#define INDEXER_CATALOG_KEEP_H

#include "indexer/catalog.h"

int catalog_pin_put(struct catalog *c, int64_t build, int64_t now_s, const char *message,
	struct err *e) must_check nonnull;
int catalog_pin_drop(struct catalog *c, int64_t build, struct err *e) must_check nonnull;

/* No index names it any more; `generation` is the last that may. */
int catalog_build_withdraw(struct catalog *c, int64_t build, bool retired, int64_t now_s,
	int64_t generation, struct err *e) must_check nonnull;

/* Offered again. */
int catalog_build_restore(
	struct catalog *c, int64_t build, struct err *e) must_check nonnull;

/* Until when is any `current` good that was signed for this generation or an older one?
 * 0 when there is none. */
int catalog_expiry_until(struct catalog *c, int64_t generation, int64_t *out,
	struct err *e) must_check nonnull;

/* Bytes of all its files, and of those that no other build has. */
int catalog_build_bytes(struct catalog *c, int64_t build, uint64_t *all, uint64_t *own,
	struct err *e) must_check nonnull;

/* Generations that list it. */
int catalog_build_walk_generations(struct catalog *c, int64_t build,
	int (*each)(int64_t generation, void *ctx, struct err *e), void *ctx,
	struct err *e) must_check nonnull_args(1, 3, 5);

/* Forgets the build, its files, its OCI rows, its pin; and objects of no file. */
int catalog_build_drop(
	struct catalog *c, int64_t build, struct err *e) must_check nonnull;

/* Signings that expired before `before_s`, but the newest: forgotten. */
int catalog_signing_sweep(
	struct catalog *c, int64_t before_s, struct err *e) must_check nonnull;

/* Notes since when each document is unused. */
int catalog_document_mark(
	struct catalog *c, int64_t now_s, struct err *e) must_check nonnull;

/* Unused since before_s or longer. */
int catalog_document_walk_unused(struct catalog *c, int64_t before_s,
	int (*each)(const struct digest *sha256, uint64_t size, void *ctx, struct err *e),
	void *ctx, struct err *e) must_check nonnull_args(1, 3, 5);
int catalog_document_drop_unused(
	struct catalog *c, int64_t before_s, struct err *e) must_check nonnull;

#endif
