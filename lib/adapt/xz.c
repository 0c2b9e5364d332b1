#include "lib/adapt/xz.h"

#include <lzma.h>

#define IN_SIZE      ((size_t)256 << 10)
#define MEMORY_LIMIT ((uint64_t)512 << 20)

static int xz_fail(struct err *e, const char *doing, lzma_ret r)
{
	static const struct {
		lzma_ret ret;
		enum err_code code;
		const char *text;
	} table[] = {
		{ LZMA_MEMLIMIT_ERROR, ERR_LIMIT, "needs more than 512 MiB of memory" },
		{ LZMA_FORMAT_ERROR, ERR_PARSE, "not an .xz stream" },
		{ LZMA_OPTIONS_ERROR, ERR_PARSE, "unsupported options" },
		{ LZMA_DATA_ERROR, ERR_PARSE, "damaged" },
		{ LZMA_BUF_ERROR, ERR_PARSE, "truncated" },
		{ LZMA_NO_CHECK, ERR_PARSE, "without an integrity check" },
		{ LZMA_UNSUPPORTED_CHECK, ERR_PARSE, "with an unknown integrity check" },
	};

	if (r == LZMA_MEM_ERROR)
		err_abort("out of memory");
	for (size_t i = 0; i < ARRAY_COUNT(table); i++)
		if (table[i].ret == r)
			return err_set(e, table[i].code, "%s: %s", doing, table[i].text);
	return err_set(e, ERR_FAILED, "%s: liblzma error %d", doing, (int)r);
}

/* The prefix counts against the dictionary: both must find room in it. */
static void raw_options(lzma_options_lzma *o, struct bytes prefix, size_t raw_len)
{
	size_t size = prefix.len + raw_len;

	if (lzma_lzma_preset(o, 9 | LZMA_PRESET_EXTREME))
		err_abort("liblzma without its presets");
	o->dict_size = size < LZMA_DICT_SIZE_MIN ? LZMA_DICT_SIZE_MIN : (uint32_t)size;
	o->preset_dict = prefix.len ? prefix.data : NULL;
	o->preset_dict_size = (uint32_t)prefix.len;
}

static bool raw_fits(struct bytes prefix, size_t raw_len)
{
	return prefix.len <= XZ_RAW_MAX && raw_len <= XZ_RAW_MAX;
}

int xz_encode_raw(struct bytes raw, struct bytes prefix, struct buf *out, struct err *e)
{
	lzma_options_lzma options;
	lzma_filter filters[] = {
		{ .id = LZMA_FILTER_LZMA2, .options = &options },
		{ .id = LZMA_VLI_UNKNOWN },
	};
	size_t room = raw.len + raw.len / 1024 + 1024, used = 0;
	auto_free unsigned char *bytes = xmalloc(room);

	if (!raw_fits(prefix, raw.len))
		return err_set(
			e, ERR_LIMIT, "cannot compress: more than %u bytes", XZ_RAW_MAX);
	raw_options(&options, prefix, raw.len);

	lzma_ret r = lzma_raw_buffer_encode(
		filters, NULL, raw.data, raw.len, bytes, &used, room);

	if (r != LZMA_OK)
		return xz_fail(e, "cannot compress", r);
	buf_add(out, bytes, used);
	return buf_check(out, "compressed data", e);
}

int xz_decode_raw(struct bytes in, struct bytes prefix, size_t raw_len, struct buf *out,
	struct err *e)
{
	lzma_options_lzma options;
	lzma_filter filters[] = {
		{ .id = LZMA_FILTER_LZMA2, .options = &options },
		{ .id = LZMA_VLI_UNKNOWN },
	};
	size_t in_pos = 0, out_pos = 0;
	unsigned char *to;

	if (!raw_fits(prefix, raw_len))
		return err_set(e, ERR_LIMIT, "cannot decompress: more than %u bytes",
			XZ_RAW_MAX);
	raw_options(&options, prefix, raw_len);
	to = buf_reserve(out, raw_len + 1);
	if (!to)
		return buf_check(out, "decompressed data", e);

	lzma_ret r = lzma_raw_buffer_decode(
		filters, NULL, in.data, &in_pos, in.len, to, &out_pos, raw_len + 1);

