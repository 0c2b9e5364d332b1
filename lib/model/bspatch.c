#include "lib/model/bsdiff.h"
#include "lib/model/varint.h"

static int add_differing(struct bytes base, int64_t at, struct bytes difference,
	struct buf *out, struct err *e)
{
	unsigned char *to;

	if (at < 0 || (uint64_t)at > base.len || difference.len > base.len - (size_t)at)
		return err_set(e, ERR_PARSE, "bsdiff: reads outside the base");
	to = buf_reserve(out, difference.len);
	if (!to)
		return buf_check(out, "the result", e);
	for (size_t i = 0; i < difference.len; i++)
		to[i] = (unsigned char)(difference.data[i] + base.data[(size_t)at + i]);
	buf_grew(out, difference.len);
	return 0;
}

int bsdiff_apply(struct bytes base, struct bytes control, struct bytes difference,
	struct bytes extra, size_t result_len, struct buf *out, struct err *e)
{
	uint64_t left = result_len;
	int64_t at = 0;

	while (left > 0) {
		uint64_t differing, added;
		int64_t move;
		struct bytes d, x;

		if (varint_take(&control, left, &differing, e) < 0 ||
			varint_take(&control, left - differing, &added, e) < 0 ||
			varint_take_signed(&control, &move, e) < 0 ||
			varint_take_bytes(&difference, differing, &d, e) < 0 ||
			varint_take_bytes(&extra, added, &x, e) < 0)
			return err_wrap(e, "bsdiff");
		if (differing + added == 0 && move == 0)
			return err_set(e, ERR_PARSE, "bsdiff: a step of nothing");
		if (add_differing(base, at, d, out, e) < 0)
			return -1;
		buf_add(out, x.data, x.len);
		if (buf_check(out, "the result", e) < 0)
			return -1;
		at += (int64_t)differing;
		if (move < -(int64_t)BSDIFF_MAX || move > (int64_t)BSDIFF_MAX)
			return err_set(e, ERR_PARSE, "bsdiff: moves too far");
		at += move;
		left -= differing + added;
	}
	if (control.len || difference.len || extra.len)
		return err_set(e, ERR_PARSE, "bsdiff: bytes are left over");
	return 0;
}

void bsdiff_release(struct bsdiff *d)
{
	buf_release(&d->control);
	buf_release(&d->difference);
	buf_release(&d->extra);
}
