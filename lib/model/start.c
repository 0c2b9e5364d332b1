#include "lib/model/start.h"

#define START_TEXT_MAX (64U << 10)

static bool needs_escape(unsigned char c)
{
	return c < 0x20 || c == 0x7f || c == '\\';
}

void start_line(struct buf *out, const char *key, const char *value)
{
	buf_add_str(out, key);
	buf_add_byte(out, ' ');
	for (const char *p = value; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (needs_escape(c))
			buf_printf(out, "\\x%02x", c);
		else
			buf_add_byte(out, c);
	}
	buf_add_byte(out, '\n');
}

static int hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* One line of text at *pos: its key and value; 0 at the end, -1 when malformed. */
static int next_line(
	struct bytes text, size_t *pos, struct bytes *key, struct bytes *value)
{
	const unsigned char *line = text.data + *pos, *end, *blank;
	size_t left = text.len - *pos;

	if (left == 0)
		return 0;
	end = memchr(line, '\n', left);
	if (!end)
		return -1;
	blank = memchr(line, ' ', (size_t)(end - line));
	if (!blank || blank == line)
		return -1;
	*key = bytes_of(line, (size_t)(blank - line));
	*value = bytes_of(blank + 1, (size_t)(end - blank - 1));
	*pos += (size_t)(end - line) + 1;
	return 1;
}

static int decode(
	struct bytes value, char *out, size_t out_size, const char *key, struct err *e)
{
	size_t n = 0;

	for (size_t i = 0; i < value.len; i++) {
		int c = value.data[i];

		if (c == '\\') {
			bool whole = value.len - i >= 4 && value.data[i + 1] == 'x';
			int high = whole ? hex_value(value.data[i + 2]) : -1;
			int low = whole ? hex_value(value.data[i + 3]) : -1;

			if (high < 0 || low < 0)
				return err_set(e, ERR_PARSE,
					"'%s': a backslash that is no \\xNN", key);
			c = high << 4 | low;
			i += 3;
		}
		if (c == 0)
			return err_set(e, ERR_PARSE, "'%s': a NUL byte", key);
		if (n + 1 >= out_size)
			return err_set(e, ERR_LIMIT, "'%s': longer than %zu bytes", key,
				out_size - 1);
		out[n++] = (char)c;
	}
	out[n] = '\0';
	return 0;
}

int start_next(struct bytes text, const char *key, size_t *pos, char *out,
	size_t out_size, struct err *e)
{
	struct bytes k, v;
	int rc;

	if (text.len > START_TEXT_MAX)
		return err_set(e, ERR_LIMIT, "larger than %u bytes", START_TEXT_MAX);
	while ((rc = next_line(text, pos, &k, &v)) > 0)
		if (bytes_equal_str(k, key))
			return decode(v, out, out_size, key, e) < 0 ? -1 : 1;
	if (rc < 0)
		return err_set(
			e, ERR_PARSE, "a line that is no 'key value' at byte %zu", *pos);
	return 0;
}

int start_get(
	struct bytes text, const char *key, char *out, size_t out_size, struct err *e)
{
	size_t pos = 0;
	int rc = start_next(text, key, &pos, out, out_size, e);

	if (rc == 0)
		return err_set(e, ERR_NOTFOUND, "no line '%s'", key);
	return rc < 0 ? -1 : 0;
}

const char *start_get_or(struct bytes text, const char *key, char *out, size_t out_size,
	const char *fallback)
{
	struct err ignored;

	return start_get(text, key, out, out_size, &ignored) < 0 ? fallback : out;
}
