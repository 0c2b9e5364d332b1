#include "lib/base/optvalue.h"

#define NEAREST_MAX 255 /* bytes of a name that are compared */

static bool parse_int(const char *text, int64_t *out)
{
	char *end;
	long long value;

	if (!(*text >= '0' && *text <= '9') && *text != '-')
		return false;
	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0')
		return false;
	*out = value;
	return true;
}

int opt_parse_size(const char *text, int64_t *out, struct err *e)
{
	static const char units[] = "KMGT";
	const char *unit;
	int64_t value = 0;
	size_t i;

	for (i = 0; text[i] >= '0' && text[i] <= '9'; i++)
		if (__builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, text[i] - '0', &value))
			return err_set(e, ERR_USAGE, "'%s' is too large", text);
	unit = text[i] ? strchr(units, text[i] == 'k' ? 'K' : text[i]) : NULL;
	if (i == 0 || (text[i] && !unit) ||
		(unit && text[i + 1] && strcmp(text + i + 1, "iB") != 0))
		return err_set(e, ERR_USAGE,
			"'%s' is not a size such as 4096, 64K, 8MiB or 1G", text);
	if (unit && __builtin_mul_overflow(
			    value, (int64_t)1 << 10 * (unit - units + 1), &value))
		return err_set(e, ERR_USAGE, "'%s' is too large", text);
	*out = value;
	return 0;
}

static int store_int(const struct opt *o, const char *text, int64_t *slot, struct err *e)
{
	bool bounded = o->min != 0 || o->max != 0;
	int64_t min = bounded ? o->min : 0, max = bounded ? o->max : INT64_MAX;
	int64_t value;

	if (!parse_int(text, &value))
		return err_set(e, ERR_USAGE, "option '--%s': '%s' is not a number",
			o->name, text);
	if (value < min || value > max)
		return err_set(e, ERR_USAGE,
			"option '--%s': '%s' is not within %lld..%lld", o->name, text,
			(long long)min, (long long)max);
	*slot = value;
	return 0;
}

static int store_list(
	const struct opt *o, const char *text, struct opt_list *list, struct err *e)
{
	if (list->count >= OPT_LIST_MAX)
		return err_set(e, ERR_USAGE, "option '--%s' is given more than %d times",
			o->name, OPT_LIST_MAX);
	list->item[list->count++] = text;
	return 0;
}

int opt_store(const struct opt *o, void *base, const char *text, struct err *e)
{
	void *slot = (char *)base + o->offset;

	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)slot = true;
		return 0;
	case OPT_STRING:
		*(const char **)slot = text;
		return 0;
	case OPT_INT:
		return store_int(o, text, slot, e);
	case OPT_SIZE:
		if (opt_parse_size(text, slot, e) < 0)
			return err_wrap(e, "option '--%s'", o->name);
		return 0;
	case OPT_LIST:
		return store_list(o, text, slot, e);
	}
	err_abort("option table names an unknown kind");
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Insertions, deletions, replacements and swaps of neighbours (optimal string
 * alignment). */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned short row[3][NEAREST_MAX + 1];

	for (size_t j = 0; j <= b_len; j++)
		row[0][j] = (unsigned short)j;
	for (size_t i = 1; i <= a_len; i++) {
		unsigned short *now = row[i % 3], *last = row[(i + 2) % 3];
		const unsigned short *before = row[(i + 1) % 3];

		now[0] = (unsigned short)i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
			size_t best =
				min3(last[j] + 1U, now[j - 1] + 1U, last[j - 1] + cost);

			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
				a[i - 2] == b[j - 1] && before[j - 2] + 1U < best)
				best = before[j - 2] + 1U;
			now[j] = (unsigned short)best;
		}
	}
	return row[a_len % 3][b_len];
}

const char *opt_nearest(const char *text, const char *const *candidates, size_t count)
{
	size_t text_len = strnlen(text, NEAREST_MAX + 1);
	const char *best = NULL;
	size_t best_distance = SIZE_MAX;

	if (text_len == 0 || text_len > NEAREST_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t len = strnlen(candidates[i], NEAREST_MAX + 1);
		size_t limit = len / 3 > 0 ? len / 3 : 1;
		size_t gap = len > text_len ? len - text_len : text_len - len;
		size_t d;

		if (len < 2 || len > NEAREST_MAX || gap > limit)
			continue;
		d = distance(text, text_len, candidates[i], len);
		if (d <= limit && d < best_distance) {
			best = candidates[i];
			best_distance = d;
		}
	}
	return best;
}
