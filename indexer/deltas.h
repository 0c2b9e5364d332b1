/* deltas.h -- which deltas a publication wants, and how one joins its build.
 * Shape   images/.../SERIAL/from-<serial of the base>.delta, named in the image document
 * Rules   site.yaml's `deltas` says from how many builds back; none when both trees are equal,
 *         and none above site.yaml's `delta_percent` of the full download. A delta is made in
 *         staging/, appears by one rename, and is in the catalog in the transaction that drops its
 *         intent
 * Errors  as of deltafile.h; one that cannot be made stops nothing else */
#ifndef INDEXER_DELTAS_H
#define INDEXER_DELTAS_H

#include "indexer/plan.h"
#include "lib/base/out.h"

struct delta_made {
	struct image image;
	char serial[SERIAL_MAX], base[SERIAL_MAX];
	uint64_t size, full; /* size 0: it would not pay */
};

/* The delta that makes one build of another. */
int deltas_make(struct yard *y, const struct image *image, int64_t build,
	const char *serial, const struct catalog_before *base, struct delta_made *out,
	struct err *e) must_check nonnull;

/* Those that the plan's new builds lack, each announced on `out`. */
int deltas_run(struct yard *y, const struct plan *plan, struct out *out,
	struct err *e) must_check nonnull;

#endif
