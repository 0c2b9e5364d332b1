#include "httpd/resolve.h"

#include "lib/base/relpath.h"

#include <strings.h>

static int hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The path alone: no authority before it, no query behind it. */
static int target_path(struct bytes *t, struct err *e)
{
	static const char *const schemes[] = { "http://", "https://" };
	const unsigned char *query = t->len ? memchr(t->data, '?', t->len) : NULL;

	if (query)
		t->len = (size_t)(query - t->data);
	for (size_t i = 0; i < ARRAY_COUNT(schemes); i++) {
		size_t n = strlen(schemes[i]);
		const unsigned char *slash;

		if (t->len <= n || strncasecmp((const char *)t->data, schemes[i], n) != 0)
			continue;
		slash = memchr(t->data + n, '/', t->len - n);
		*t = slash ? bytes_of(slash, t->len - (size_t)(slash - t->data))
			   : bytes_of_str("/");
		break;
	}
	if (t->len == 0 || t->data[0] != '/')
		return err_set(e, ERR_PARSE, "RFC 9112 3.2: target has no leading slash");
	return 0;
}

/* Takes one byte, or three that stand for one, off the front. */
static int next_byte(struct bytes *t, unsigned char *out, struct err *e)
{
	unsigned char c = t->data[0];
	size_t used = 1;

	if (c == '%') {
		int high = t->len > 2 ? hex_value(t->data[1]) : -1;
		int low = t->len > 2 ? hex_value(t->data[2]) : -1;

		if (high < 0 || low < 0)
			return err_set(
				e, ERR_PARSE, "RFC 3986 2.1: incomplete percent escape");
		c = (unsigned char)(high << 4 | low);
		used = 3;
	} else if (c == '#') {
		return err_set(e, ERR_PARSE, "RFC 9112 3.2: fragment in a target");
	}
	if (c < 0x20 || c == 0x7f || c == '\\')
		return err_set(e, ERR_PARSE, "refuse byte 0x%02x in a path", c);
	*t = bytes_of(t->data + used, t->len - used);
	*out = c;
	return 0;
}

/* The component that ends at out->len and began at start. */
static int check_component(const struct resolved *out, size_t start, struct err *e)
{
	struct bytes name = bytes_of(out->path + start, out->len - start);

	if (bytes_equal_str(name, ".."))
		return err_set(e, ERR_PARSE, "refuse '..' in a path");
	if (name.len > RELPATH_NAME_MAX)
		return err_set(e, ERR_NOTFOUND, "no name is that long");
	if (name.len > 0 && name.data[0] == '.' &&
		!(start == 0 && bytes_equal_str(name, ".well-known")))
		return err_set(e, ERR_NOTFOUND, "names with a leading dot are private");
	return 0;
}

static int decode(struct bytes t, struct resolved *out, struct err *e)
{
	size_t start = 0, depth = 1;

	while (t.len > 0) {
		unsigned char c = 0;

		if (next_byte(&t, &c, e) < 0)
			return -1;
		out->is_dir = c == '/';
		if (c == '/' && out->len == start)
			continue;
		if (c == '/' && check_component(out, start, e) < 0)
			return -1;
		if (out->len == RESOLVE_MAX || depth > RELPATH_DEPTH_MAX)
			return err_set(e, ERR_NOTFOUND, "no path is that long");
		out->path[out->len++] = (char)c;
		if (c == '/') {
			start = out->len;
			depth++;
		}
	}
	return check_component(out, start, e);
}

int resolve_target(struct bytes target, struct resolved *out, struct err *e)
{
	struct resolved r;

	r.len = 0;
	r.is_dir = false;
	if (target_path(&target, e) < 0 || decode(target, &r, e) < 0)
		return -1;
	if (r.len > 0 && r.path[r.len - 1] == '/')
		r.len--;
	r.path[r.len] = '\0';
	out->len = r.len;
	out->is_dir = r.is_dir;
	memcpy(out->path, r.path, r.len + 1);
	return 0;
}
