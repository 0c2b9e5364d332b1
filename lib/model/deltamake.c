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

/* Of two codecs for the same bytes. */
static void keep_shorter(struct buf *best, enum delta_codec *codec, struct buf *tried,
	enum delta_codec with)
{
	struct buf longer = *best;

	if (tried->over || tried->len >= best->len)
		return;
	*best = *tried;
	*codec = with;
	*tried = longer;
}

/* LZMA makes the most of what is long, zstd has less around what is nearly nothing: a second
 * codec is worth its time for that alone. */
#define SMALL 1024

enum packing { PACK_LZMA = 1, PACK_ZSTD = 2, PACK_BOTH = 3 };

static int pack(struct bytes raw, struct bytes prefix, enum packing how,
	enum delta_codec *codec, struct buf *out, struct err *e)
{
	auto_buf struct buf best = BUF_INIT(raw.len + DELTA_SLACK);
	auto_buf struct buf tried = BUF_INIT(raw.len + DELTA_SLACK);
	bool fits = raw.len <= XZ_RAW_MAX && prefix.len <= XZ_RAW_MAX;

	*codec = DELTA_STORED;
	buf_add(&best, raw.data, raw.len);
	if (raw.len && fits && how & PACK_LZMA) {
		if (xz_encode_raw(raw, prefix, &tried, e) < 0)
			return -1;
		keep_shorter(&best, codec, &tried, DELTA_LZMA);
	}
	if (raw.len && (how & PACK_ZSTD || !fits || best.len < SMALL)) {
		buf_clear(&tried);
		if (zst_encode_prefix(raw, prefix, ZSTD_LEVEL, &tried, e) < 0)
			return -1;
		keep_shorter(&best, codec, &tried, DELTA_ZSTD);
	}
	buf_add(out, best.data, best.len);
	return buf_check(out, "packed data", e);
}

int delta_pack(struct bytes raw, struct bytes prefix, enum delta_codec *codec,
	struct buf *out, struct err *e)
{
	return pack(raw, prefix, PACK_BOTH, codec, out, e);
}

static int add_stream(struct buf *out, struct bytes raw, struct err *e)
{
	auto_buf struct buf packed = BUF_INIT(raw.len + DELTA_SLACK);
	enum delta_codec codec;

	if (pack(raw, bytes_of(NULL, 0), PACK_LZMA, &codec, &packed, e) < 0)
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
	enum packing how, struct err *e)
{
	auto_buf struct buf payload = BUF_INIT(best->payload.ceiling);
	enum delta_kind kind = base.len ? DELTA_PREFIX : DELTA_WHOLE;
	enum delta_codec codec;

	if (pack(piece, base, how, &codec, &payload, e) < 0)
		return -1;
	keep_smaller(best, DELTA_METHOD(kind, codec), &payload);
	return 0;
}

static bool is_elf(struct bytes b)
{
	return b.len > 4 && memcmp(b.data, "\177ELF", 4) == 0;
}

/* Programs move by small amounts everywhere, which bsdiff is for; in all else what is new
 * stands between what is old. Each is tried on the other's ground where its own has not
 * helped much, or where next to nothing is left to tell. */
static int make_from_base(
	struct best *best, struct bytes piece, struct bytes base, struct err *e)
{
	bool elf = is_elf(piece);

	if (elf && try_bsdiff(best, piece, base, e) < 0)
		return -1;
	if ((!elf || best->payload.len > piece.len / 4) &&
		try_packed(best, piece, base, PACK_BOTH, e) < 0)
		return -1;
	if (elf && best->payload.len < SMALL &&
		try_packed(best, piece, base, PACK_ZSTD, e) < 0)
		return -1;
	return !elf && best->payload.len > piece.len / 32
		       ? try_bsdiff(best, piece, base, e)
		       : 0;
}

static void start(struct best *best, struct bytes piece)
{
	buf_add(&best->payload, piece.data, piece.len);
	best->method = DELTA_METHOD(DELTA_WHOLE, DELTA_STORED);
}

static int make_plain(
	struct best *best, struct bytes piece, struct bytes base, struct err *e)
{
	if (!piece.len)
		return 0;
	if (base.len && make_from_base(best, piece, base, e) < 0)
		return -1;
	if (base.len && best->payload.len <= piece.len / 4)
		return 0;
	return try_packed(best, piece, bytes_of(NULL, 0), PACK_LZMA, e);
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
	start(&inner, buf_bytes(&content));
	rc = make_plain(&inner, buf_bytes(&content), buf_bytes(&old), e);
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
	start(&best, piece);
	rc = try_regzip(&best, piece, base, e);
	if (rc == 0 && best.payload.len == piece.len)
		rc = make_plain(&best, piece, base, e);
	if (rc == 0) {
		*method = best.method;
		buf_add(payload, best.payload.data, best.payload.len);
		rc = buf_check(payload, "a delta", e);
	}
	buf_release(&best.payload);
	return rc;
}
