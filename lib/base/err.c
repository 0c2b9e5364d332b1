#include "lib/base/err.h"

#include "lib/base/utf8.h"

struct code_facts {
	const char *name;
	int exit_status;
};

static const struct code_facts code_facts[] = {
	[ERR_FAILED] = { "failed", 1 },
	[ERR_SYS] = { "system", 1 },
	[ERR_USAGE] = { "usage", 2 },
	[ERR_PARSE] = { "parse", 1 },
	[ERR_CONFLICT] = { "conflict", 1 },
	[ERR_UNTRUSTED] = { "untrusted", 3 },
	[ERR_NETWORK] = { "network", 4 },
	[ERR_LIMIT] = { "limit", 5 },
	[ERR_NOSPACE] = { "nospace", 5 },
	[ERR_BUSY] = { "busy", 6 },
	[ERR_DAMAGED] = { "damaged", 7 },
	[ERR_NOTFOUND] = { "notfound", 8 },
	[ERR_AGAIN] = { "again", 75 },
	[ERR_RECIPE] = { "recipe", 10 },
	[ERR_UPSTREAM] = { "upstream", 11 },
	[ERR_TEST] = { "test", 12 },
	[ERR_INTERRUPTED] = { "interrupted", 130 },
};

/* What could move the cursor, start a line or reorder what a terminal shows. */
static bool is_dangerous(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e ||
	       c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069);
}

/* Appends src to dst, escaped, cutting only between whole characters; returns the new
 * length. */
static size_t append_escaped(char *dst, size_t len, size_t size, const char *src)
{
	struct bytes rest = bytes_of_str(src);

	while (rest.len > 0) {
		uint32_t c = 0;
		size_t take = utf8_decode(rest, &c);

		if (take != 0 && !is_dangerous(c)) {
			if (len + take >= size)
				break;
			memcpy(dst + len, rest.data, take);
			len += take;
		} else {
			if (take == 0)
				take = 1;
			if (len + 4 * take >= size)
				break;
			for (size_t i = 0; i < take; i++)
				len += (size_t)snprintf(
					dst + len, size - len, "\\x%02x", rest.data[i]);
		}
		rest = bytes_of(rest.data + take, rest.len - take);
	}
	dst[len] = '\0';
	return len;
}

int(err_vset)(struct err *e, enum err_code code, const char *fmt, va_list ap)
{
	char raw[ERR_TEXT_MAX];

	vsnprintf(raw, sizeof(raw), fmt, ap);
	e->code = code;
	e->sys = 0;
	append_escaped(e->text, 0, sizeof(e->text), raw);
	return -1;
}

int(err_set)(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(e, code, fmt, ap);
	va_end(ap);
	return -1;
}

static enum err_code code_of_errno(int number)
{
	switch (number) {
	case ENOSPC:
	case EDQUOT:
		return ERR_NOSPACE;
	case ENOENT:
		return ERR_NOTFOUND;
	case EINTR:
		return ERR_INTERRUPTED;
	default:
		return ERR_SYS;
	}
}

int(err_sys)(struct err *e, const char *fmt, ...)
{
	int number = errno;
	size_t len;
	va_list ap;

	va_start(ap, fmt);
	err_vset(e, code_of_errno(number), fmt, ap);
	va_end(ap);
	e->sys = number;
	len = append_escaped(e->text, strlen(e->text), sizeof(e->text), ": ");
	/* In both libraries it answers with constants, or with its thread's own text. */
	append_escaped(e->text, len, sizeof(e->text), strerror(number));
	errno = number;
	return -1;
}

int(err_wrap)(struct err *e, const char *fmt, ...)
{
	char raw[ERR_TEXT_MAX], cause[ERR_TEXT_MAX];
	va_list ap;
	size_t len;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	memcpy(cause, e->text, sizeof(cause));
	len = append_escaped(e->text, 0, sizeof(e->text), raw);
	len = append_escaped(e->text, len, sizeof(e->text), ": ");
	append_escaped(e->text, len, sizeof(e->text), cause);
	return -1;
}

int err_exit_status(const struct err *e)
{
	if ((size_t)e->code >= ARRAY_COUNT(code_facts) || !code_facts[e->code].name)
		return 1;
	return code_facts[e->code].exit_status;
}

const char *err_code_name(enum err_code code)
{
	if ((size_t)code >= ARRAY_COUNT(code_facts) || !code_facts[code].name)
		return "failed";
	return code_facts[code].name;
}

void err_abort(const char *what)
{
	fprintf(stderr, "%s: cannot go on: %s\n", program_invocation_short_name, what);
	abort();
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		err_abort("out of memory");
	return p;
}

void *xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		err_abort("out of memory");
	return p;
}

void *xrealloc(void *p, size_t size)
{
	void *q = realloc(p, size ? size : 1);

	if (!q)
		err_abort("out of memory");
	return q;
}

char *xstrdup(const char *s)
{
	size_t size = strlen(s) + 1;

	return memcpy(xmalloc(size), s, size);
}

char *xasprintf(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		err_abort("out of memory");
	return text;
}
