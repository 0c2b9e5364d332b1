#include "lib/base/buf.h"

#define BUF_FIRST_CAP 256U

void buf_release(struct buf *b)
{
	int saved = errno;

	free(b->data);
	b->data = NULL;
	b->len = b->cap = 0;
	b->over = false;
	errno = saved;
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->over = false;
	if (b->data)
		b->data[0] = '\0';
}

unsigned char *buf_reserve(struct buf *b, size_t len)
{
	size_t need, cap;

	if (b->over || len > b->ceiling - b->len) {
		b->over = true;
		return NULL;
	}
	need = b->len + len + 1;
	if (need > b->cap) {
		cap = b->cap ? b->cap : BUF_FIRST_CAP;
		while (cap < need)
			cap = cap > b->ceiling / 2 ? b->ceiling + 1 : cap * 2;
		b->data = xrealloc(b->data, cap);
		b->cap = cap;
		b->data[b->len] = '\0'; /* nothing may come */
	}
	return b->data + b->len;
}

void buf_grew(struct buf *b, size_t len)
{
	if (len == 0)
		return;
	if (len >= b->cap - b->len)
		err_abort("a buffer grew beyond what was reserved");
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_add(struct buf *b, const void *p, size_t len)
{
	unsigned char *to;

	if (len == 0)
		return;
	to = buf_reserve(b, len);
	if (!to)
		return;
	memcpy(to, p, len);
	buf_grew(b, len);
}

void buf_add_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_add_byte(struct buf *b, unsigned char c)
{
	buf_add(b, &c, 1);
}

void buf_add_fill(struct buf *b, unsigned char c, size_t count)
{
	unsigned char *to;

	if (count == 0)
		return;
	to = buf_reserve(b, count);
	if (!to)
		return;
	memset(to, c, count);
	buf_grew(b, count);
}

void buf_add_le(struct buf *b, uint64_t value, unsigned int size_bytes)
{
	unsigned char raw[8];

	if (size_bytes > sizeof(raw))
		err_abort("buf_add_le of more than 8 bytes");
	for (unsigned int i = 0; i < size_bytes; i++)
		raw[i] = (unsigned char)(value >> (8 * i));
	buf_add(b, raw, size_bytes);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	unsigned char *to;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	if (len < 0)
		err_abort("a text cannot be formatted");
	to = buf_reserve(b, (size_t)len);
	if (to) {
		vsnprintf((char *)to, (size_t)len + 1, fmt, again);
		buf_grew(b, (size_t)len);
	}
	va_end(again);
	va_end(ap);
}

void buf_add_hex(struct buf *b, const unsigned char *p, size_t len)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		buf_add_byte(b, (unsigned char)digits[p[i] >> 4]);
		buf_add_byte(b, (unsigned char)digits[p[i] & 15]);
	}
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void buf_add_base64(struct buf *b, struct bytes in)
{
	for (size_t i = 0; i < in.len; i += 3) {
		size_t n = in.len - i < 3 ? in.len - i : 3;
		uint32_t v = (uint32_t)in.data[i] << 16;
		char quad[4];

		if (n > 1)
			v |= (uint32_t)in.data[i + 1] << 8;
		if (n > 2)
			v |= in.data[i + 2];
		for (size_t k = 0; k < 4; k++)
			quad[k] = base64_digits[v >> (18 - 6 * k) & 63];
		if (n < 3)
			quad[3] = '=';
		if (n < 2)
			quad[2] = '=';
		buf_add(b, quad, sizeof(quad));
	}
}

static int base64_value(unsigned char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Decodes the four digits at quad; returns how many bytes they stand for, 0 when they are
 * no base64. Unused bits must be zero, so that one content has one text. */
static size_t decode_quad(const unsigned char *quad, bool last, unsigned char out[3])
{
	size_t digits = 4;
	uint32_t v = 0;

	if (last && quad[3] == '=')
		digits = quad[2] == '=' ? 2 : 3;
	for (size_t i = 0; i < 4; i++) {
		int value = i < digits ? base64_value(quad[i]) : 0;

		if (value < 0)
			return 0;
		v = v << 6 | (uint32_t)value;
	}
	out[0] = (unsigned char)(v >> 16);
	out[1] = (unsigned char)(v >> 8);
	out[2] = (unsigned char)v;
	if ((digits == 2 && (v & 0xffff)) || (digits == 3 && (v & 0xff)))
		return 0;
	return digits - 1;
}

int buf_decode_base64(struct bytes text, struct buf *out, struct err *e)
{
	size_t before = out->len;

	if (text.len % 4 != 0)
		return err_set(e, ERR_PARSE, "base64: the length is not a multiple of 4");

	for (size_t i = 0; i < text.len; i += 4) {
		unsigned char raw[3];
		size_t n = decode_quad(text.data + i, i + 4 == text.len, raw);

		if (n == 0) {
			out->len = before;
			if (out->data)
				out->data[before] = '\0';
			return err_set(
				e, ERR_PARSE, "base64: wrong digits at byte %zu", i);
		}
		buf_add(out, raw, n);
	}
	return buf_check(out, "base64", e);
}

int buf_check(const struct buf *b, const char *what, struct err *e)
{
	if (b->over)
		return err_set(
			e, ERR_LIMIT, "%s is larger than %zu bytes", what, b->ceiling);
	return 0;
}

struct bytes buf_bytes(const struct buf *b)
{
	return bytes_of(b->data, b->len);
}

const char *buf_str(const struct buf *b)
{
	return b->data ? (const char *)b->data : "";
}

char *buf_steal_str(struct buf *b)
{
	char *text = b->data ? (char *)b->data : xstrdup("");

	b->data = NULL;
	b->len = b->cap = 0;
	return text;
}
