/* A range either fails or lies inside the file. */
#include "httpd/range.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t sizes[] = { 0, 1, 1000, UINT64_MAX };

	for (size_t i = 0; i < 4; i++) {
		struct range r;
		struct err e;

		if (range_parse(bytes_of(data, size), sizes[i], &r, &e) == 0 &&
			(r.first > r.last || r.last >= sizes[i]))
			abort();
	}
	return 0;
}
