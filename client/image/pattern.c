#include "client/image/pattern.h"

#include <fnmatch.h>

bool pattern_matches(const char *pattern, const char *text)
{
	size_t n = strlen(pattern);

	if (strpbrk(pattern, "*?["))
		return fnmatch(pattern, text, 0) == 0;
	while (n > 0 && pattern[n - 1] == '/')
		n--;
	for (const char *p = text; p; p = strchr(p, '/')) {
		if (*p == '/')
			p++;
		if (n > 0 && strncmp(p, pattern, n) == 0 && (p[n] == '\0' || p[n] == '/'))
			return true;
	}
	return false;
}
