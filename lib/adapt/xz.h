/* xz.h -- .xz in independent blocks. The only file that knows liblzma.
 * Shape   stream header, blocks (each with both sizes in its header and a CRC64 check),
 *         index, footer; a block's bytes depend on its input and level alone, so that
 *         they may be made by any thread, or taken from last night's file
 * Source  The .xz File Format 1.1.0 */
#ifndef LIB_ADAPT_XZ_H
#define LIB_ADAPT_XZ_H

#include "lib/base/buf.h"
#include "lib/base/reader.h"

/* What the index needs to know of a finished block. */
struct xz_block {
	uint64_t unpadded_size; /* without the padding at its end */
	uint64_t uncompressed_size;
};

/* Appends one block (padded to 4). level 0..9. */
int xz_encode_block(struct bytes raw, int level, struct buf *out, struct xz_block *info,
	struct err *e) must_check nonnull;

/* Reads the info off one whole finished block; false: it is none. Its check is not looked
 * at. */
bool xz_block_read(struct bytes block, struct xz_block *info) must_check nonnull;

/* The library's version: another one may compress otherwise. */
const char *xz_library(void);

/* The stream around the blocks. */
struct xz_stream;
int xz_stream_begin(
	struct buf *out, struct xz_stream **stream, struct err *e) must_check nonnull;
int xz_stream_add(struct xz_stream *s, const struct xz_block *info,
	struct err *e) must_check nonnull;
int xz_stream_end(struct xz_stream *s, struct buf *out, struct err *e) must_check nonnull;
void xz_stream_free(struct xz_stream **s) nonnull;
#define auto_xz_stream with_cleanup(xz_stream_free)

/* A small document in one block. */
int xz_encode(
	struct bytes raw, int level, struct buf *out, struct err *e) must_check nonnull;

/* LZMA2 alone, without .xz around it, for who keeps size and digest elsewhere: level 9
 * extreme, a dictionary of XZ_RAW_MAX, and `prefix` stands before the data. */
#define XZ_RAW_MAX (16U << 20)
int xz_encode_raw(struct bytes raw, struct bytes prefix, struct buf *out,
	struct err *e) must_check nonnull;

/* Appends what it holds, which must be raw_len bytes. */
int xz_decode_raw(struct bytes in, struct bytes prefix, size_t raw_len, struct buf *out,
	struct err *e) must_check nonnull;

struct xz_reader;

/* Decodes one .xz stream with at most threads threads and 512 MiB; anything behind it is
 * an error. */
int xz_open(const struct reader *in, unsigned int threads, struct xz_reader **out,
	struct err *e) must_check nonnull;
struct reader xz_as_reader(struct xz_reader *x) nonnull;
void xz_close(struct xz_reader **x) nonnull;
#define auto_xz with_cleanup(xz_close)

#endif