	if (r != LZMA_OK)
		return xz_fail(e, "cannot decompress", r);
	if (in_pos != in.len || out_pos != raw_len)
		return err_set(
			e, ERR_PARSE, "lzma: %zu bytes instead of %zu", out_pos, raw_len);
	buf_grew(out, raw_len);
	return 0;
}

/* A dictionary larger than the block buys nothing and costs memory on both sides. */
static uint32_t dictionary_size(uint32_t preset, size_t len)
{
	if (len >= preset)
		return preset;
	return len < LZMA_DICT_SIZE_MIN ? LZMA_DICT_SIZE_MIN : (uint32_t)len;
}

int xz_encode_block(struct bytes raw, int level, struct buf *out, struct xz_block *info,
	struct err *e)
{
	lzma_options_lzma options;

	if (level < 0 || level > 9 || lzma_lzma_preset(&options, (uint32_t)level))
		return err_set(e, ERR_USAGE, "xz level %d: not within 0..9", level);
	options.dict_size = dictionary_size(options.dict_size, raw.len);

	lzma_filter filters[] = {
		{ .id = LZMA_FILTER_LZMA2, .options = &options },
		{ .id = LZMA_VLI_UNKNOWN },
	};
	lzma_block block = { .check = LZMA_CHECK_CRC64, .filters = filters };
	size_t bound = lzma_block_buffer_bound(raw.len), used = 0;

	if (bound == 0)
		return err_set(e, ERR_LIMIT, "cannot compress: block too large");

	auto_free unsigned char *bytes = xmalloc(bound);
	lzma_ret r = lzma_block_buffer_encode(
		&block, NULL, raw.data, raw.len, bytes, &used, bound);

	if (r != LZMA_OK)
		return xz_fail(e, "cannot compress", r);
	buf_add(out, bytes, used);
	if (buf_check(out, "compressed data", e) < 0)
		return -1;
	info->unpadded_size = lzma_block_unpadded_size(&block);
	info->uncompressed_size = block.uncompressed_size;
	return 0;
}

/* All that a block's header and length say; sizes there are those that we wrote. */
static bool read_block(struct bytes bytes, lzma_block *block)
{
	if (bytes.len < LZMA_BLOCK_HEADER_SIZE_MIN || bytes.data[0] == 0)
		return false;
	block->header_size = lzma_block_header_size_decode(bytes.data[0]);
	return block->header_size <= bytes.len &&
	       lzma_block_header_decode(block, NULL, bytes.data) == LZMA_OK &&
	       block->compressed_size != LZMA_VLI_UNKNOWN &&
	       block->uncompressed_size != LZMA_VLI_UNKNOWN &&
	       lzma_block_total_size(block) == bytes.len;
}

bool xz_block_read(struct bytes bytes, struct xz_block *info)
{
	lzma_filter filters[LZMA_FILTERS_MAX + 1] = { { .id = LZMA_VLI_UNKNOWN } };
	lzma_block block = {
		.version = 1, .check = LZMA_CHECK_CRC64, .filters = filters
	};
	bool whole = read_block(bytes, &block);

	lzma_filters_free(filters, NULL);
	if (whole)
		*info = (struct xz_block){ lzma_block_unpadded_size(&block),
			block.uncompressed_size };
	return whole;
}

const char *xz_library(void)
{
	return lzma_version_string();
}

struct xz_stream {
	lzma_index *index;
	lzma_stream_flags flags;
};

int xz_stream_begin(struct buf *out, struct xz_stream **stream, struct err *e)
{
	struct xz_stream *s = xcalloc(1, sizeof(*s));
	unsigned char header[LZMA_STREAM_HEADER_SIZE];

	s->flags.check = LZMA_CHECK_CRC64;
	s->index = lzma_index_init(NULL);
	if (!s->index || lzma_stream_header_encode(&s->flags, header) != LZMA_OK)
		err_abort("cannot start an .xz stream");
	*stream = s;
	buf_add(out, header, sizeof(header));
	return buf_check(out, "compressed data", e);
}

int xz_stream_add(struct xz_stream *s, const struct xz_block *info, struct err *e)
{
	lzma_ret r = lzma_index_append(
		s->index, NULL, info->unpadded_size, info->uncompressed_size);

	return r == LZMA_OK ? 0 : xz_fail(e, "cannot add a block to the index", r);
}

