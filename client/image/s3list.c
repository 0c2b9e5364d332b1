#include "client/image/s3list.h"

#include <stdlib.h>

/* What stands between <name> and </name> in text, or false. rest: behind it. */
static bool take_element(
	struct bytes text, const char *name, struct bytes *out, struct bytes *rest)
{
	auto_free char *open = xasprintf("<%s>", name), *close = xasprintf("</%s>", name);
	const unsigned char *from, *to;

	from = text.len ? memmem(text.data, text.len, open, strlen(open)) : NULL;
	if (!from)
		return false;
	from += strlen(open);
	to = memmem(from, (size_t)(text.data + text.len - from), close, strlen(close));
	if (!to)
		return false;
	*out = bytes_of(from, (size_t)(to - from));
	to += strlen(close);
	*rest = bytes_of(to, (size_t)(text.data + text.len - to));
	return true;
}

static const struct {
	const char *name;
	char is;
} entities[] = {
	{ "&amp;", '&' },
	{ "&lt;", '<' },
	{ "&gt;", '>' },
	{ "&quot;", '"' },
	{ "&apos;", '\'' },
};

/* A reference that we do not know stays as it is: no key of ours has one. */
static size_t add_plain(struct bytes text, size_t at, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_COUNT(entities); i++) {
		size_t len = strlen(entities[i].name);

		if (text.len - at >= len &&
			memcmp(text.data + at, entities[i].name, len) == 0) {
			buf_add_byte(out, (unsigned char)entities[i].is);
			return len;
		}
	}
	buf_add_byte(out, text.data[at]);
	return 1;
}

static void unescape(struct bytes text, struct buf *out)
{
	buf_clear(out);
	buf_add_str(out, "");
	for (size_t at = 0; at < text.len;)
		at += add_plain(text, at, out);
}

int s3list_parse(struct bytes xml,
	int (*each)(const char *key, uint64_t size, void *ctx, struct err *e), void *ctx,
	struct buf *next, struct err *e)
{
	auto_buf struct buf word = BUF_INIT(8192);
	struct bytes page, at, one, ignored;

	buf_clear(next);
	/* its tag carries a name space */
	if (xml.len == 0 || !memmem(xml.data, xml.len, "<ListBucketResult", 17))
		return err_set(e, ERR_PARSE, "the answer is no listing of a bucket");
	page = at = xml;
	while (take_element(at, "Contents", &one, &at)) {
		struct bytes key, size;
		char *end;
		unsigned long long n;

		if (!take_element(one, "Key", &key, &ignored) ||
			!take_element(one, "Size", &size, &ignored))
			return err_set(e, ERR_PARSE, "an object without key or size");
		unescape(size, &word);
		n = strtoull(buf_str(&word), &end, 10);
		if (*end || end == buf_str(&word))
			return err_set(
				e, ERR_PARSE, "'%.20s' is no size", buf_str(&word));
		unescape(key, &word);
		if (buf_check(&word, "a key", e) < 0 ||
			each(buf_str(&word), n, ctx, e) < 0)
			return -1;
	}
	if (take_element(page, "IsTruncated", &one, &ignored) &&
		bytes_equal_str(one, "true")) {
		if (!take_element(page, "NextContinuationToken", &one, &ignored))
			return err_set(
				e, ERR_PARSE, "a part of a listing without a next");
		unescape(one, next);
	}
	return buf_check(next, "a continuation", e);
}
