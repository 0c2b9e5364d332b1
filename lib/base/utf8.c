#include "lib/base/utf8.h"

static bool is_tail(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

static size_t sequence_length(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	if (first >= 0xf0 && first <= 0xf4)
		return 4;
	return 0;
}

size_t utf8_decode(struct bytes text, uint32_t *code_point)
{
	static const unsigned char first_mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = text.len ? sequence_length(text.data[0]) : 0;
	uint32_t value;

	if (len == 0 || len > text.len)
		return 0;
	value = text.data[0] & first_mask[len];
	for (size_t i = 1; i < len; i++) {
		if (!is_tail(text.data[i]))
			return 0;
		value = value << 6 | (text.data[i] & 0x3fU);
	}
	if (value < least[len] || value > 0x10ffff ||
		(value >= 0xd800 && value <= 0xdfff))
		return 0;
	*code_point = value;
	return len;
}
