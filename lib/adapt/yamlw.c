/* The writing half of yaml.h: it needs no library. */
#include "lib/adapt/yaml.h"

#include "lib/base/buf.h"
#include "lib/base/utf8.h"

#include <strings.h>

/* Words that YAML 1.1 does not read as strings, in any case. */
static bool is_reserved(const char *text)
{
	static const char *const word[] = { "y", "n", "yes", "no", "true", "false", "on",
		"off", "null" };

	for (size_t i = 0; i < ARRAY_COUNT(word); i++)
		if (strcasecmp(text, word[i]) == 0)
			return true;
	return false;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What begins with a letter, a slash or an underscore is no number and no date. */
static bool is_plain(const char *text)
{
	if (!is_letter(text[0]) && text[0] != '/' && text[0] != '_')
		return false;
	for (const char *p = text; *p; p++)
		if (!is_letter(*p) && !(*p >= '0' && *p <= '9') && !strchr("._/+-", *p))
			return false;
	return !is_reserved(text);
}

/* Code points that YAML does not take raw, or takes as an end of line. */
static bool must_escape(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029 ||
	       c == 0xfeff || c == 0xfffe || c == 0xffff;
}

static void write_code_point(struct buf *out, uint32_t c, const char *raw, size_t len)
{
	if (c == '"' || c == '\\')
		buf_printf(out, "\\%c", (char)c);
	else if (c == '\n')
		buf_add_str(out, "\\n");
	else if (c == '\t')
		buf_add_str(out, "\\t");
	else if (!must_escape(c))
		buf_add(out, raw, len);
	else if (c < 0x100)
		buf_printf(out, "\\x%02X", (unsigned int)c);
	else
		buf_printf(out, "\\u%04X", (unsigned int)c);
}

void yaml_write_scalar(struct buf *out, const char *text)
{
	size_t len = strlen(text);

	if (is_plain(text)) {
		buf_add(out, text, len);
		return;
	}
	buf_add_byte(out, '"');
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t c;

		n = utf8_decode(bytes_of(text + i, len - i), &c);
		if (n ==
			0) { /* a stray byte: YAML has text only, so it becomes Latin-1 */
			c = (unsigned char)text[i];
			n = 1;
			buf_printf(out, "\\x%02X", (unsigned int)c);
			continue;
		}
		write_code_point(out, c, text + i, n);
	}
	buf_add_byte(out, '"');
}
