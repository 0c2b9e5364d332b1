#include "client/run/busmsg.h"

#include <ctype.h>

enum {
	FIELD_PATH = 1,
	FIELD_INTERFACE,
	FIELD_MEMBER,
	FIELD_REPLY_TO = 5,
	FIELD_DESTINATION,
	FIELD_SIGNATURE = 8
};

#define FIXED_SIZE 16 /* in front of the fields */

/* ---- writing */

void busmsg_align(struct buf *body, unsigned int align)
{
	while (body->len % align != 0)
		buf_add_byte(body, 0);
}

void busmsg_u32(struct buf *body, uint32_t value)
{
	busmsg_align(body, 4);
	buf_add_le(body, value, 4);
}

void busmsg_string(struct buf *body, const char *text)
{
	busmsg_u32(body, (uint32_t)strlen(text));
	buf_add(body, text, strlen(text) + 1);
}

void busmsg_signature(struct buf *body, const char *text)
{
	buf_add_byte(body, (unsigned char)strlen(text));
	buf_add(body, text, strlen(text) + 1);
}

/* Its length comes before the space that brings the first element to its place. */
size_t busmsg_array_begin(struct buf *body, unsigned int align)
{
	size_t mark;

	busmsg_u32(body, 0);
	mark = body->len;
	busmsg_align(body, align);
	return mark;
}

void busmsg_array_end(struct buf *body, size_t mark, unsigned int align)
{
	size_t first = (mark + align - 1) / align * align;
	uint32_t len = (uint32_t)(body->len - first);

	if (body->over)
		return;
	for (size_t i = 0; i < 4; i++)
		body->data[mark - 4 + i] = (unsigned char)(len >> 8 * i);
}

static void put_field(
	struct buf *out, unsigned char code, const char *type, const char *text)
{
	busmsg_align(out, 8);
	buf_add_byte(out, code);
	busmsg_signature(out, type);
	if (*type == 'g')
		busmsg_signature(out, text);
	else
		busmsg_string(out, text);
}

void busmsg_call(const struct busmsg_call *c, struct bytes body, struct buf *out)
{
	size_t mark;

	buf_add(out, "l\1\0\1", 4);
	busmsg_u32(out, (uint32_t)body.len);
	busmsg_u32(out, c->serial);
	mark = busmsg_array_begin(out, 8);
	put_field(out, FIELD_PATH, "o", c->path);
	put_field(out, FIELD_DESTINATION, "s", c->destination);
	put_field(out, FIELD_INTERFACE, "s", c->interface);
	put_field(out, FIELD_MEMBER, "s", c->member);
	if (*c->signature)
		put_field(out, FIELD_SIGNATURE, "g", c->signature);
	busmsg_array_end(out, mark, 8);
	busmsg_align(out, 8);
	buf_add(out, body.data, body.len);
}

/* ---- reading: in the sender's byte order */

struct reading {
	struct bytes text;
	bool big_endian;
};

static uint32_t u32_at(const struct reading *r, size_t at)
{
	uint32_t value = 0;

	for (size_t i = 0; i < 4; i++)
		value |= (uint32_t)r->text.data[at + i]
			 << 8 * (r->big_endian ? 3 - i : i);
	return value;
}

static size_t aligned(size_t at, size_t align)
{
	return (at + align - 1) / align * align;
}

/* One of the fields, which end at `end`; *at moves behind it. Of strings the length is
 * all we need. */
static bool read_field(const struct reading *r, size_t end, size_t *at,
	unsigned char *code, struct bytes *value)
{
	const unsigned char *data = r->text.data;
	size_t i = aligned(*at, 8), len;
	unsigned char type;

	if (i + 4 > end || data[i + 1] != 1)
		return false;
	*code = data[i];
	type = data[i + 2];
	i += 4;
	if (type == 'g') {
		len = i < end ? data[i] : 0;
		i++;
	} else {
		i = aligned(i, 4);
		if (i + 4 > end || !type || !strchr("sou", type))
			return false;
		len = type == 'u' ? 4 : u32_at(r, i);
		i += type == 'u' ? 0 : 4;
	}
	if (i > end || len > end - i)
		return false;
	*value = bytes_of(data + i, len);
	*at = i + len + (type == 'u' ? 0 : 1);
	return true;
}

static void copy_text(
	const struct reading *r, size_t at, size_t end, char *out, size_t out_size)
{
	size_t len = end - at >= 4 ? u32_at(r, at) : 0;

	if (end - at < 4 || len > end - at - 4)
		len = 0;
	if (len >= out_size)
		len = out_size - 1;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = r->text.data[at + 4 + i];

		out[i] = (char)(isprint(c) ? c : '?');
	}
	out[len] = '\0';
}

long busmsg_parse(struct bytes text, struct busmsg *out)
{
	struct reading r = { .text = text };
	struct busmsg m = { 0 };
	struct bytes value, signature = { 0 };
	size_t body_len, end, begin, at = FIXED_SIZE;
	unsigned char code;

	if (text.len < FIXED_SIZE)
		return 0;
	r.big_endian = text.data[0] == 'B';
	body_len = u32_at(&r, 4);
	end = u32_at(&r, 12);
	if ((text.data[0] != 'l' && !r.big_endian) || text.data[3] != 1 ||
		body_len > BUSMSG_MAX || end > BUSMSG_MAX)
		return -1;
	end += FIXED_SIZE;
	begin = aligned(end, 8);
	if (text.len < begin + body_len)
		return 0;
	while (at < end) {
		if (!read_field(&r, end, &at, &code, &value))
			return -1;
		if (code == FIELD_REPLY_TO && value.len == 4)
			m.reply_to = u32_at(&r, (size_t)(value.data - text.data));
		if (code == FIELD_SIGNATURE)
			signature = value;
	}
	m.type = text.data[1];
	if (signature.len > 0 && strchr("so", signature.data[0]))
		copy_text(&r, begin, begin + body_len, m.text, sizeof(m.text));
	*out = m;
	return (long)(begin + body_len);
}
