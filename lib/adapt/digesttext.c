/* The text of a digest needs no library: the server links this and not libcrypto. */
#include "lib/adapt/digest.h"

void digest_hex(const struct digest *d, char out[DIGEST_HEX])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		out[2 * i] = digits[d->byte[i] >> 4];
		out[2 * i + 1] = digits[d->byte[i] & 15];
	}
	out[DIGEST_HEX - 1] = '\0';
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

int digest_parse(const char *hex, struct digest *out, struct err *e)
{
	struct digest d;

	if (strnlen(hex, DIGEST_HEX) != DIGEST_HEX - 1)
		return err_set(
			e, ERR_PARSE, "not a SHA-256 of 64 hex digits: '%.80s'", hex);
	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		int high = hex_value(hex[2 * i]), low = hex_value(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return err_set(
				e, ERR_PARSE, "not a lower-case hex SHA-256: '%s'", hex);
		d.byte[i] = (unsigned char)(high << 4 | low);
	}
	*out = d;
	return 0;
}

bool digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->byte, b->byte, DIGEST_SIZE) == 0;
}
