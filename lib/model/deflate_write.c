#include "lib/model/deflatecode.h"

#define WINDOW        32768U
#define LENGTH_MIN    3U
#define LENGTH_MAX    258U
#define LOOKAHEAD_MIN (LENGTH_MAX + LENGTH_MIN + 1)
#define DISTANCE_MAX  (WINDOW - LOOKAHEAD_MIN)
#define TOO_FAR       4096U /* a copy of three bytes from farther costs more than them */
#define HASHES        32768U

/* The search of both programs: a window of twice 32 KiB, the upper half of which moves
 * down when it is full, and chains of positions that begin with the same three bytes.
 * Where the window moves, what stands behind the end, and that position 0 means "none"
 * all show in the output, so all of it is done as it always was. */
struct search {
	unsigned char window[2 * WINDOW + LOOKAHEAD_MIN];
	uint16_t before[WINDOW], head[HASHES];
	struct bytes rest; /* not in the window yet */
	bool is_gzip, ended;
	unsigned int at, lookahead, start; /* start: of the match found last */
	unsigned int good, lazy, nice, chain;
	int (*each)(void *ctx, struct deflate_symbol s);
	void *ctx;
};

struct effort {
	uint16_t good, lazy, nice, chain;
};
static const struct effort efforts[DEFLATE_LEVEL_MAX + 1] = {
	{ 0, 0, 0, 0 },
	{ 4, 4, 8, 4 },
	{ 4, 5, 16, 8 },
	{ 4, 6, 32, 32 },
	{ 4, 4, 16, 16 },
	{ 8, 16, 32, 32 },
	{ 8, 16, 128, 128 },
	{ 8, 32, 128, 256 },
	{ 32, 128, 258, 1024 },
	{ 32, 258, 258, 4096 },
};
#define LEVEL_LAZY 4 /* from here on a match waits for a better one a byte later */

static void slide(struct search *s)
{
	memmove(s->window, s->window + WINDOW, WINDOW);
	s->start -= s->start >= WINDOW ? WINDOW : s->start;
	s->at -= WINDOW;
	for (size_t i = 0; i < HASHES; i++)
		s->head[i] = (uint16_t)(s->head[i] >= WINDOW ? s->head[i] - WINDOW : 0);
	for (size_t i = 0; i < WINDOW; i++)
		s->before[i] =
			(uint16_t)(s->before[i] >= WINDOW ? s->before[i] - WINDOW : 0);
}

static void fill(struct search *s)
{
	while (s->lookahead < LOOKAHEAD_MIN && !s->ended) {
		if (s->at >= WINDOW + DISTANCE_MAX)
			slide(s);

		size_t room = 2 * WINDOW - s->lookahead - s->at;
		size_t n = s->rest.len < room ? s->rest.len : room;
		unsigned char *to = s->window + s->at + s->lookahead;

		if (n == 0) {
			/* GNU gzip stops moving the window here, and clears two bytes */
			s->ended = s->is_gzip;
			if (s->is_gzip)
				memset(to, 0, LENGTH_MIN - 1);
			return;
		}
		memcpy(to, s->rest.data, n);
		s->rest = bytes_of(s->rest.data + n, s->rest.len - n);
		s->lookahead += (unsigned int)n;
	}
}

/* Files this position under its three bytes; the last one there before, 0 for none. */
static unsigned int insert(struct search *s)
{
	const unsigned char *p = s->window + s->at;
	unsigned int hash =
		((unsigned int)p[0] << 10 ^ (unsigned int)p[1] << 5 ^ p[2]) % HASHES;
	unsigned int last = s->head[hash];

	s->before[s->at % WINDOW] = (uint16_t)last;
	s->head[hash] = (uint16_t)s->at;
	return last;
}

static unsigned int common(const unsigned char *a, const unsigned char *b)
{
	unsigned int n = 0;

	while (n < LENGTH_MAX && a[n] == b[n])
		n++;
	return n;
}

