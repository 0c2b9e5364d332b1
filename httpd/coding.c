#include "httpd/coding.h"

#include <strings.h>

const struct coding_name coding_names[CODING_COUNT] = {
	[CODING_NONE] = { "identity", "" },
	[CODING_BR] = { "br", ".br" },
	[CODING_ZSTD] = { "zstd", ".zst" },
	[CODING_GZIP] = { "gzip", ".gz" },
};

#define Q_MAX    1000
#define Q_UNSAID (-1)

static struct bytes trim(struct bytes t)
{
	while (t.len > 0 && (t.data[0] == ' ' || t.data[0] == '\t'))
		t = bytes_of(t.data + 1, t.len - 1);
	while (t.len > 0 && (t.data[t.len - 1] == ' ' || t.data[t.len - 1] == '\t'))
		t.len--;
	return t;
}

/* Takes what stands before the separator off the front. */
static struct bytes take_until(struct bytes *rest, char separator)
{
	const unsigned char *end =
		rest->len ? memchr(rest->data, separator, rest->len) : NULL;
	struct bytes first =
		bytes_of(rest->data, end ? (size_t)(end - rest->data) : rest->len);

	*rest = end ? bytes_of(end + 1, rest->len - first.len - 1) : bytes_of(NULL, 0);
	return trim(first);
}

static bool is_same(struct bytes a, const char *token)
{
	return a.len == strlen(token) &&
	       strncasecmp((const char *)a.data, token, a.len) == 0;
}

/* "0", "1", "0.123": at most three digits behind the point. */
static int parse_q(struct bytes t)
{
	int q, unit = Q_MAX / 10;

	if (t.len == 0 || (t.data[0] != '0' && t.data[0] != '1'))
		return 0;
	q = (t.data[0] - '0') * Q_MAX;
	if (t.len > 5 || (t.len > 1 && t.data[1] != '.'))
		return 0;
	for (size_t i = 2; i < t.len; i++, unit /= 10) {
		if (t.data[i] < '0' || t.data[i] > '9')
			return 0;
		q += (t.data[i] - '0') * unit;
	}
	return q <= Q_MAX ? q : 0;
}

/* The parameters behind a coding: only q has a meaning. */
static int quality(struct bytes parameters)
{
	while (parameters.len > 0) {
		struct bytes one = take_until(&parameters, ';');

		if (one.len >= 2 && (one.data[0] | 0x20) == 'q' && one.data[1] == '=')
			return parse_q(bytes_of(one.data + 2, one.len - 2));
	}
	return Q_MAX;
}

static void note(struct bytes token, int q, int said[CODING_COUNT], int *others)
{
	if (is_same(token, "*"))
		*others = q;
	else if (is_same(token, "x-gzip"))
		said[CODING_GZIP] = q;
	for (size_t i = 0; i < CODING_COUNT; i++)
		if (is_same(token, coding_names[i].token))
			said[i] = q;
}

size_t coding_accepted(struct bytes accept_encoding, enum coding out[CODING_COUNT])
{
	int said[CODING_COUNT], others = 0;
	size_t count = 0;

	for (size_t i = 0; i < CODING_COUNT; i++)
		said[i] = Q_UNSAID;
	while (accept_encoding.len > 0) {
		struct bytes item = take_until(&accept_encoding, ',');
		struct bytes token = take_until(&item, ';');

		note(token, quality(item), said, &others);
	}
	for (size_t i = CODING_NONE + 1; i < CODING_COUNT; i++) {
		int q = said[i] == Q_UNSAID ? others : said[i];
		size_t at = count;

		said[i] = q;
		if (q == 0 || q < said[CODING_NONE])
			continue;
		for (; at > 0 && said[out[at - 1]] < q; at--)
			out[at] = out[at - 1];
		out[at] = (enum coding)i;
		count++;
	}
	return count;
}
