/* What a client accepts is a list without repetitions, whatever it says. */
#include "httpd/coding.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum coding out[CODING_COUNT];
	size_t count = coding_accepted(bytes_of(data, size), out);
	unsigned int seen = 0;

	if (count >= CODING_COUNT)
		abort();
	for (size_t i = 0; i < count; i++) {
		if (out[i] == CODING_NONE || out[i] >= CODING_COUNT ||
			seen & 1U << out[i])
			abort();
		seen |= 1U << out[i];
	}
	return 0;
}
