#include "lib/base/jsonw.h"

#include "lib/base/utf8.h"

#include <inttypes.h>

static void before_value(struct jsonw *w)
{
	if (w->comma)
		buf_add_byte(w->out, ',');
	w->comma = true;
}

static void open_with(struct jsonw *w, unsigned char c)
{
	before_value(w);
	buf_add_byte(w->out, c);
	w->comma = false;
}

static void close_with(struct jsonw *w, unsigned char c)
{
	buf_add_byte(w->out, c);
	w->comma = true;
}

struct jsonw jsonw_resume(struct buf *out)
{
	size_t len = out->len;

	while (len > 0 && out->data[len - 1] == '\n')
		len--;
	return (struct jsonw){ .out = out,
		.comma = len > 0 && !strchr("{[:,", out->data[len - 1]) };
}

void jsonw_object(struct jsonw *w)
{
	open_with(w, '{');
}

void jsonw_end_object(struct jsonw *w)
{
	close_with(w, '}');
}

void jsonw_array(struct jsonw *w)
{
	open_with(w, '[');
}

void jsonw_end_array(struct jsonw *w)
{
	close_with(w, ']');
}

static void add_escape(struct buf *out, unsigned char c)
{
	static const char named[] = "\bb\ff\nn\rr\tt\"\"\\\\";

	for (size_t i = 0; i + 1 < sizeof(named); i += 2) {
		if ((unsigned char)named[i] == c) {
			buf_add_byte(out, '\\');
			buf_add_byte(out, (unsigned char)named[i + 1]);
			return;
		}
	}
	buf_printf(out, "\\u%04x", c);
}

static void add_string(struct buf *out, struct bytes rest)
{
	buf_add_byte(out, '"');
	while (rest.len > 0) {
		uint32_t c = 0;
		size_t take = utf8_decode(rest, &c);

		if (take == 0) {
			buf_add_str(out, "\xef\xbf\xbd");
			take = 1;
		} else if (c < 0x20 || c == '"' || c == '\\') {
			add_escape(out, (unsigned char)c);
		} else {
			buf_add(out, rest.data, take);
		}
		rest = bytes_of(rest.data + take, rest.len - take);
	}
	buf_add_byte(out, '"');
}

void jsonw_key(struct jsonw *w, const char *key)
{
	before_value(w);
	add_string(w->out, bytes_of_str(key));
	buf_add_byte(w->out, ':');
	w->comma = false;
}

void jsonw_bytes(struct jsonw *w, struct bytes value)
{
	before_value(w);
	add_string(w->out, value);
}

void jsonw_str(struct jsonw *w, const char *value)
{
	jsonw_bytes(w, bytes_of_str(value));
}

void jsonw_int(struct jsonw *w, int64_t value)
{
	before_value(w);
	buf_printf(w->out, "%" PRId64, value);
}

void jsonw_bool(struct jsonw *w, bool value)
{
	before_value(w);
	buf_add_str(w->out, value ? "true" : "false");
}

void jsonw_null(struct jsonw *w)
{
	before_value(w);
	buf_add_str(w->out, "null");
}

void jsonw_kstr(struct jsonw *w, const char *key, const char *value)
{
	jsonw_key(w, key);
	jsonw_str(w, value);
}

void jsonw_kint(struct jsonw *w, const char *key, int64_t value)
{
	jsonw_key(w, key);
	jsonw_int(w, value);
}

void jsonw_kbool(struct jsonw *w, const char *key, bool value)
{
	jsonw_key(w, key);
	jsonw_bool(w, value);
}