int xz_stream_end(struct xz_stream *s, struct buf *out, struct err *e)
{
	size_t size = (size_t)lzma_index_size(s->index), used = 0;
	auto_free unsigned char *tail = xmalloc(size + LZMA_STREAM_HEADER_SIZE);
	lzma_ret r = lzma_index_buffer_encode(s->index, tail, &used, size);

	if (r != LZMA_OK)
		return xz_fail(e, "cannot write the index", r);
	s->flags.backward_size = size;
	r = lzma_stream_footer_encode(&s->flags, tail + size);
	if (r != LZMA_OK)
		return xz_fail(e, "cannot write the footer", r);
	buf_add(out, tail, size + LZMA_STREAM_HEADER_SIZE);
	return buf_check(out, "compressed data", e);
}

void xz_stream_free(struct xz_stream **s)
{
	if (!*s)
		return;
	lzma_index_end((*s)->index, NULL);
	free(STEAL(*s));
}

int xz_encode(struct bytes raw, int level, struct buf *out, struct err *e)
{
	auto_xz_stream struct xz_stream *s = NULL;
	struct xz_block info = { 0 };

	if (xz_stream_begin(out, &s, e) < 0)
		return -1;
	if (xz_encode_block(raw, level, out, &info, e) < 0)
		return -1;
	if (xz_stream_add(s, &info, e) < 0)
		return -1;
	return xz_stream_end(s, out, e);
}

struct xz_reader {
	struct reader in;
	lzma_stream lzma;
	bool in_ended;
	bool stream_ended;
	unsigned char chunk[IN_SIZE];
};

int xz_open(const struct reader *in, unsigned int threads, struct xz_reader **out,
	struct err *e)
{
	struct xz_reader *x = xcalloc(1, sizeof(*x));
	const uint32_t flags = LZMA_TELL_NO_CHECK | LZMA_TELL_UNSUPPORTED_CHECK;
	lzma_mt mt = {
		.flags = flags | LZMA_FAIL_FAST,
		.threads = threads,
		.memlimit_threading = MEMORY_LIMIT,
		.memlimit_stop = MEMORY_LIMIT,
	};
	lzma_ret r;

	x->in = *in;
	if (threads > 1)
		r = lzma_stream_decoder_mt(&x->lzma, &mt);
	else
		r = lzma_stream_decoder(&x->lzma, MEMORY_LIMIT, flags);
	if (r != LZMA_OK) {
		xz_close(&x);
		return xz_fail(e, "xz", r);
	}
	*out = x;
	return 0;
}

static int fill(struct xz_reader *x, struct err *e)
{
	ssize_t n = reader_read(&x->in, x->chunk, IN_SIZE, e);

	if (n < 0)
		return -1;
	x->in_ended = n == 0;
	x->lzma.next_in = x->chunk;
	x->lzma.avail_in = (size_t)n;
	return 0;
}

/* The stream is whole; so must be the input. */
static int expect_end(struct xz_reader *x, struct err *e)
{
	if (x->lzma.avail_in == 0 && !x->in_ended && fill(x, e) < 0)
		return -1;
	if (x->lzma.avail_in > 0)
		return err_set(e, ERR_PARSE, "xz: trailing bytes behind the stream");
	x->stream_ended = true;
	return 0;
}

static ssize_t xz_read(void *ctx, void *buf, size_t size, struct err *e)
{
	struct xz_reader *x = ctx;

	x->lzma.next_out = buf;
	x->lzma.avail_out = size;
	while (x->lzma.avail_out > 0 && !x->stream_ended) {
		if (x->lzma.avail_in == 0 && !x->in_ended && fill(x, e) < 0)
			return -1;

		lzma_ret r = lzma_code(&x->lzma, x->in_ended ? LZMA_FINISH : LZMA_RUN);

		if (r == LZMA_STREAM_END) {
			if (expect_end(x, e) < 0)
				return -1;
		} else if (r != LZMA_OK && !(r == LZMA_BUF_ERROR && !x->in_ended)) {
			return xz_fail(e, "xz", r);
		}
	}
	return (ssize_t)(size - x->lzma.avail_out);
}

struct reader xz_as_reader(struct xz_reader *x)
{
	return (struct reader){ .read = xz_read, .ctx = x };
}

void xz_close(struct xz_reader **x)
{
	if (!*x)
		return;
	lzma_end(&(*x)->lzma);
	free(STEAL(*x));
}
