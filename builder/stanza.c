#include "builder/stanza.h"

/* Length of the line at p, without its newline. */
static size_t line_len(const unsigned char *p, size_t len)
{
	const unsigned char *end = len ? memchr(p, '\n', len) : NULL;

	return end ? (size_t)(end - p) : len;
}

static struct bytes skip(struct bytes b, size_t n)
{
	return n >= b.len ? bytes_of(b.data + b.len, 0) : bytes_of(b.data + n, b.len - n);
}

bool stanza_next(struct bytes *text, struct bytes *stanza)
{
	size_t len = 0;

	while (text->len && text->data[0] == '\n')
		*text = skip(*text, 1);
	if (text->len == 0)
		return false;
	while (len < text->len) {
		size_t line = line_len(text->data + len, text->len - len);

		if (line == 0)
			break;
		len += line + 1;
	}
	if (len > text->len)
		len = text->len;
	*stanza = bytes_of(text->data, len);
	*text = skip(*text, len);
	return true;
}

static struct bytes trim(struct bytes b)
{
	while (b.len && (b.data[0] == ' ' || b.data[0] == '\t'))
		b = skip(b, 1);
	while (b.len && (b.data[b.len - 1] == ' ' || b.data[b.len - 1] == '\r'))
		b.len--;
	return b;
}

/* The rest of the stanza behind "Field:"; data NULL when absent. */
static struct bytes behind(struct bytes stanza, const char *field)
{
	size_t name = strlen(field);

	while (stanza.len) {
		size_t line = line_len(stanza.data, stanza.len);

		if (line > name && stanza.data[name] == ':' &&
			strncasecmp((const char *)stanza.data, field, name) == 0)
			return skip(stanza, name + 1);
		stanza = skip(stanza, line + 1);
	}
	return bytes_of(NULL, 0);
}

struct bytes stanza_get(struct bytes stanza, const char *field)
{
	struct bytes rest = behind(stanza, field);

	if (!rest.data)
		return rest;
	rest.len = line_len(rest.data, rest.len);
	return trim(rest);
}

struct bytes stanza_get_lines(struct bytes stanza, const char *field)
{
	struct bytes rest = behind(stanza, field);
	size_t len;

	if (!rest.data)
		return rest;
	len = line_len(rest.data, rest.len);
	while (len + 1 < rest.len &&
		(rest.data[len + 1] == ' ' || rest.data[len + 1] == '\t'))
		len += 1 + line_len(rest.data + len + 1, rest.len - len - 1);
	return bytes_of(rest.data, len);
}
