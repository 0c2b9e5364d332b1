/* A directory's page: what is found is a version of the form that was asked for. */
#include "builder/listing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct listing l = {
		.page = bytes_of(data, size), .prefix = "v-", .suffix = ".gz", .dots = 2
	};
	char version[LISTING_VERSION_MAX];
	unsigned int dots = 0;
	struct err e;

	if (listing_parse(&l, version, &e) < 0)
		return 0;
	if (!version[0] || strspn(version, "0123456789.") != strlen(version))
		err_abort("a version is no version");
	for (const char *p = version; *p; p++)
		dots += *p == '.';
	if (dots != l.dots)
		err_abort("a version of another form");
	return 0;
}
