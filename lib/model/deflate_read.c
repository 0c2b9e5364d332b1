#include "lib/model/deflatecode.h"

#define CODE_BITS 15

struct input {
	struct bytes in;
	size_t pos;
	uint32_t held;
	unsigned int count;
	struct buf *content;
	struct err *e;
	size_t began; /* of the contents, in the buffer */
};

static int broken(struct input *i, const char *why)
{
	return err_set(i->e, ERR_PARSE, "deflate: %s at byte %zu", why, i->pos);
}

/* count bits, lowest first; -1 behind the end. */
static int take(struct input *i, unsigned int count)
{
	while (i->count < count) {
		if (i->pos == i->in.len)
			return broken(i, "truncated");
		i->held |= (uint32_t)i->in.data[i->pos++] << i->count;
		i->count += 8;
	}

	int value = (int)(i->held & ((1U << count) - 1));

	i->held >>= count;
	i->count -= count;
	return value;
}

/* A canonical code: how many codes of each length, and the symbols in their order. */
struct code {
	uint16_t count[CODE_BITS + 1];
	uint16_t symbol[DEFLATE_LITERALS + 2];
};

/* Is the set complete (or the one code of one bit that stands for a single distance)? */
static bool code_make(struct code *c, const uint8_t *length, size_t n)
{
	uint16_t offset[CODE_BITS + 2] = { 0 };
	int left = 1;

	memset(c->count, 0, sizeof(c->count));
	for (size_t i = 0; i < n; i++)
		c->count[length[i]]++;
	c->count[0] = 0;
	for (unsigned int i = 1; i <= CODE_BITS; i++) {
		left = left * 2 - c->count[i];
		if (left < 0)
			return false;
		offset[i + 1] = (uint16_t)(offset[i] + c->count[i]);
	}
	for (size_t i = 0; i < n; i++)
		if (length[i])
			c->symbol[offset[length[i]]++] = (uint16_t)i;
	return left == 0 || offset[CODE_BITS + 1] <= 1;
}

static int code_take(struct input *i, const struct code *c)
{
	int code = 0, first = 0, index = 0;

	for (unsigned int len = 1; len <= CODE_BITS; len++) {
		int bit = take(i, 1);

		if (bit < 0)
			return -1;
		code |= bit;
		if (code - c->count[len] < first)
			return c->symbol[index + (code - first)];
		index += c->count[len];
		first = (first + c->count[len]) << 1;
		code <<= 1;
	}
	return broken(i, "no such code");
}

static int copy(struct input *i, unsigned int symbol, const struct code *distances)
{
	if (symbol >= ARRAY_COUNT(deflate_length_base))
		return broken(i, "no such length");

	int extra = take(i, deflate_length_bits[symbol]);
	int code = extra < 0 ? -1 : code_take(i, distances);

	if (code < 0)
		return -1;
	if (code >= DEFLATE_DISTANCES)
		return broken(i, "no such distance");

	size_t length = deflate_length_base[symbol] + (size_t)extra;
	int more = take(i, deflate_distance_bits[code]);
	size_t distance = deflate_distance_base[code] + (size_t)more;

	if (more < 0)
		return -1;
	if (distance > i->content->len - i->began)
		return broken(i, "a copy from before the beginning");

	unsigned char *to = buf_reserve(i->content, length);

	if (!to)
		return err_set(i->e, ERR_LIMIT, "deflate: more than %zu bytes",
			i->content->ceiling);
	for (size_t k = 0; k < length; k++)
		to[k] = *(to + k - distance);
	buf_grew(i->content, length);
	return 0;
}

static int read_symbols(struct input *i, const struct code *literals,
	const struct code *distances, uint32_t *count)
{
	for (;; ++*count) {
		int symbol = code_take(i, literals);

		if (symbol < 0)
			return -1;
		if (symbol == DEFLATE_END)
			return 0;
		if (symbol < DEFLATE_END)
			buf_add_byte(i->content, (unsigned char)symbol);
		else if (copy(i, (unsigned int)symbol - 257, distances) < 0)
			return -1;
		if (buf_check(i->content, "deflate", i->e) < 0)
			return -1;
	}
}

