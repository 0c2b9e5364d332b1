/* varint.h -- whole numbers in as few bytes as they need.
 * Shape   LEB128: seven bits a byte, lowest first, the high bit says that more follow;
 *         signed ones zigzag (0 -1 1 -2 ...). Only the shortest form is taken
 * Errors  ERR_PARSE for a truncated, overlong or too large number */
#ifndef LIB_MODEL_VARINT_H
#define LIB_MODEL_VARINT_H

#include "lib/base/buf.h"

void varint_add(struct buf *out, uint64_t value) nonnull;
void varint_add_signed(struct buf *out, int64_t value) nonnull;

/* Takes one from the front of `in`. */
int varint_take(
	struct bytes *in, uint64_t max, uint64_t *out, struct err *e) must_check nonnull;
int varint_take_signed(struct bytes *in, int64_t *out, struct err *e) must_check nonnull;

/* Takes len bytes from the front of `in`. */
int varint_take_bytes(struct bytes *in, uint64_t len, struct bytes *out,
	struct err *e) must_check nonnull;

#endif
