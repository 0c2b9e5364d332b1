#include "lib/model/deflatecode.h"

#define LITERAL_BITS 15
#define SHORT_BITS   7
#define HEAP_MAX     (2 * (DEFLATE_LITERALS + 2) + 1)

const uint16_t deflate_length_base[29] = { 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19,
	23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258 };
const uint8_t deflate_length_bits[29] = { 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2,
	3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0 };
const uint16_t deflate_distance_base[30] = { 1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65,
	97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289,
	16385, 24577 };
const uint8_t deflate_distance_bits[30] = { 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6,
	6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13 };
const uint8_t deflate_order[19] = { 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2,
	14, 1, 15 };

static unsigned int last_not_above(
	const uint16_t *base, unsigned int count, unsigned int value)
{
	unsigned int low = 0, high = count - 1;

	while (low < high) {
		unsigned int mid = (low + high + 1) / 2;

		if (base[mid] <= value)
			low = mid;
		else
			high = mid - 1;
	}
	return low;
}

unsigned int deflate_length_code(unsigned int length)
{
	return last_not_above(
		deflate_length_base, ARRAY_COUNT(deflate_length_base), length);
}

unsigned int deflate_distance_code(unsigned int distance)
{
	return last_not_above(
		deflate_distance_base, ARRAY_COUNT(deflate_distance_base), distance);
}

void bits_put(struct bits *b, uint32_t value, unsigned int count)
{
	b->held |= (uint64_t)value << b->count;
	b->count += count;
	while (b->count >= 8) {
		buf_add_byte(b->out, (unsigned char)b->held);
		b->held >>= 8;
		b->count -= 8;
	}
}

void bits_align(struct bits *b)
{
	if (b->count > 0)
		bits_put(b, 0, 8 - b->count);
}

/* A code under construction: how often each symbol occurs, then how long its code is. */
struct tree {
	uint32_t often[HEAP_MAX];
	uint8_t length[HEAP_MAX];
	uint16_t code[DEFLATE_LITERALS + 2]; /* bits reversed, as they are sent */
	int symbols;                         /* in the alphabet */
	int last;                            /* the greatest symbol that occurs */
	unsigned int longest;
};

/* The partly ordered tree by which rare symbols are joined first; of two that are
 * equally rare the shallower one. Both decide the bytes, and have to be as everywhere. */
struct heap {
	int node[HEAP_MAX];
	int count;
	uint8_t depth[HEAP_MAX];
	int parent[HEAP_MAX];
	int done[HEAP_MAX]; /* nodes from the end on, the root first */
	int done_from;
};

static bool goes_before(const struct tree *t, const struct heap *h, int a, int b)
{
	return t->often[a] < t->often[b] ||
	       (t->often[a] == t->often[b] && h->depth[a] <= h->depth[b]);
}

static void sink(const struct tree *t, struct heap *h, int at)
{
	int moving = h->node[at];

	for (int child = 2 * at; child <= h->count; child *= 2) {
		if (child < h->count &&
			goes_before(t, h, h->node[child + 1], h->node[child]))
			child++;
		if (goes_before(t, h, moving, h->node[child]))
			break;
		h->node[at] = h->node[child];
		at = child;
	}
	h->node[at] = moving;
}

static void collect(struct tree *t, struct heap *h)
{
	t->last = -1;
	for (int i = 0; i < t->symbols; i++)
		if (t->often[i])
			h->node[++h->count] = t->last = i;
	/* a code has two symbols at least, needed or not */
	while (h->count < 2) {
		int extra = t->last < 2 ? ++t->last : 0;

		h->node[++h->count] = extra;
		t->often[extra] = 1;
	}
	for (int i = h->count / 2; i >= 1; i--)
		sink(t, h, i);
}

static void join(struct tree *t, struct heap *h)
{
	int next = t->symbols;

	h->done_from = HEAP_MAX;
	do {
		int a = h->node[1], b;

		h->node[1] = h->node[h->count--];
		sink(t, h, 1);
		b = h->node[1];
		h->done[--h->done_from] = a;
		h->done[--h->done_from] = b;
		t->often[next] = t->often[a] + t->often[b];
		h->depth[next] = (uint8_t)((h->depth[a] >= h->depth[b] ? h->depth[a]
								       : h->depth[b]) +
					   1);
		h->parent[a] = h->parent[b] = next;
		h->node[1] = next++;
		sink(t, h, 1);
	} while (h->count >= 2);
	h->done[--h->done_from] = h->node[1];
}

