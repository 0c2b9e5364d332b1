#include "lib/adapt/zst.h"

#include <zstd.h>

#define IN_SIZE        ((size_t)256 << 10)
#define MAGIC_SIZE     4
#define WINDOW_LOG_MAX 27

static ZSTD_CCtx *encoder(int level)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();

	if (!c)
		err_abort("out of memory");
	ZSTD_CCtx_setParameter(c, ZSTD_c_compressionLevel, level);
	return c;
}

/* One frame; takes the encoder. */
static int compress_all(ZSTD_CCtx *c, struct bytes raw, struct buf *out, struct err *e)
{
	size_t bound = ZSTD_compressBound(raw.len);
	auto_free void *frame = xmalloc(bound);
	size_t n = ZSTD_compress2(c, frame, bound, raw.data, raw.len);

	ZSTD_freeCCtx(c);
	if (ZSTD_isError(n))
		return err_set(
			e, ERR_FAILED, "cannot compress: %s", ZSTD_getErrorName(n));
	buf_add(out, frame, n);
	return buf_check(out, "compressed data", e);
}

int zst_encode(struct bytes raw, int level, struct buf *out, struct err *e)
{
	if (level < 1 || level > 19)
		return err_set(e, ERR_USAGE, "zstd level %d: not within 1..19", level);

	ZSTD_CCtx *c = encoder(level);

	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	return compress_all(c, raw, out, e);
}

bool zst_frame_holds(struct bytes frame, size_t raw_len)
{
	return ZSTD_findFrameCompressedSize(frame.data, frame.len) == frame.len &&
	       ZSTD_getFrameContentSize(frame.data, frame.len) == raw_len;
}

const char *zst_library(void)
{
	return ZSTD_versionString();
}

/* The window holds prefix and result, so that all of both can be referred to. */
static int window_log(size_t len)
{
	int log = 10;

	while (log < WINDOW_LOG_MAX && ((size_t)1 << log) < len + 1024)
		log++;
	return log;
}

int zst_encode_prefix(
	struct bytes raw, struct bytes prefix, int level, struct buf *out, struct err *e)
{
	ZSTD_CCtx *c = encoder(level);

	ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
	ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log(raw.len + prefix.len));
	if (prefix.len) {
		ZSTD_CCtx_setParameter(c, ZSTD_c_enableLongDistanceMatching, 1);
		ZSTD_CCtx_refPrefix(c, prefix.data, prefix.len);
	}
	return compress_all(c, raw, out, e);
}

int zst_decode_prefix(struct bytes frame, struct bytes prefix, size_t raw_len,
	struct buf *out, struct err *e)
{
	ZSTD_DCtx *d = ZSTD_createDCtx();
	unsigned char *to = buf_reserve(out, raw_len + 1);
	size_t n, whole;

	if (!d)
		err_abort("out of memory");
	ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	if (prefix.len)
		ZSTD_DCtx_refPrefix(d, prefix.data, prefix.len);
	whole = ZSTD_findFrameCompressedSize(frame.data, frame.len);
	/* a byte more than there should be: what is longer does not pass for it */
	n = !to || ZSTD_isError(whole)
		    ? 0
		    : ZSTD_decompressDCtx(d, to, raw_len + 1, frame.data, frame.len);
	ZSTD_freeDCtx(d);
	if (!to)
		return buf_check(out, "decompressed data", e);
	if (ZSTD_isError(whole) || whole != frame.len)
		return err_set(e, ERR_PARSE, "zstd: not one whole frame");
	if (ZSTD_isError(n))
		return err_set(e, ERR_PARSE, "zstd: %s", ZSTD_getErrorName(n));
	if (n != raw_len)
		return err_set(
			e, ERR_PARSE, "zstd: %zu bytes instead of %zu", n, raw_len);
	buf_grew(out, raw_len);
	return 0;
}

struct zst_reader {
	struct reader in;
	ZSTD_DCtx *dctx;
	ZSTD_inBuffer have; /* into chunk */
	bool in_ended;
	bool in_frame;
	bool any_frame;
	unsigned char chunk[IN_SIZE];
};

