#include "client/image/words.h"

#include <inttypes.h>

const char *words_safe(struct arena *arena, const char *text)
{
	struct err escaped;

	/* An error's text is escaped by promise: the one place that knows how. */
	err_set(&escaped, ERR_FAILED, "%s", text);
	return arena_strdup(arena, escaped.text);
}

const char *words_age(int64_t then_s, int64_t now_s, char *out, size_t out_size)
{
	static const struct {
		int64_t below_s, unit_s;
		char letter;
	} units[] = {
		{ 3600, 60, 'm' },
		{ 2 * 86400, 3600, 'h' },
		{ INT64_MAX, 86400, 'd' },
	};
	int64_t age = now_s - then_s;

	snprintf(out, out_size, "-");
	for (size_t i = 0; age >= 0 && i < ARRAY_COUNT(units); i++)
		if (age < units[i].below_s) {
			snprintf(out, out_size, "%" PRId64 "%c", age / units[i].unit_s,
				units[i].letter);
			break;
		}
	return out;
}
