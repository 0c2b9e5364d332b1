#include "lib/model/pack.h"

#include "lib/adapt/xz.h"
#include "lib/adapt/zst.h"
#include "lib/base/pool.h"
#include "lib/model/tarwrite.h"

#include <inttypes.h>

#define HEADER_ROOM (1U << 20)
#define ENCODED_MAX (PACK_CUT_MAX + (1U << 20))
#define READ_STEP   (256U << 10)
#define INDEX_MAX   (16U << 20)
#define CUT_EARLY   (PACK_CUT_MIN / 4)  /* so much may stand alone before a large run */
#define CUT_LEAST   (PACK_CUT_MIN / 16) /* below, a piece of its own costs too much */

/* One piece of the tar on its way through a thread. */
struct piece {
	struct buf raw, xz, zst;
	struct xz_block info;
	bool reused;
};

struct pack {
	const struct pack_source *source;
	const struct pack_options *options;
	const struct writer *xz, *zst;
	struct manifest *man;
	struct xz_stream *stream;
	struct pool *pool;
	struct piece *piece; /* being filled */
	struct hasher tar;
	uint64_t tar_size;
	struct pack_counts *counts;
	struct err *e;
};

/* ---- pieces */

static struct piece *piece_new(void)
{
	struct piece *p = xcalloc(1, sizeof(*p));

	p->raw = (struct buf)BUF_INIT(PACK_CUT_MAX);
	p->xz = (struct buf)BUF_INIT(ENCODED_MAX);
	p->zst = (struct buf)BUF_INIT(ENCODED_MAX);
	return p;
}

static void piece_free(struct piece *p)
{
	if (!p)
		return;
	buf_release(&p->raw);
	buf_release(&p->xz);
	buf_release(&p->zst);
	free(p);
}

/* ---- compressing, or taking what it gave before */

struct codec {
	const char *name;
	const char *(*library)(void);
	int (*encode)(struct bytes raw, int level, struct buf *out, struct err *e);
	/* Is it one whole block or frame of so many bytes? */
	bool (*holds)(struct bytes made, size_t raw_len);
};

static int encode_xz(struct bytes raw, int level, struct buf *out, struct err *e)
{
	struct xz_block ignored;

	return xz_encode_block(raw, level, out, &ignored, e);
}

static bool holds_xz(struct bytes made, size_t raw_len)
{
	struct xz_block info;

	return xz_block_read(made, &info) && info.uncompressed_size == raw_len;
}

static const struct codec xz_codec = { "xz", xz_library, encode_xz, holds_xz };
static const struct codec zst_codec = { "zstd", zst_library, zst_encode,
	zst_frame_holds };

/* All that the bytes depend on. */
static struct digest key_of(
	const struct codec *c, int level, const struct digest *raw, uint64_t raw_len)
{
	char hex[DIGEST_HEX], text[256];
	int len;

	digest_hex(raw, hex);
	len = snprintf(text, sizeof(text), "piece 1\n%s %s level %d\n%s %" PRIu64 "\n",
		c->name, c->library(), level, hex, raw_len);
	return digest_of(bytes_of(text, (size_t)len));
}

static int make(const struct pack *p, const struct codec *c, int level, struct bytes raw,
	const struct digest *sha256, struct buf *out, bool *reused, struct err *e)
{
	const struct pack_cache *cache = p->options->cache;
	struct digest key = { 0 };

	if (cache) {
		key = key_of(c, level, sha256, raw.len);
		if (cache->find(cache->ctx, &key, out) &&
			c->holds(buf_bytes(out), raw.len))
			return 0;
	}
	*reused = false;
	buf_clear(out);
	if (c->encode(raw, level, out, e) < 0)
		return err_wrap(e, "cannot compress the tar");
	if (cache)
		cache->keep(cache->ctx, &key, buf_bytes(out));
	return 0;
}

static int piece_work(void *job, void *ctx, struct err *e)
{
	struct piece *piece = job;
	const struct pack *p = ctx;
	struct bytes raw = buf_bytes(&piece->raw);
	const struct digest sha256 = digest_of(raw);

	piece->reused = true;
	if (make(p, &xz_codec, p->options->xz_level, raw, &sha256, &piece->xz,
		    &piece->reused, e) < 0 ||
		make(p, &zst_codec, p->options->zst_level, raw, &sha256, &piece->zst,
			&piece->reused, e) < 0)
		return -1;
	if (!xz_block_read(buf_bytes(&piece->xz), &piece->info))
		return err_set(e, ERR_FAILED, "cannot compress the tar: no .xz block");
	return 0;
}

static void count(struct pack *p, const struct piece *piece)
{
	struct pack_counts *c = p->counts;

	if (!c)
		return;
	c->pieces++;
	c->bytes += piece->raw.len;
	c->reused_pieces += piece->reused;
	c->reused_bytes += piece->reused ? piece->raw.len : 0;
}

static int piece_done(void *job, void *ctx, struct err *e)
{
	struct piece *piece = job;
	struct pack *p = ctx;

	if (writer_write(p->xz, piece->xz.data, piece->xz.len, e) < 0 ||
		writer_write(p->zst, piece->zst.data, piece->zst.len, e) < 0)
		return -1;
	count(p, piece);
	return xz_stream_add(p->stream, &piece->info, e);
}

static void piece_discard(void *job, void *ctx)
{
	(void)ctx;
	piece_free(job);
}

static const struct pool_ops piece_ops = {
	.work = piece_work,
	.done = piece_done,
	.discard = piece_discard,
};

/* ---- the raw tar, cut */

