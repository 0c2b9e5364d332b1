/* A list of checksums: a digest that is found stands in it. */
#include "builder/sumsfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool holds(const uint8_t *data, size_t size, const char *hex)
{
	for (size_t i = 0; i + DIGEST_HEX - 1 <= size; i++)
		if (strncasecmp((const char *)data + i, hex, DIGEST_HEX - 1) == 0)
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct digest found;
	char hex[DIGEST_HEX];
	struct err e;

	if (sumsfile_parse(bytes_of(data, size), "SUMS", "root.tar.xz", &found, &e) < 0)
		return 0;
	digest_hex(&found, hex);
	if (!holds(data, size, hex))
		err_abort("a digest out of nowhere");
	return 0;
}
