/* A target either fails or becomes a path that cannot leave the tree. */
#include "httpd/resolve.h"

#include "lib/base/relpath.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct resolved r;
	struct relpath p;
	struct err e;

	if (resolve_target(bytes_of(data, size), &r, &e) < 0)
		return e.code == ERR_PARSE || e.code == ERR_NOTFOUND ? 0 : (abort(), 0);
	if (strlen(r.path) != r.len || r.len > RESOLVE_MAX || strchr(r.path, '\\'))
		abort();
	if (r.len > 0 && relpath_parse(r.path, &p, &e) < 0)
		abort();
	return 0;
}
