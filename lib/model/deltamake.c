#include "lib/adapt/xz.h"
#include "lib/adapt/zst.h"
#include "lib/model/bsdiff.h"
#include "lib/model/deltapiece.h"
#include "lib/model/regzip.h"
#include "lib/model/varint.h"

#define ZSTD_LEVEL 19

/* The best so far. */
struct best {
	unsigned char method;
	struct buf payload;
};

/* Takes what `tried` holds when it is smaller. */
static void keep_smaller(struct best *best, unsigned char method, struct buf *tried)
{
	struct buf larger = best->payload;

	if (tried->over || tried->len >= best->payload.len)
		return;
	best->payload = *tried;
	best->method = method;
	*tried = larger;
}

int delta_pack(struct bytes raw, struct bytes prefix, enum delta_codec *codec,
	struct buf *out, struct err *e)
{
	auto_buf struct buf zstd = BUF_INIT(raw.len + DELTA_SLACK);
	auto_buf struct buf lzma = BUF_INIT(raw.len + DELTA_SLACK);
	const struct buf *smallest = NULL;

	*codec = DELTA_STORED;
	if (raw.len) {
		if (zst_encode_prefix(raw, prefix, ZSTD_LEVEL, &zstd, e) < 0)
			return -1;
		if (zstd.len < raw.len) {
			smallest = &zstd;
			*codec = DELTA_ZSTD;
		}
	}
	if (raw.len && raw.len <= XZ_RAW_MAX && prefix.len <= XZ_RAW_MAX) {
		if (xz_encode_raw(raw, prefix, &lzma, e) < 0)
			return -1;
		if (lzma.len < (smallest ? smallest->len : raw.len)) {
			smallest = &lzma;
			*codec = DELTA_LZMA;
		}
	}
	if (smallest)
		buf_add(out, smallest->data, smallest->len);
	else
		buf_add(out, raw.data, raw.len);
	return buf_check(out, "packed data", e);
}

static int add_stream(struct buf *out, struct bytes raw, struct err *e)
{
	auto_buf struct buf packed = BUF_INIT(raw.len + DELTA_SLACK);
	enum delta_codec codec;

	if (delta_pack(raw, bytes_of(NULL, 0), &codec, &packed, e) < 0)
		return -1;
	buf_add_byte(out, (unsigned char)codec);
	varint_add(out, raw.len);
	varint_add(out, packed.len);
	buf_add(out, packed.data, packed.len);
	return 0;
}

static int try_bsdiff(
	struct best *best, struct bytes piece, struct bytes base, struct err *e)
{
	auto_bsdiff struct bsdiff d = BSDIFF_INIT;
	auto_buf struct buf payload = BUF_INIT(best->payload.ceiling);

	if (bsdiff_make(base, piece, &d, e) < 0 ||
		add_stream(&payload, buf_bytes(&d.control), e) < 0 ||
		add_stream(&payload, buf_bytes(&d.difference), e) < 0 ||
		add_stream(&payload, buf_bytes(&d.extra), e) < 0)
		return -1;
	keep_smaller(best, DELTA_METHOD(DELTA_BSDIFF, 0), &payload);
	return 0;
}

static int try_packed(struct best *best, struct bytes piece, struct bytes base,
	enum delta_kind kind, struct err *e)
{
	auto_buf struct buf payload = BUF_INIT(best->payload.ceiling);
	enum delta_codec codec;

	if (delta_pack(piece, base, &codec, &payload, e) < 0)
		return -1;
	keep_smaller(best, DELTA_METHOD(kind, codec), &payload);
	return 0;
}

static int make_plain(
	struct bytes piece, struct bytes base, struct best *best, struct err *e)
{
	buf_add(&best->payload, piece.data, piece.len);
	best->method = DELTA_METHOD(DELTA_WHOLE, DELTA_STORED);
	if (!piece.len)
		return 0;
	if (try_packed(best, piece, bytes_of(NULL, 0), DELTA_WHOLE, e) < 0)
		return -1;
	if (!base.len)
		return 0;
	if (try_packed(best, piece, base, DELTA_PREFIX, e) < 0)
		return -1;
	return try_bsdiff(best, piece, base, e);
}

static int try_regzip(
	struct best *best, struct bytes piece, struct bytes base, struct err *e)
{
	auto_buf struct buf content = BUF_INIT(DELTA_PIECE_MAX);
	auto_buf struct buf old = BUF_INIT(DELTA_PIECE_MAX);
	auto_buf struct buf recipe = BUF_INIT(REGZIP_RECIPE_MAX);
	auto_buf struct buf payload = BUF_INIT(best->payload.ceiling);
	struct best inner = { .payload = BUF_INIT(DELTA_PIECE_MAX + DELTA_SLACK) };
	struct err ignored;
	int rc = regzip_analyse(piece, &content, &recipe, e);

	if (rc <= 0)
		return rc;
	/* a base that is no .gz is no base of the contents */
	if (!base.len || regzip_contents(base, &old, &ignored) < 0)
		buf_clear(&old);
	rc = make_plain(buf_bytes(&content), buf_bytes(&old), &inner, e);
	if (rc == 0) {
		varint_add(&payload, content.len);
		varint_add(&payload, recipe.len);
		buf_add(&payload, recipe.data, recipe.len);
		buf_add_byte(&payload, inner.method);
		buf_add(&payload, inner.payload.data, inner.payload.len);
		keep_smaller(best, DELTA_METHOD(DELTA_REGZIP, 0), &payload);
	}
	buf_release(&inner.payload);
	return rc;
}

int deltapiece_make(struct bytes piece, struct bytes base, unsigned char *method,
	struct buf *payload, struct err *e)
{
	struct best best = { .payload = BUF_INIT(DELTA_PIECE_MAX + DELTA_SLACK) };
	int rc;

	if (piece.len > DELTA_PIECE_MAX || base.len > DELTA_PIECE_MAX)
		return err_set(
			e, ERR_LIMIT, "a piece of more than %u bytes", DELTA_PIECE_MAX);
	rc = make_plain(piece, base, &best, e);
	if (rc == 0)
		rc = try_regzip(&best, piece, base, e);
	if (rc == 0) {
		*method = best.method;
		buf_add(payload, best.payload.data, best.payload.len);
		rc = buf_check(payload, "a delta", e);
	}
	buf_release(&best.payload);
	return rc;
}
