#include "client/image/ipscope.h"

#include <arpa/inet.h>
#include <stdint.h>

static bool v4_is_private(const unsigned char a[4])
{
	static const struct {
		unsigned char net[4];
		unsigned int bits;
	} blocks[] = {
		{ { 0, 0, 0, 0 }, 8 },
		{ { 10, 0, 0, 0 }, 8 },
		{ { 100, 64, 0, 0 }, 10 },
		{ { 127, 0, 0, 0 }, 8 },
		{ { 169, 254, 0, 0 }, 16 },
		{ { 172, 16, 0, 0 }, 12 },
		{ { 192, 168, 0, 0 }, 16 },
	};
	uint32_t v =
		(uint32_t)a[0] << 24 | (uint32_t)a[1] << 16 | (uint32_t)a[2] << 8 | a[3];

	for (size_t i = 0; i < ARRAY_COUNT(blocks); i++) {
		const unsigned char *n = blocks[i].net;
		uint32_t net = (uint32_t)n[0] << 24 | (uint32_t)n[1] << 16 |
			       (uint32_t)n[2] << 8 | n[3];

		if (((v ^ net) >> (32 - blocks[i].bits)) == 0)
			return true;
	}
	return false;
}

static bool v6_is_private(const unsigned char a[16])
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	static const unsigned char zeros[15];

	if (memcmp(a, mapped, sizeof(mapped)) == 0)
		return v4_is_private(a + 12);
	if (memcmp(a, zeros, sizeof(zeros)) == 0 && a[15] <= 1)
		return true;
	return (a[0] & 0xfe) == 0xfc || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80);
}

bool ip_is_private(const char *text)
{
	unsigned char a[16];

	if (inet_pton(AF_INET, text, a) == 1)
		return v4_is_private(a);
	if (inet_pton(AF_INET6, text, a) == 1)
		return v6_is_private(a);
	return true;
}
