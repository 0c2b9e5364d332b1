#include "lib/model/deltapiece.h"

#include "lib/adapt/xz.h"
#include "lib/adapt/zst.h"
#include "lib/model/bsdiff.h"
#include "lib/model/regzip.h"
#include "lib/model/varint.h"

int delta_unpack(enum delta_codec codec, struct bytes in, struct bytes prefix,
	size_t raw_len, struct buf *out, struct err *e)
{
	switch (codec) {
	case DELTA_STORED:
		if (in.len != raw_len)
			return err_set(e, ERR_PARSE, "%zu bytes instead of %zu", in.len,
				raw_len);
		buf_add(out, in.data, in.len);
		return buf_check(out, "the result", e);
	case DELTA_ZSTD:
		return zst_decode_prefix(in, prefix, raw_len, out, e);
	case DELTA_LZMA:
		return xz_decode_raw(in, prefix, raw_len, out, e);
	}
	return err_set(e, ERR_PARSE, "no such codec: %d", (int)codec);
}

/* One stream of a difference: u8 codec, varint length, varint packed length, bytes. */
static int take_stream(struct bytes *payload, size_t most, struct buf *out, struct err *e)
{
	struct bytes codec, packed;
	uint64_t raw_len, len;

	if (varint_take_bytes(payload, 1, &codec, e) < 0 ||
		varint_take(payload, most, &raw_len, e) < 0 ||
		varint_take(payload, SIZE_MAX >> 1, &len, e) < 0 ||
		varint_take_bytes(payload, len, &packed, e) < 0)
		return -1;
	return delta_unpack((enum delta_codec)codec.data[0], packed, bytes_of(NULL, 0),
		(size_t)raw_len, out, e);
}

static int apply_bsdiff(struct bytes payload, struct bytes base, size_t piece_len,
	struct buf *out, struct err *e)
{
	auto_bsdiff struct bsdiff d = BSDIFF_INIT;

	if (take_stream(&payload, 2 * (size_t)BSDIFF_MAX, &d.control, e) < 0 ||
		take_stream(&payload, piece_len, &d.difference, e) < 0 ||
		take_stream(&payload, piece_len, &d.extra, e) < 0)
		return -1;
	if (payload.len)
		return err_set(e, ERR_PARSE, "bsdiff: bytes are left over");
	return bsdiff_apply(base, buf_bytes(&d.control), buf_bytes(&d.difference),
		buf_bytes(&d.extra), piece_len, out, e);
}

static int apply_plain(unsigned char method, struct bytes payload, struct bytes base,
	size_t piece_len, struct buf *out, struct err *e)
{
	switch (method & 0xf) {
	case DELTA_WHOLE:
		base = bytes_of(NULL, 0);
		/* fall through */
	case DELTA_PREFIX:
		return delta_unpack((enum delta_codec)(method >> 4), payload, base,
			piece_len, out, e);
	case DELTA_BSDIFF:
		if (method >> 4 == 0)
			return apply_bsdiff(payload, base, piece_len, out, e);
	}
	return err_set(e, ERR_PARSE, "no such method: 0x%02x", method);
}

/* payload: varint length of the contents, varint length of the recipe, the recipe, the
 * method of the contents, their payload */
static int apply_regzip(struct bytes payload, struct bytes base, size_t piece_len,
	struct buf *out, struct err *e)
{
	auto_buf struct buf old = BUF_INIT(DELTA_PIECE_MAX);
	auto_buf struct buf content = BUF_INIT(DELTA_PIECE_MAX + 1);
	uint64_t content_len, recipe_len;
	size_t before = out->len;
	struct bytes recipe, method;

	if (varint_take(&payload, DELTA_PIECE_MAX, &content_len, e) < 0 ||
		varint_take(&payload, REGZIP_RECIPE_MAX, &recipe_len, e) < 0 ||
		varint_take_bytes(&payload, recipe_len, &recipe, e) < 0 ||
		varint_take_bytes(&payload, 1, &method, e) < 0)
		return -1;
	if ((method.data[0] & 0xf) != DELTA_WHOLE && regzip_contents(base, &old, e) < 0)
		return err_wrap(e, "the base");
	if (apply_plain(method.data[0], payload, buf_bytes(&old), (size_t)content_len,
		    &content, e) < 0 ||
		regzip_make(buf_bytes(&content), recipe, out, e) < 0)
		return -1;
	if (out->len - before != piece_len)
		return err_set(e, ERR_PARSE, "regzip: %zu bytes instead of %zu",
			out->len - before, piece_len);
	return 0;
}

int deltapiece_apply(unsigned char method, struct bytes payload, struct bytes base,
	size_t piece_len, struct buf *out, struct err *e)
{
	if (piece_len > DELTA_PIECE_MAX || base.len > DELTA_PIECE_MAX)
		return err_set(
			e, ERR_LIMIT, "a piece of more than %u bytes", DELTA_PIECE_MAX);
	if (method == DELTA_METHOD(DELTA_REGZIP, 0))
		return apply_regzip(payload, base, piece_len, out, e);
	return apply_plain(method, payload, base, piece_len, out, e);
}