/* Codes that came out too long are shortened at the cost of others. */
static void shorten(struct tree *t, const struct heap *h, int *of_length, int too_long)
{
	int at = HEAP_MAX;

	for (; too_long > 0; too_long -= 2) {
		unsigned int bits = t->longest - 1;

		while (!of_length[bits])
			bits--;
		of_length[bits]--;
		of_length[bits + 1] += 2;
		of_length[t->longest]--;
	}
	for (unsigned int bits = t->longest; bits > 0; bits--)
		for (int n = of_length[bits]; n > 0;) {
			int node = h->done[--at];

			if (node > t->last)
				continue;
			t->length[node] = (uint8_t)bits;
			n--;
		}
}

static void measure(struct tree *t, const struct heap *h)
{
	int of_length[LITERAL_BITS + 1] = { 0 }, too_long = 0;

	t->length[h->done[h->done_from]] = 0;
	for (int i = h->done_from + 1; i < HEAP_MAX; i++) {
		int node = h->done[i];
		unsigned int bits = t->length[h->parent[node]] + 1U;

		if (bits > t->longest) {
			bits = t->longest;
			too_long++;
		}
		t->length[node] = (uint8_t)bits;
		if (node <= t->last)
			of_length[bits]++;
	}
	if (too_long)
		shorten(t, h, of_length, too_long);
}

static void number(struct tree *t)
{
	uint16_t next[LITERAL_BITS + 2] = { 0 };
	int of_length[LITERAL_BITS + 1] = { 0 };

	for (int i = 0; i <= t->last; i++)
		of_length[t->length[i]]++;
	of_length[0] = 0;
	for (unsigned int bits = 1; bits <= LITERAL_BITS; bits++)
		next[bits] = (uint16_t)((next[bits - 1] + of_length[bits - 1]) << 1);
	for (int i = 0; i <= t->last; i++) {
		unsigned int code = next[t->length[i]], reversed = 0;

		if (!t->length[i])
			continue;
		next[t->length[i]]++;
		for (unsigned int k = 0; k < t->length[i]; k++)
			reversed |= ((code >> k) & 1U) << (t->length[i] - 1U - k);
		t->code[i] = (uint16_t)reversed;
	}
}

static void tree_make(struct tree *t, int symbols, unsigned int longest)
{
	struct heap h = { .count = 0 };

	t->symbols = symbols;
	t->longest = longest;
	collect(t, &h);
	join(t, &h);
	for (int i = 0; i < symbols; i++)
		t->length[i] = 0;
	measure(t, &h);
	for (int i = 0; i < symbols; i++)
		if (!t->often[i])
			t->length[i] = 0;
	number(t);
}

/* One step of the run lengths in which both codes are told. */
struct run {
	uint8_t symbol; /* 0..15 a length, 16 again, 17 and 18 zeros */
	uint8_t extra, extra_bits;
};

struct runs {
	struct run run[DEFLATE_LITERALS + 2 + DEFLATE_DISTANCES];
	size_t count;
};

static void run_add(struct runs *r, unsigned int symbol, int extra, unsigned int bits)
{
	r->run[r->count++] =
		(struct run){ (uint8_t)symbol, (uint8_t)extra, (uint8_t)bits };
}

static void run_end(struct runs *r, int length, int before, int count, int least)
{
	if (count < least) {
		while (count-- > 0)
			run_add(r, (unsigned int)length, 0, 0);
	} else if (length) {
		if (length != before) {
			run_add(r, (unsigned int)length, 0, 0);
			count--;
		}
		run_add(r, 16, count - 3, 2);
	} else if (count <= 10) {
		run_add(r, 17, count - 3, 3);
	} else {
		run_add(r, 18, count - 11, 7);
	}
}