static int read_stored(struct input *i, uint32_t *count)
{
	i->held = i->count = 0;
	if (i->in.len - i->pos < 4)
		return broken(i, "truncated");

	uint32_t len = bytes_le16(i->in.data + i->pos);

	if ((len ^ bytes_le16(i->in.data + i->pos + 2)) != 0xffff)
		return broken(i, "a stored block that denies its length");
	i->pos += 4;
	if (i->in.len - i->pos < len)
		return broken(i, "truncated");
	buf_add(i->content, i->in.data + i->pos, len);
	i->pos += len;
	*count = len;
	return buf_check(i->content, "deflate", i->e);
}

static int read_fixed(struct input *i, uint32_t *count)
{
	uint8_t length[DEFLATE_LITERALS + 2];
	struct code literals, distances;

	memset(length, 8, 144);
	memset(length + 144, 9, 112);
	memset(length + 256, 7, 24);
	memset(length + 280, 8, 8);
	code_make(&literals, length, 288);
	memset(length, 5, 30);
	code_make(&distances, length, 30);
	return read_symbols(i, &literals, &distances, count);
}

/* The lengths of both codes, themselves written in a code. */
static int read_lengths(
	struct input *i, const struct code *code, uint8_t *length, size_t want)
{
	size_t at = 0;

	while (at < want) {
		int symbol = code_take(i, code), repeat = 1;
		uint8_t value = 0;

		if (symbol < 0)
			return -1;
		if (symbol < 16) {
			value = (uint8_t)symbol;
		} else if (symbol == 16) {
			if (at == 0)
				return broken(i, "repeats a length before the first");
			value = length[at - 1];
			repeat = take(i, 2) + 3;
		} else {
			repeat = symbol == 17 ? take(i, 3) + 3 : take(i, 7) + 11;
		}
		if (repeat < 1 || (symbol == 16 && repeat < 3) ||
			(symbol > 16 && repeat < (symbol == 17 ? 3 : 11)))
			return -1;
		if ((size_t)repeat > want - at)
			return broken(i, "too many lengths");
		memset(length + at, value, (size_t)repeat);
		at += (size_t)repeat;
	}
	return 0;
}

static int read_dynamic(struct input *i, uint32_t *count)
{
	uint8_t length[320] = { 0 }, short_length[19] = { 0 };
	struct code literals, distances;
	int nl = take(i, 5), nd = nl < 0 ? -1 : take(i, 5), nc = nd < 0 ? -1 : take(i, 4);

	if (nc < 0)
		return -1;
	nl += 257;
	nd += 1;
	if (nl > DEFLATE_LITERALS || nd > DEFLATE_DISTANCES)
		return broken(i, "too many codes");
	for (int k = 0; k < nc + 4; k++) {
		int v = take(i, 3);

		if (v < 0)
			return -1;
		short_length[deflate_order[k]] = (uint8_t)v;
	}
	if (!code_make(&literals, short_length, 19))
		return broken(i, "a code that is none");
	if (read_lengths(i, &literals, length, (size_t)(nl + nd)) < 0)
		return -1;
	if (!length[DEFLATE_END] || !code_make(&literals, length, (size_t)nl) ||
		!code_make(&distances, length + nl, (size_t)nd))
		return broken(i, "a code that is none");
	return read_symbols(i, &literals, &distances, count);
}

int deflate_read(struct bytes in, struct buf *content, struct deflate_blocks *out,
	size_t *used, struct err *e)
{
	struct input i = { .in = in, .content = content, .e = e, .began = content->len };
	int is_last = 0;

	while (!is_last) {
		struct deflate_block block = { 0 };
		int kind, rc;

		is_last = take(&i, 1);
		kind = is_last < 0 ? -1 : take(&i, 2);
		if (kind < 0)
			return -1;
		block.kind = (enum deflate_kind)kind;
		switch (kind) {
		case DEFLATE_STORED:
			rc = read_stored(&i, &block.count);
			break;
		case DEFLATE_FIXED:
			rc = read_fixed(&i, &block.count);
			break;
		case DEFLATE_DYNAMIC:
			rc = read_dynamic(&i, &block.count);
			break;
		default:
			return broken(&i, "no such kind of block");
		}
		if (rc < 0 || deflate_blocks_add(out, block, e) < 0)
			return -1;
	}
	/* whole bytes that were looked at and not needed; there are none, for take() reads
	 * a byte only when a bit of it is wanted */
	*used = i.pos;
	return 0;
}
