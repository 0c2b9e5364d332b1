#include "lib/model/varint.h"

void varint_add(struct buf *out, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		buf_add_byte(out, (unsigned char)(value | 0x80));
	buf_add_byte(out, (unsigned char)value);
}

void varint_add_signed(struct buf *out, int64_t value)
{
	varint_add(out, (uint64_t)value << 1 ^ (uint64_t)(value < 0 ? -1 : 0));
}

int varint_take(struct bytes *in, uint64_t max, uint64_t *out, struct err *e)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < 10; i++) {
		if (i == in->len)
			return err_set(e, ERR_PARSE, "a number is truncated");

		unsigned char c = in->data[i];

		if (i == 9 && c > 1)
			break;
		value |= (uint64_t)(c & 0x7f) << (7 * i);
		if (c & 0x80)
			continue;
		if (c == 0 && i > 0)
			return err_set(
				e, ERR_PARSE, "a number is longer than it need be");
		if (value > max)
			break;
		*out = value;
		*in = bytes_of(in->data + i + 1, in->len - i - 1);
		return 0;
	}
	return err_set(
		e, ERR_PARSE, "a number is greater than %llu", (unsigned long long)max);
}

int varint_take_signed(struct bytes *in, int64_t *out, struct err *e)
{
	uint64_t value;

	if (varint_take(in, UINT64_MAX, &value, e) < 0)
		return -1;
	*out = (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
	return 0;
}

int varint_take_bytes(struct bytes *in, uint64_t len, struct bytes *out, struct err *e)
{
	if (len > in->len)
		return err_set(e, ERR_PARSE, "%llu bytes are missing",
			(unsigned long long)(len - in->len));
	*out = bytes_of(in->data, (size_t)len);
	*in = bytes_of(in->data + len, in->len - (size_t)len);
	return 0;
}
