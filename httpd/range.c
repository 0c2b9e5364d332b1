#include "httpd/range.h"

#include <strings.h>

#define CLAUSE "Range: RFC 9110 14.1.2: "

static struct bytes trimmed(struct bytes b)
{
	while (b.len > 0 && (b.data[0] == ' ' || b.data[0] == '\t'))
		b = bytes_of(b.data + 1, b.len - 1);
	while (b.len > 0 && (b.data[b.len - 1] == ' ' || b.data[b.len - 1] == '\t'))
		b.len--;
	return b;
}

/* Takes digits off the front; a number too large for 64 bits stays at the largest. */
static bool take_number(struct bytes *b, uint64_t *out)
{
	uint64_t value = 0;
	size_t n = 0;

	while (n < b->len && b->data[n] >= '0' && b->data[n] <= '9') {
		unsigned int digit = b->data[n] - '0';

		value = value > (UINT64_MAX - digit) / 10 ? UINT64_MAX
							  : value * 10 + digit;
		n++;
	}
	*b = bytes_of(b->data + n, b->len - n);
	*out = value;
	return n > 0;
}

static int take_spec(struct bytes text, bool *has_first, bool *has_last,
	struct range *out, struct err *e)
{
	static const char unit[] = "bytes=";

	text = trimmed(text);
	if (text.len < sizeof(unit) ||
		strncasecmp((const char *)text.data, unit, sizeof(unit) - 1) != 0)
		return err_set(e, ERR_PARSE, CLAUSE "unit is not bytes");
	text = bytes_of(text.data + sizeof(unit) - 1, text.len - (sizeof(unit) - 1));
	if (memchr(text.data, ',', text.len))
		return err_set(e, ERR_PARSE, CLAUSE "several ranges");
	*has_first = take_number(&text, &out->first);
	if (text.len == 0 || text.data[0] != '-')
		return err_set(e, ERR_PARSE, CLAUSE "no dash");
	text = bytes_of(text.data + 1, text.len - 1);
	*has_last = take_number(&text, &out->last);
	if (text.len > 0 || (!*has_first && !*has_last))
		return err_set(e, ERR_PARSE, CLAUSE "not a number");
	return 0;
}

int range_parse(struct bytes text, uint64_t size, struct range *out, struct err *e)
{
	struct range r = { 0, 0 };
	bool has_first = false, has_last = false;

	if (take_spec(text, &has_first, &has_last, &r, e) < 0)
		return -1;
	if (has_first && has_last && r.last < r.first)
		return err_set(e, ERR_PARSE, CLAUSE "last before first");
	if (!has_first) {
		if (r.last == 0 || size == 0)
			return err_set(e, ERR_LIMIT, CLAUSE "empty suffix");
		r.first = r.last < size ? size - r.last : 0;
		has_last = false;
	}
	if (r.first >= size)
		return err_set(e, ERR_LIMIT, CLAUSE "first behind the end");
	if (!has_last || r.last >= size)
		r.last = size - 1;
	*out = r;
	return 0;
}
