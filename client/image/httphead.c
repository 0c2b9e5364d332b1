#include "client/image/httphead.h"

#include <ctype.h>

static bool starts_with_nocase(struct bytes line, const char *name)
{
	size_t n = strlen(name);

	return line.len >= n && strncasecmp((const char *)line.data, name, n) == 0;
}

/* The value behind "Name:", without white space around it. */
static struct bytes value_of(struct bytes line, const char *name)
{
	size_t from = strlen(name), to = line.len;

	while (from < to && isspace(line.data[from]))
		from++;
	while (to > from && isspace(line.data[to - 1]))
		to--;
	return bytes_of(line.data + from, to - from);
}

static bool take_number(struct bytes *text, uint64_t *out)
{
	uint64_t n = 0;
	size_t i = 0;

	for (; i < text->len && isdigit(text->data[i]) && i < 18; i++)
		n = n * 10 + (uint64_t)(text->data[i] - '0');
	if (i == 0)
		return false;
	*text = bytes_of(text->data + i, text->len - i);
	*out = n;
	return true;
}

static bool take_byte(struct bytes *text, char c)
{
	if (text->len == 0 || text->data[0] != (unsigned char)c)
		return false;
	*text = bytes_of(text->data + 1, text->len - 1);
	return true;
}

/* "bytes FIRST-LAST/TOTAL" */
static void take_range(struct httphead *h, struct bytes v)
{
	uint64_t first, last, total;

	if (!starts_with_nocase(v, "bytes "))
		return;
	v = value_of(v, "bytes ");
	if (!take_number(&v, &first) || !take_byte(&v, '-') || !take_number(&v, &last) ||
		!take_byte(&v, '/') || !take_number(&v, &total) || v.len > 0)
		return;
	if (first > last || last + 1 != total)
		return;
	h->has_range = true;
	h->range_first = first;
	h->range_total = total;
}

/* Only a strong tag says that the bytes are the same. */
static void take_etag(struct httphead *h, struct bytes v)
{
	if (v.len < 3 || v.len >= sizeof(h->etag) || v.data[0] != '"' ||
		v.data[v.len - 1] != '"')
		return;
	for (size_t i = 1; i + 1 < v.len; i++)
		if (v.data[i] <= ' ' || v.data[i] == '"' || v.data[i] >= 0x7f)
			return;
	memcpy(h->etag, v.data, v.len);
	h->etag[v.len] = '\0';
}

static void take_coding(struct httphead *h, struct bytes v)
{
	if (v.len > 0 && !(v.len == 8 && starts_with_nocase(v, "identity")))
		h->coded = true;
}

static void take_retry_after(struct httphead *h, struct bytes v)
{
	uint64_t n;

	if (take_number(&v, &n) && v.len == 0)
		h->retry_after_s = n > 3600 ? 3600 : (int64_t)n;
}

bool httphead_line(struct httphead *h, struct bytes line)
{
	static const struct {
		const char *name;
		void (*take)(struct httphead *h, struct bytes value);
	} fields[] = {
		{ "etag:", take_etag },
		{ "content-encoding:", take_coding },
		{ "content-range:", take_range },
		{ "retry-after:", take_retry_after },
	};
	size_t bytes = h->bytes + line.len;

	if (starts_with_nocase(line, "HTTP/")) /* the next response of a chain */
		memset(h, 0, sizeof(*h));
	h->bytes = bytes;
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
		if (starts_with_nocase(line, fields[i].name))
			fields[i].take(h, value_of(line, fields[i].name));
	return bytes <= HTTPHEAD_BYTES_MAX;
}
