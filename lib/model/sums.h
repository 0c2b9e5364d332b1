/* sums.h -- SHA256SUMS: "HEX  NAME" lines, as sha256sum -c and systemd-pull read them.
 * Source  sha256sum(1); protocols chapter section 4 */
#ifndef LIB_MODEL_SUMS_H
#define LIB_MODEL_SUMS_H

#include "lib/adapt/digest.h"
#include "lib/base/buf.h"

void sums_line(struct buf *out, const struct digest *d, const char *name) nonnull;

/* 1 a line, 0 the end, -1 ERR_PARSE; name borrows from text. */
int sums_next(struct bytes *text, struct digest *d, struct bytes *name,
	struct err *e) must_check nonnull;

#endif
