/* deflate.h -- a deflate stream as contents and a recipe that makes the same bytes again.
 * Shape   contents, and per block its kind and how many symbols it holds; which symbols
 *         follows from the contents by the search that zlib and GNU gzip share
 * Rules   the encoder is ours alone: a stream that came out once comes out for ever,
 *         whatever library stands beside us. The reader proves nothing by itself: who
 *         needs the bytes encodes and compares
 * Bounds  contents of at most DEFLATE_CONTENT_MAX bytes, DEFLATE_BLOCKS_MAX blocks
 * Errors  ERR_PARSE for a stream or a recipe that is none, ERR_LIMIT beyond the bounds
 * Source  RFC 1951 */
#ifndef LIB_MODEL_DEFLATE_H
#define LIB_MODEL_DEFLATE_H

#include "lib/base/buf.h"

#define DEFLATE_CONTENT_MAX (16U << 20)
#define DEFLATE_BLOCKS_MAX  65536U
#define DEFLATE_LEVEL_MAX   9

enum deflate_kind {
	DEFLATE_STORED = 0,
	DEFLATE_FIXED = 1,
	DEFLATE_DYNAMIC = 2,
};

struct deflate_block {
	enum deflate_kind kind;
	uint32_t count; /* bytes of a stored block, else symbols (its end not counted) */
};

struct deflate_blocks {
	struct deflate_block *block;
	size_t count, room;
};

void deflate_blocks_release(struct deflate_blocks *b) nonnull;
#define auto_deflate_blocks with_cleanup(deflate_blocks_release)

/* Appends a block; ERR_LIMIT beyond DEFLATE_BLOCKS_MAX. */
int deflate_blocks_add(struct deflate_blocks *b, struct deflate_block block,
	struct err *e) must_check nonnull;

/* How the search behaved. */
struct deflate_search {
	unsigned int level; /* 1..DEFLATE_LEVEL_MAX */
	bool is_gzip;       /* near the end GNU gzip looks behind it, zlib does not */
};

/* Reads one stream from the beginning of `in`: contents and blocks are appended, *used
 * is how many bytes it took. */
int deflate_read(struct bytes in, struct buf *content, struct deflate_blocks *out,
	size_t *used, struct err *e) must_check nonnull;

/* Appends the stream that this search makes of the contents, cut into these blocks.
 * ERR_PARSE when the blocks do not cover the contents. */
int deflate_write(struct bytes content, const struct deflate_search *search,
	const struct deflate_blocks *blocks, struct buf *out,
	struct err *e) must_check nonnull;

#endif