static void runs_of(struct runs *r, const struct tree *t)
{
	int before = -1, next = t->length[0], count = 0;
	int most = next ? 7 : 138, least = next ? 4 : 3;

	for (int i = 0; i <= t->last; i++) {
		int length = next;

		next = i < t->last ? t->length[i + 1] : -1;
		if (++count < most && length == next)
			continue;
		run_end(r, length, before, count, least);
		count = 0;
		before = length;
		if (next == 0) {
			most = 138;
			least = 3;
		} else {
			most = length == next ? 6 : 7;
			least = length == next ? 3 : 4;
		}
	}
}

static void put_code(struct bits *b, const struct tree *t, unsigned int symbol)
{
	bits_put(b, t->code[symbol], t->length[symbol]);
}

static void write_trees(
	struct bits *b, const struct tree *literals, const struct tree *distances)
{
	struct runs r = { .count = 0 };
	struct tree shorts = { .last = 0 };
	unsigned int sent = 19;

	runs_of(&r, literals);
	runs_of(&r, distances);
	for (size_t i = 0; i < r.count; i++)
		shorts.often[r.run[i].symbol]++;
	tree_make(&shorts, 19, SHORT_BITS);
	while (sent > 4 && !shorts.length[deflate_order[sent - 1]])
		sent--;

	bits_put(b, (uint32_t)(literals->last + 1 - 257), 5);
	bits_put(b, (uint32_t)(distances->last + 1 - 1), 5);
	bits_put(b, sent - 4, 4);
	for (unsigned int i = 0; i < sent; i++)
		bits_put(b, shorts.length[deflate_order[i]], 3);
	for (size_t i = 0; i < r.count; i++) {
		put_code(b, &shorts, r.run[i].symbol);
		bits_put(b, r.run[i].extra, r.run[i].extra_bits);
	}
}

static void fixed_trees(struct tree *literals, struct tree *distances)
{
	memset(literals->length, 8, 144);
	memset(literals->length + 144, 9, 112);
	memset(literals->length + 256, 7, 24);
	memset(literals->length + 280, 8, 8);
	literals->last = 287;
	number(literals);
	memset(distances->length, 5, 30);
	distances->last = 29;
	number(distances);
}

static void count_symbols(struct tree *literals, struct tree *distances,
	const struct deflate_symbol *symbol, size_t count)
{
	literals->often[DEFLATE_END] = 1;
	for (size_t i = 0; i < count; i++) {
		if (!symbol[i].length) {
			literals->often[symbol[i].value]++;
			continue;
		}
		literals->often[257 + deflate_length_code(symbol[i].length)]++;
		distances->often[deflate_distance_code(symbol[i].value)]++;
	}
}

static void put_copy(struct bits *b, const struct tree *literals,
	const struct tree *distances, const struct deflate_symbol *s)
{
	unsigned int length = deflate_length_code(s->length),
		     distance = deflate_distance_code(s->value);

	put_code(b, literals, 257 + length);
	bits_put(b, s->length - deflate_length_base[length], deflate_length_bits[length]);
	put_code(b, distances, distance);
	bits_put(b, s->value - deflate_distance_base[distance],
		deflate_distance_bits[distance]);
}

void deflatecode_write(struct bits *b, enum deflate_kind kind, bool is_last,
	const struct deflate_symbol *symbol, size_t count)
{
	struct tree literals = { .last = 0 }, distances = { .last = 0 };

	bits_put(b, is_last, 1);
	bits_put(b, (uint32_t)kind, 2);
	if (kind == DEFLATE_FIXED) {
		fixed_trees(&literals, &distances);
	} else {
		count_symbols(&literals, &distances, symbol, count);
		tree_make(&literals, DEFLATE_LITERALS, LITERAL_BITS);
		tree_make(&distances, DEFLATE_DISTANCES, LITERAL_BITS);
		write_trees(b, &literals, &distances);
	}
	for (size_t i = 0; i < count; i++) {
		if (symbol[i].length)
			put_copy(b, &literals, &distances, &symbol[i]);
		else
			put_code(b, &literals, symbol[i].value);
	}
	put_code(b, &literals, DEFLATE_END);
}
