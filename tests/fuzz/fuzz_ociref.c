/* The name of an image in a registry: what parses can go into a URL. */
#include "builder/ociref.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xcalloc(size + 1, 1);
	struct ociref ref;
	struct err e;

	if (size)
		memcpy(text, data, size);
	if (ociref_parse(text, NULL, &ref, &e) < 0)
		return 0;
	if (strncmp(ref.base, "https://", 8) != 0 && strncmp(ref.base, "http://", 7) != 0)
		err_abort("a registry without its scheme");
	if (!ref.repo[0] || (!ref.tag[0] && !ref.has_digest))
		err_abort("a reference to nothing");
	for (const char *p = ref.repo; *p; p++)
		if (*p <= ' ' || *p == 0x7f || strchr("?#\"<>\\^`{|}%", *p))
			err_abort("a repository that is no path");
	if (strstr(ref.repo, ".."))
		err_abort("a repository that climbs");
	return 0;
}