/* The longest match along the chain, longer than `best`; else `best`. */
static unsigned int longest(struct search *s, unsigned int candidate, unsigned int best)
{
	const unsigned char *here = s->window + s->at;
	unsigned int limit = s->at > DISTANCE_MAX ? s->at - DISTANCE_MAX : 0;
	unsigned int chain = best >= s->good ? s->chain >> 2 : s->chain;
	unsigned int nice = s->nice;

	if (!s->is_gzip && nice > s->lookahead)
		nice = s->lookahead;
	do {
		const unsigned char *there = s->window + candidate;
		unsigned int length;

		if (there[best] != here[best] || there[best - 1] != here[best - 1])
			continue;
		length = common(there, here);
		if (length <= best)
			continue;
		s->start = candidate;
		best = length;
		if (length >= nice)
			break;
	} while ((candidate = s->before[candidate % WINDOW]) > limit && --chain != 0);
	return best < s->lookahead ? best : s->lookahead;
}

static bool is_near(const struct search *s, unsigned int candidate)
{
	return candidate != 0 && s->at - candidate <= DISTANCE_MAX &&
	       s->at <= 2 * WINDOW - LOOKAHEAD_MIN;
}

static int literal(struct search *s, unsigned int at)
{
	return s->each(s->ctx, (struct deflate_symbol){ 0, s->window[at] });
}

static int match(struct search *s, unsigned int length, unsigned int distance)
{
	return s->each(
		s->ctx, (struct deflate_symbol){ (uint16_t)length, (uint16_t)distance });
}

static int search_fast(struct search *s)
{
	for (;;) {
		unsigned int candidate = 0, length = 0;

		fill(s);
		if (s->lookahead == 0)
			return 0;
		if (s->is_gzip || s->lookahead >= LENGTH_MIN)
			candidate = insert(s);
		if (is_near(s, candidate))
			length = longest(s, candidate, LENGTH_MIN - 1);
		if (length < LENGTH_MIN) {
			if (literal(s, s->at) < 0)
				return -1;
			s->at++;
			s->lookahead--;
			continue;
		}
		if (match(s, length, s->at - s->start) < 0)
			return -1;
		s->lookahead -= length;
		if (length <= s->lazy && (s->is_gzip || s->lookahead >= LENGTH_MIN)) {
			while (--length) {
				s->at++;
				insert(s);
			}
			s->at++;
		} else {
			s->at += length;
		}
	}
}

/* The match before this byte stands: its positions are filed, and it is told. */
static int take_match(struct search *s, unsigned int length, unsigned int start)
{
	unsigned int last = s->at + s->lookahead - LENGTH_MIN;

	if (match(s, length, s->at - 1 - start) < 0)
		return -1;
	s->lookahead -= length - 1;
	for (length -= 2; length; length--) {
		s->at++;
		if (s->is_gzip || (int)s->at <= (int)last)
			insert(s);
	}
	s->at++;
	return 0;
}

static int search_lazy(struct search *s)
{
	unsigned int length = LENGTH_MIN - 1;
	bool waits = false; /* the byte before this one is not told yet */

	for (;;) {
		unsigned int candidate = 0, before = length, start;

		fill(s);
		if (s->lookahead == 0)
			break;
		if (s->is_gzip || s->lookahead >= LENGTH_MIN)
			candidate = insert(s);
		start = s->start;
		length = LENGTH_MIN - 1;
		if (before < s->lazy && is_near(s, candidate)) {
			length = longest(s, candidate, before);
			if (length == LENGTH_MIN && s->at - s->start > TOO_FAR)
				length = LENGTH_MIN - 1;
		}
		if (before >= LENGTH_MIN && length <= before) {
			if (take_match(s, before, start) < 0)
				return -1;
			waits = false;
			length = LENGTH_MIN - 1;
			continue;
		}
		if (waits && literal(s, s->at - 1) < 0)
			return -1;
		waits = true;
		s->at++;
		s->lookahead--;
	}
	return waits ? literal(s, s->at - 1) : 0;
}

/* ---- blocks */

