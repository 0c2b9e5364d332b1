#include "client/run/doctor.h"

bool subids_overlap(struct bytes text, const char *own_name, uid_t uid,
	unsigned int start, char out[64])
{
	const char *at = (const char *)text.data, *end = at + text.len;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = stop ? (size_t)(stop - at) : (size_t)(end - at);
		char line[64], own_uid[16], *first, *count;
		unsigned long long from, many;

		snprintf(line, sizeof(line), "%.*s", (int)(len < 63 ? len : 63), at);
		snprintf(own_uid, sizeof(own_uid), "%u", (unsigned int)uid);
		memcpy(out, line, sizeof(line));
		at += len + 1;
		first = strchr(line, ':');
		count = first ? strchr(first + 1, ':') : NULL;
		if (!count)
			continue;
		*first = *count = '\0';
		from = strtoull(first + 1, NULL, 10);
		many = strtoull(count + 1, NULL, 10);
		if (strcmp(line, own_name) == 0 || strcmp(line, own_uid) == 0)
			continue;
		if (from < (unsigned long long)start + USERNS_IDS && start < from + many)
			return true;
	}
	return false;
}
