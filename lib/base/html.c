#include "lib/base/html.h"

#include "lib/base/utf8.h"

#include <stdarg.h>
#include <time.h>

#define REPLACEMENT "\xef\xbf\xbd"

static const char *reference(uint32_t c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Control codes, and marks that make text read otherwise than it is written. */
static bool is_unfit(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200e && c <= 0x200f) ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ||
	       c == 0x2028 || c == 0x2029 || (c & 0xfffe) == 0xfffe;
}

void html_text(struct buf *out, const char *text)
{
	struct bytes rest = bytes_of_str(text);

	while (rest.len) {
		uint32_t c = 0;
		size_t len = utf8_decode(rest, &c);
		const char *ref = len ? reference(c) : NULL;

		if (!len || is_unfit(c))
			buf_add_str(out, REPLACEMENT);
		else if (ref)
			buf_add_str(out, ref);
		else
			buf_add(out, rest.data, len);
		len = len ? len : 1;
		rest = bytes_of(rest.data + len, rest.len - len);
	}
}

void html_printf(struct buf *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	while (*fmt) {
		size_t plain = strcspn(fmt, "%");

		buf_add(out, fmt, plain);
		fmt += plain;
		if (!*fmt)
			break;
		fmt++;
		if (*fmt == 's')
			html_text(out, va_arg(ap, const char *));
		else if (*fmt == 'd')
			buf_printf(out, "%d", va_arg(ap, int));
		else if (strncmp(fmt, "lld", 3) == 0)
			buf_printf(out, "%lld", va_arg(ap, long long));
		else if (strncmp(fmt, "llu", 3) == 0)
			buf_printf(out, "%llu", va_arg(ap, unsigned long long));
		else if (*fmt == '%')
			buf_add_byte(out, '%');
		else
			err_abort("html_printf: unknown conversion");
		fmt += *fmt == 'l' ? 3 : 1;
	}
	va_end(ap);
}

void html_size(struct buf *out, uint64_t bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	unsigned int u = 0;
	uint64_t tenths = bytes * 10;

	while (tenths >= 10000 && u + 1 < ARRAY_COUNT(units)) {
		tenths /= 1000;
		u++;
	}
	if (u == 0 || tenths >= 1000)
		buf_printf(
			out, "%llu %s", (unsigned long long)(tenths + 5) / 10, units[u]);
	else
		buf_printf(out, "%llu.%llu %s", (unsigned long long)tenths / 10,
			(unsigned long long)tenths % 10, units[u]);
}

void html_time(int64_t time_s, char out[HTML_TIME_MAX])
{
	time_t t = (time_t)time_s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) ||
		!strftime(out, HTML_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm))
		out[0] = '\0';
}

void html_date(struct buf *out, int64_t time_s)
{
	char text[HTML_TIME_MAX];

	html_time(time_s, text);
	buf_printf(out, "<time datetime=\"%s\">%.10s</time>", text, text);
}