static int cut(struct pack *p)
{
	struct piece *full = p->piece;

	if (full->raw.len == 0)
		return 0;
	hasher_add(&p->tar, full->raw.data, full->raw.len);
	p->tar_size += full->raw.len;
	p->piece = piece_new();
	return pool_submit(p->pool, full, p->e);
}

static int put(struct pack *p, const unsigned char *data, size_t len)
{
	while (len > 0) {
		size_t room = PACK_CUT_MAX - p->piece->raw.len;
		size_t n = len < room ? len : room;

		buf_add(&p->piece->raw, data, n);
		data += n;
		len -= n;
		if (p->piece->raw.len == PACK_CUT_MAX && cut(p) < 0)
			return -1;
	}
	return 0;
}

static int put_zeros(struct pack *p, uint64_t count)
{
	static const unsigned char zeros[16384];

	while (count > 0) {
		size_t n = count < sizeof(zeros) ? (size_t)count : sizeof(zeros);

		if (put(p, zeros, n) < 0)
			return -1;
		count -= n;
	}
	return 0;
}

static int copy_content(struct pack *p, const struct reader *in, struct manifest_entry *m)
{
	auto_free unsigned char *step = xmalloc(READ_STEP);
	auto_hasher struct hasher hash = { 0 };
	uint64_t left = m->size;
	ssize_t n;

	hasher_init(&hash);
	while ((n = reader_read(in, step, READ_STEP, p->e)) > 0) {
		if ((uint64_t)n > left)
			break;
		left -= (uint64_t)n;
		hasher_add(&hash, step, (size_t)n);
		if (put(p, step, (size_t)n) < 0)
			return -1;
	}
	if (n < 0)
		return err_wrap(p->e, "'%s'", m->path);
	if (n > 0 || left > 0)
		return err_set(
			p->e, ERR_FAILED, "'%s' changed while it was packed", m->path);
	m->sha256 = hasher_final(&hash);
	return put_zeros(p, tarwrite_padding(m->size));
}

static int put_content(struct pack *p, size_t i, struct manifest_entry *m)
{
	const struct pack_source *s = p->source;
	struct reader in;
	int rc;

	if (s->open(s->ctx, i, &in, p->e) < 0)
		return -1;
	rc = copy_content(p, &in, m);
	s->close(s->ctx);
	return rc;
}

static int put_entry(struct pack *p, size_t i)
{
	auto_buf struct buf header = BUF_INIT(HEADER_ROOM);
	struct manifest_entry m = *p->source->entry(p->source->ctx, i);

	tarwrite_header(&m, i, &header);
	if (buf_check(&header, "a tar header", p->e) < 0 ||
		put(p, header.data, header.len) < 0)
		return -1;
	if (m.type == '0' && m.size > 0 && put_content(p, i, &m) < 0)
		return -1;
	return manifest_add(p->man, &m, p->e);
}

/* What the run that begins at i will take; beyond a whole piece nobody asks. */
static uint64_t run_size(const struct pack *p, size_t i)
{
	const struct pack_source *s = p->source;
	uint64_t total = 0;

	do {
		const struct manifest_entry *m = s->entry(s->ctx, i);

		total += TARWRITE_BLOCK;
		if (m->type == '0')
			total += m->size + tarwrite_padding(m->size);
	} while (++i < s->count && total <= PACK_CUT_MAX &&
		 s->boundary(s->ctx, i) == PACK_INSIDE);
	return total;
}

static bool is_cut_before(const struct pack *p, size_t i)
{
	size_t have = p->piece->raw.len;

	switch (p->source->boundary(p->source->ctx, i)) {
	case PACK_PART:
		return have >= CUT_LEAST;
	case PACK_RUN:
		return have >= PACK_CUT_MIN ||
		       (have >= CUT_EARLY && have + run_size(p, i) > PACK_CUT_MAX);
	default:
		return false;
	}
}

static int put_tree(struct pack *p)
{
	const struct pack_source *s = p->source;

	for (size_t i = 0; i < s->count; i++) {
		if (is_cut_before(p, i) && cut(p) < 0)
			return -1;
		if (put_entry(p, i) < 0)
			return -1;
	}
	if (put_zeros(p, tarwrite_trailer(p->tar_size + p->piece->raw.len)) < 0 ||
		cut(p) < 0)
		return -1;
	return pool_finish(p->pool, p->e);
}

/* ---- the whole */

static void pack_release(struct pack *p)
{
	pool_close(&p->pool);
	piece_free(p->piece);
	xz_stream_free(&p->stream);
	hasher_release(&p->tar);
}

static int begin(struct pack *p)
{
	auto_buf struct buf head = BUF_INIT(4096);

	hasher_init(&p->tar);
	p->piece = piece_new();
	if (xz_stream_begin(&head, &p->stream, p->e) < 0 ||
		writer_write(p->xz, head.data, head.len, p->e) < 0)
		return -1;
	return pool_open(p->options->threads, &piece_ops, p, &p->pool, p->e);
}

static int end(struct pack *p)
{
	auto_buf struct buf tail = BUF_INIT(INDEX_MAX);

	if (xz_stream_end(p->stream, &tail, p->e) < 0)
		return -1;
	p->man->tar_size = p->tar_size;
	p->man->diff_id = hasher_final(&p->tar);
	return writer_write(p->xz, tail.data, tail.len, p->e);
}

int pack_run(const struct pack_source *source, const struct pack_options *options,
	const struct writer *xz, const struct writer *zst, struct manifest *man,
	struct pack_counts *counts, struct err *e)
{
	with_cleanup(pack_release) struct pack p = { .source = source,
		.options = options,
		.xz = xz,
		.zst = zst,
		.man = man,
		.counts = counts,
		.e = e };

	if (begin(&p) < 0 || put_tree(&p) < 0)
		return -1;
	return end(&p);
}