/* Keeps what is left and reads more behind it. */
static int refill(struct zst_reader *z, struct err *e)
{
	size_t left = z->have.size - z->have.pos;

	memmove(z->chunk, z->chunk + z->have.pos, left);
	z->have = (ZSTD_inBuffer){ z->chunk, left, 0 };

	ssize_t n = reader_read(&z->in, z->chunk + left, IN_SIZE - left, e);

	if (n < 0)
		return -1;
	z->in_ended = n == 0;
	z->have.size += (size_t)n;
	return 0;
}

/* Zstandard frames and skippable frames; the library would also take its formats from
 * before 1.0, whose decoders nobody tests any more. */
static bool is_frame_magic(const unsigned char *p)
{
	uint32_t magic = bytes_le32(p);

	return magic == ZSTD_MAGICNUMBER ||
	       (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

/* 1 when a frame begins here, 0 at the proper end of the input. */
static int frame_begin(struct zst_reader *z, struct err *e)
{
	while (z->have.size - z->have.pos < MAGIC_SIZE && !z->in_ended)
		if (refill(z, e) < 0)
			return -1;

	size_t left = z->have.size - z->have.pos;

	if (left == 0 && z->any_frame)
		return 0;
	if (left == 0)
		return err_set(e, ERR_PARSE, "zstd: no data");
	if (left < MAGIC_SIZE || !is_frame_magic(z->chunk + z->have.pos))
		return err_set(e, ERR_PARSE, "zstd: %s",
			z->any_frame ? "trailing bytes that are no frame"
				     : "not a zstd frame");
	z->in_frame = z->any_frame = true;
	return 1;
}

static ssize_t zst_read(void *ctx, void *buf, size_t size, struct err *e)
{
	struct zst_reader *z = ctx;
	ZSTD_outBuffer out = { buf, size, 0 };

	while (out.pos < out.size) {
		if (!z->in_frame) {
			int more = frame_begin(z, e);

			if (more < 0)
				return -1;
			if (more == 0)
				break;
		}

		size_t before = z->have.pos, made = out.pos;
		size_t r = ZSTD_decompressStream(z->dctx, &out, &z->have);

		if (ZSTD_isError(r))
			return err_set(e, ERR_PARSE, "zstd: %s", ZSTD_getErrorName(r));
		z->in_frame = r != 0;
		if (r == 0 || z->have.pos != before || out.pos != made)
			continue;
		if (z->in_ended)
			return err_set(e, ERR_PARSE, "zstd: truncated");
		if (refill(z, e) < 0)
			return -1;
	}
	return (ssize_t)out.pos;
}

int zst_open(const struct reader *in, struct zst_reader **out, struct err *e)
{
	struct zst_reader *z = xcalloc(1, sizeof(*z));

	(void)e;
	z->in = *in;
	z->have.src = z->chunk;
	z->dctx = ZSTD_createDCtx();
	if (!z->dctx)
		err_abort("out of memory");
	ZSTD_DCtx_setParameter(z->dctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	*out = z;
	return 0;
}

struct reader zst_as_reader(struct zst_reader *z)
{
	return (struct reader){ .read = zst_read, .ctx = z };
}

void zst_close(struct zst_reader **z)
{
	if (!*z)
		return;
	ZSTD_freeDCtx((*z)->dctx);
	free(STEAL(*z));
}

static ssize_t read_slice(void *ctx, void *buf, size_t size, struct err *e)
{
	struct bytes *rest = ctx;
	size_t n = size < rest->len ? size : rest->len;

	(void)e;
	if (n > 0)
		memcpy(buf, rest->data, n);
	*rest = bytes_of(rest->data + n, rest->len - n);
	return (ssize_t)n;
}

int zst_decode(struct bytes in, struct buf *out, struct err *e)
{
	struct reader slice = { .read = read_slice, .ctx = &in };
	auto_zst struct zst_reader *z = NULL;
	auto_free unsigned char *chunk = xmalloc(IN_SIZE);

	if (zst_open(&slice, &z, e) < 0)
		return -1;
	for (;;) {
		ssize_t n = zst_read(z, chunk, IN_SIZE, e);

		if (n <= 0)
			return (int)n;
		buf_add(out, chunk, (size_t)n);
		if (buf_check(out, "decompressed data", e) < 0)
			return -1;
	}
}
