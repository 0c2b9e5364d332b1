#include "client/run/kernel.h"

#include <sys/utsname.h>

bool kernel_is_at_least(const char *release, unsigned int major, unsigned int minor)
{
	char *rest;
	unsigned long have_major = strtoul(release, &rest, 10), have_minor = 0;

	if (*rest == '.')
		have_minor = strtoul(rest + 1, NULL, 10);
	return have_major > major || (have_major == major && have_minor >= minor);
}

bool kernel_has(unsigned int major, unsigned int minor)
{
	struct utsname name;

	return uname(&name) == 0 && kernel_is_at_least(name.release, major, minor);
}
