/* treediff.h -- what differs between two trees, entry by entry.
 * Shape   one line each: "- path" only in the first, "+ path" only in the second,
 *         "! path: content, mode 0644 -> 0600, ..." in both; sorted by path
 * Owns    nothing */
#ifndef BUILDER_TREEDIFF_H
#define BUILDER_TREEDIFF_H

#include "lib/model/manifest.h"

/* Appends the lines; returns how many. */
size_t treediff(const struct manifest *a, const struct manifest *b,
	struct buf *out) must_check nonnull;

#endif