struct output {
	struct bits bits;
	struct bytes rest; /* contents not told yet */
	const struct deflate_blocks *blocks;
	size_t block;
	uint32_t left; /* of this block: bytes of a stored one, else symbols */
	struct deflate_symbol *symbol;
	size_t count, room;
	bool failed; /* the blocks do not fit the contents */
};

static void block_end(struct output *o)
{
	const struct deflate_block *b = &o->blocks->block[o->block++];
	bool is_last = o->block == o->blocks->count;

	if (b->kind == DEFLATE_STORED) {
		bits_put(&o->bits, is_last, 1);
		bits_put(&o->bits, DEFLATE_STORED, 2);
		bits_align(&o->bits);
		bits_put(&o->bits, b->count, 16);
		bits_put(&o->bits, b->count ^ 0xffff, 16);
		buf_add(o->bits.out, o->rest.data, b->count);
		o->rest = bytes_of(o->rest.data + b->count, o->rest.len - b->count);
	} else {
		deflatecode_write(&o->bits, b->kind, is_last, o->symbol, o->count);
	}
	o->count = 0;
	if (!is_last)
		o->left = o->blocks->block[o->block].count;
}

static int take_symbol(void *ctx, struct deflate_symbol s)
{
	struct output *o = ctx;
	uint32_t size = s.length ? s.length : 1;

	while (o->block < o->blocks->count && o->left == 0)
		block_end(o);
	if (o->block == o->blocks->count || o->bits.out->over) {
		o->failed = true;
		return -1;
	}
	if (o->blocks->block[o->block].kind == DEFLATE_STORED) {
		if (size > o->left) {
			o->failed = true;
			return -1;
		}
		o->left -= size;
		return 0;
	}
	if (o->count == o->room) {
		o->room = o->room ? 2 * o->room : 4096;
		o->symbol = xrealloc(o->symbol, o->room * sizeof(*o->symbol));
	}
	o->symbol[o->count++] = s;
	o->rest = bytes_of(o->rest.data + size, o->rest.len - size);
	o->left--;
	return 0;
}

int deflate_write(struct bytes content, const struct deflate_search *how,
	const struct deflate_blocks *blocks, struct buf *out, struct err *e)
{
	struct output o = { .bits.out = out, .rest = content, .blocks = blocks };
	auto_free struct search *s = xcalloc(1, sizeof(*s));
	const struct effort *effort;

	if (how->level < 1 || how->level > DEFLATE_LEVEL_MAX || !blocks->count ||
		content.len > DEFLATE_CONTENT_MAX)
		return err_set(e, ERR_PARSE, "deflate: no such level, or no block");
	effort = &efforts[how->level];
	s->good = effort->good;
	s->lazy = effort->lazy;
	s->nice = effort->nice;
	s->chain = effort->chain;
	s->is_gzip = how->is_gzip;
	s->rest = content;
	s->each = take_symbol;
	s->ctx = &o;
	o.left = blocks->block[0].count;
	if (how->level < LEVEL_LAZY ? search_fast(s) : search_lazy(s))
		o.failed = true;
	while (!o.failed && o.block < blocks->count && o.left == 0)
		block_end(&o);
	bits_align(&o.bits);
	free(o.symbol);
	if (o.failed || o.block < blocks->count)
		return err_set(
			e, ERR_PARSE, "deflate: the blocks do not cover the contents");
	return buf_check(out, "a deflate stream", e);
}

int deflate_blocks_add(
	struct deflate_blocks *b, struct deflate_block block, struct err *e)
{
	if (b->count == DEFLATE_BLOCKS_MAX)
		return err_set(
			e, ERR_LIMIT, "deflate: more than %u blocks", DEFLATE_BLOCKS_MAX);
	if (b->count == b->room) {
		b->room = b->room ? 2 * b->room : 16;
		b->block = xrealloc(b->block, b->room * sizeof(*b->block));
	}
	b->block[b->count++] = block;
	return 0;
}

void deflate_blocks_release(struct deflate_blocks *b)
{
	free(b->block);
	*b = (struct deflate_blocks){ 0 };
}
