/* zst.h -- zstd frames. The only file that knows libzstd.
 * Shape   one independent frame per block of input, with content size and checksum; a
 *         file is frames one after another; the decoder takes one or more frames and
 *         nothing else
 * Bounds  the decoder's window is at most 128 MiB (windowLog 27)
 * Source  RFC 8878 */
#ifndef LIB_ADAPT_ZST_H
#define LIB_ADAPT_ZST_H

#include "lib/base/buf.h"
#include "lib/base/reader.h"

/* Appends one frame. level 1..19. The same input and level give the same bytes. */
int zst_encode(
	struct bytes raw, int level, struct buf *out, struct err *e) must_check nonnull;

/* Is it one whole frame that says it holds so many bytes? Nothing is decoded. */
bool zst_frame_holds(struct bytes frame, size_t raw_len) must_check;

/* The library's version: another one may compress otherwise. */
const char *zst_library(void);

/* Decodes a small document whole; out's ceiling bounds it. */
int zst_decode(struct bytes in, struct buf *out, struct err *e) must_check nonnull;

/* One frame that may refer to `prefix`, without content size and checksum: for who
 * keeps both elsewhere. */
int zst_encode_prefix(struct bytes raw, struct bytes prefix, int level, struct buf *out,
	struct err *e) must_check nonnull;

/* Appends what the one frame holds, which must be raw_len bytes. */
int zst_decode_prefix(struct bytes frame, struct bytes prefix, size_t raw_len,
	struct buf *out, struct err *e) must_check nonnull;

struct zst_reader;

/* Decodes a stream; ERR_PARSE on damage, truncation or trailing bytes that are no frame.
 */
int zst_open(const struct reader *in, struct zst_reader **out,
	struct err *e) must_check nonnull;
struct reader zst_as_reader(struct zst_reader *z) nonnull;
void zst_close(struct zst_reader **z) nonnull;
#define auto_zst with_cleanup(zst_close)

#endif
