#include "lib/model/start.h"

#define START_BYTES_MAX (64U << 10)
#define START_LINES_MAX 8192

static const char key_letters[] = "abcdefghijklmnopqrstuvwxyz_";

static bool needs_escape(unsigned char c)
{
	return c < 0x20 || c == 0x7f || c == '\\';
}

void start_line(struct buf *out, const char *key, const char *value)
{
	buf_printf(out, "%s ", key);
	for (const char *v = value; *v; v++) {
		unsigned char c = (unsigned char)*v;

		if (needs_escape(c))
			buf_printf(out, "\\x%02x", c);
		else
			buf_add_byte(out, c);
	}
	buf_add_byte(out, '\n');
}

static int bad_line(size_t number, const char *what, struct err *e)
{
	return err_set(e, ERR_PARSE, "line %zu: %s", number, what);
}

/* Cuts the next line off *text into key and value (raw); 1 a line, 0 the end. */
static int next_line(struct bytes *text, size_t number, struct bytes *key,
	struct bytes *value, struct err *e)
{
	const unsigned char *end, *space;
	size_t len;

	if (text->len == 0)
		return 0;
	if (number > START_LINES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d lines", START_LINES_MAX);
	end = memchr(text->data, '\n', text->len);
	if (!end)
		return bad_line(number, "no end of line", e);
	len = (size_t)(end - text->data);
	space = memchr(text->data, ' ', len);
	if (!space || space == text->data)
		return bad_line(number, "no key and value", e);

	*key = bytes_of(text->data, (size_t)(space - text->data));
	*value = bytes_of(space + 1, (size_t)(end - space - 1));
	*text = bytes_of(end + 1, text->len - len - 1);
	for (size_t i = 0; i < key->len; i++)
		if (!key->data[i] || !strchr(key_letters, key->data[i]))
			return bad_line(number, "a key is made of a-z and _", e);
	return 1;
}

static int hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One character of a value at *at (advanced); -1 when it is none. Only what start_line
 * escapes may be escaped, so that one fact has one text. */
static int next_char(struct bytes value, size_t *at)
{
	unsigned char c = value.data[*at];
	int high, low;

	if (c != '\\') {
		++*at;
		return needs_escape(c) ? -1 : c;
	}
	if (value.len - *at < 4 || value.data[*at + 1] != 'x')
		return -1;
	high = hex_value(value.data[*at + 2]);
	low = hex_value(value.data[*at + 3]);
	*at += 4;
	if (high < 0 || low < 0 || high + low == 0 ||
		!needs_escape((unsigned char)(high << 4 | low)))
		return -1;
	return high << 4 | low;
}

static int decode(
	struct bytes value, size_t number, char *out, size_t out_size, struct err *e)
{
	size_t len = 0, at = 0;

	while (at < value.len) {
		int c = next_char(value, &at);

		if (c < 0)
			return bad_line(number, "a byte that is not escaped as \\xNN", e);
		if (len + 1 >= out_size)
			return err_set(e, ERR_LIMIT,
				"line %zu: the value is longer than %zu bytes", number,
				out_size - 1);
		out[len++] = (char)c;
	}
	out[len] = '\0';
	return 0;
}

static size_t line_of(struct bytes text, size_t pos)
{
	size_t number = 1;

	for (size_t i = 0; i < pos; i++)
		number += text.data[i] == '\n';
	return number;
}

int start_next(struct bytes text, const char *key, size_t *pos, char *out,
	size_t out_size, struct err *e)
{
	struct bytes rest, found = { 0 }, value = { 0 };
	size_t number;
	int more;

	if (text.len > START_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "more than %u bytes", START_BYTES_MAX);
	if (*pos > text.len)
		return 0;
	rest = bytes_of(text.data + *pos, text.len - *pos);
	number = line_of(text, *pos);
	while ((more = next_line(&rest, number, &found, &value, e)) > 0) {
		if (bytes_equal_str(found, key)) {
			if (decode(value, number, out, out_size, e) < 0)
				return -1;
			*pos = text.len - rest.len;
			return 1;
		}
		number++;
	}
	return more;
}

int start_get(
	struct bytes text, const char *key, char *out, size_t out_size, struct err *e)
{
	size_t pos = 0;
	int found = start_next(text, key, &pos, out, out_size, e);

	if (found == 0)
		return err_set(e, ERR_NOTFOUND, "key '%s' is missing", key);
	return found < 0 ? -1 : 0;
}

const char *start_get_or(struct bytes text, const char *key, char *out, size_t out_size,
	const char *fallback)
{
	struct err ignored;

	return start_get(text, key, out, out_size, &ignored) < 0 ? fallback : out;
}
