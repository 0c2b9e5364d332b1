/* deltapiece.h -- one piece of a file, told by what an older file holds.
 * Shape   a method (one byte) and a payload; whole, prefix: the piece compressed, alone or
 *         behind the base; bsdiff: three streams; regzip: a recipe and the contents, which are
 *         told by one of the others against the contents of the base. docs/FORMAT.md
 * Bounds  piece, base and the contents of both at most DELTA_PIECE_MAX
 * Errors  ERR_PARSE for what does not fit its base or its length, ERR_LIMIT beyond bounds.
 *         That the result is the right one only its digest says, which the caller has */
#ifndef LIB_MODEL_DELTAPIECE_H
#define LIB_MODEL_DELTAPIECE_H

#include "lib/base/buf.h"

#define DELTA_PIECE_MAX (16U << 20)
#define DELTA_SLACK     4096U /* no payload is longer than the piece stored, and this */

enum delta_codec {
	DELTA_STORED = 0,
	DELTA_ZSTD = 1,
	DELTA_LZMA = 2,
};

enum delta_kind {
	DELTA_WHOLE = 0,
	DELTA_PREFIX = 1,
	DELTA_BSDIFF = 2,
	DELTA_REGZIP = 3,
};

/* method = kind | codec << 4; the codec of bsdiff and regzip is 0: their parts say theirs
 */
#define DELTA_METHOD(kind, codec) ((unsigned char)((kind) | (codec) << 4))

/* For the publisher (deltamake.c): the smallest payload of all methods is appended. */
int deltapiece_make(struct bytes piece, struct bytes base, unsigned char *method,
	struct buf *payload, struct err *e) must_check nonnull;

/* Appends the piece, which must come out with piece_len bytes. */
int deltapiece_apply(unsigned char method, struct bytes payload, struct bytes base,
	size_t piece_len, struct buf *out, struct err *e) must_check nonnull;

/* What the container compresses in the same way: with the smallest codec; and back. */
int delta_pack(struct bytes raw, struct bytes prefix, enum delta_codec *codec,
	struct buf *out, struct err *e) must_check nonnull;
int delta_unpack(enum delta_codec codec, struct bytes in, struct bytes prefix,
	size_t raw_len, struct buf *out, struct err *e) must_check nonnull;

#endif
