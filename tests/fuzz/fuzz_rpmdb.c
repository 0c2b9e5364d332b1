/* RPM's databases and the headers in them: packages are text, their paths are theirs. */
#include "builder/packages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_packages struct packages p;
	struct err e;

	packages_init(&p);
	if (packagedb_rpm_parse(bytes_of(data, size), &p, &e) < 0)
		return 0;
	for (size_t i = 0; i < p.count; i++)
		if (!p.item[i].name || !p.item[i].version || !p.item[i].source)
			err_abort("a package without a text");
	for (size_t i = 0; i < p.path_count; i++)
		if (p.path[i].owner >= p.count)
			err_abort("a path of nobody");
	return 0;
}
