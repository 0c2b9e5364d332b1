/* Conditions never read beyond their text, and a date that was read is written as one. */
#include "httpd/cond.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes text = bytes_of(data, size);
	struct cond c = { text, text, text, text, text };
	char written[COND_DATE_SIZE];
	int64_t first, again;

	for (unsigned int i = 0; i < 16; i++) {
		struct cond some = c;

		if (i & 1)
			some.if_match = bytes_of(NULL, 0);
		if (i & 2)
			some.if_none_match = bytes_of(NULL, 0);
		cond_evaluate(&some, "\"a\"", 784111777);
	}
	cond_range_applies(text, "\"a\"");
	if (!cond_date_parse(text, &first) || first < 0)
		return 0;
	cond_date_format(first, written);
	if (!cond_date_parse(bytes_of_str(written), &again) || again != first)
		abort();
	return 0;
}
