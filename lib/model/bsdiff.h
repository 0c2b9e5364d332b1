/* bsdiff.h -- the difference of two versions of an executable.
 * Shape   three streams: control (varints: bytes that differ slightly, bytes that are new, and
 *         how far to move in the base, zigzag), difference (result minus base, bytewise), extra
 * Bounds  base and result at most BSDIFF_MAX bytes; applying reads and writes within both
 * Errors  ERR_PARSE for a difference that does not fit its base or its result
 * Source  C. Percival, "Naive differences of executable code", 2003 */
#ifndef LIB_MODEL_BSDIFF_H
#define LIB_MODEL_BSDIFF_H

#include "lib/base/buf.h"

#define BSDIFF_MAX (16U << 20)

struct bsdiff {
	struct buf control, difference, extra;
};

#define BSDIFF_INIT                                                                      \
	{                                                                                \
		.control = BUF_INIT(2 * BSDIFF_MAX), .difference = BUF_INIT(BSDIFF_MAX), \
		.extra = BUF_INIT(BSDIFF_MAX)                                            \
	}

void bsdiff_release(struct bsdiff *d) nonnull;
#define auto_bsdiff with_cleanup(bsdiff_release)

/* bsdiff.c, for the publisher alone: the difference that makes result of base. */
int bsdiff_make(struct bytes base, struct bytes result, struct bsdiff *out,
	struct err *e) must_check nonnull;

/* bspatch.c: appends the result, which must come out with this many bytes. */
int bsdiff_apply(struct bytes base, struct bytes control, struct bytes difference,
	struct bytes extra, size_t result_len, struct buf *out,
	struct err *e) must_check nonnull;

#endif
