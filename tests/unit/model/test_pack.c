#include "lib/model/pack.h"

#include "lib/adapt/xz.h"
#include "lib/adapt/zst.h"

#include "tests/unit/unit.h"

#define MIB   (1U << 20)
#define MAX   (200U << 20)
#define KEPT  64
#define FILES 32

/* A tree of files full of zeros, and what the cache keeps. */
struct tree {
	struct {
		struct manifest_entry m;
		enum pack_boundary boundary;
	} file[FILES];
	size_t count;
	uint64_t left;
	struct {
		struct digest key;
		struct buf made;
	} kept[KEPT];
	size_t kept_count, found;
};

struct packed {
	struct buf xz, zst;
	struct pack_counts counts;
	struct manifest man;
};

static void add(struct tree *t, enum pack_boundary boundary, const char *path,
	uint64_t size, int64_t mtime_s)
{
	t->file[t->count].boundary = boundary;
	t->file[t->count++].m = (struct manifest_entry){ .type = *path ? '0' : '5',
		.mode = 0755,
		.path = path,
		.link = "",
		.size = size,
		.mtime_s = mtime_s };
}

static const struct manifest_entry *entry(void *ctx, size_t i)
{
	return &((struct tree *)ctx)->file[i].m;
}

static enum pack_boundary boundary(void *ctx, size_t i)
{
	return ((struct tree *)ctx)->file[i].boundary;
}

static ssize_t read_zeros(void *ctx, void *buf, size_t size, struct err *e)
{
	struct tree *t = ctx;
	size_t n = t->left < size ? (size_t)t->left : size;

	(void)e;
	memset(buf, 0, n);
	t->left -= n;
	return (ssize_t)n;
}

static int open_file(void *ctx, size_t i, struct reader *out, struct err *e)
{
	struct tree *t = ctx;

	(void)e;
	t->left = t->file[i].m.size;
	*out = (struct reader){ .read = read_zeros, .ctx = t };
	return 0;
}

static void close_file(void *ctx)
{
	(void)ctx;
}

static bool find(void *ctx, const struct digest *key, struct buf *out)
{
	struct tree *t = ctx;

	for (size_t i = 0; i < t->kept_count; i++)
		if (digest_equal(&t->kept[i].key, key)) {
			buf_add(out, t->kept[i].made.data, t->kept[i].made.len);
			t->found++;
			return true;
		}
	return false;
}

static void keep(void *ctx, const struct digest *key, struct bytes made)
{
	struct tree *t = ctx;

	assert_true(t->kept_count < KEPT);
	t->kept[t->kept_count].key = *key;
	t->kept[t->kept_count].made = (struct buf)BUF_INIT(MAX);
	buf_add(&t->kept[t->kept_count++].made, made.data, made.len);
}

static int append(void *ctx, const void *p, size_t len, struct err *e)
{
	(void)e;
	buf_add(ctx, p, len);
	return 0;
}

static void pack(struct tree *t, bool with_cache, int level, struct packed *out)
{
	const struct pack_cache cache = { .find = find, .keep = keep, .ctx = t };
	const struct pack_options options = { .threads = 1,
		.xz_level = 0,
		.zst_level = level,
		.cache = with_cache ? &cache : NULL };
	const struct pack_source source = { .count = t->count,
		.entry = entry,
		.boundary = boundary,
		.open = open_file,
		.close = close_file,
		.ctx = t };
	struct writer xz = { .write = append, .ctx = &out->xz },
		      zst = { .write = append, .ctx = &out->zst };
	struct err e;

	*out = (struct packed){ .xz = BUF_INIT(MAX), .zst = BUF_INIT(MAX) };
	manifest_init(&out->man);
	if (pack_run(&source, &options, &xz, &zst, &out->man, &out->counts, &e) < 0)
		fail_msg("%s", e.text);
}

static void packed_release(struct packed *p)
{
	buf_release(&p->xz);
	buf_release(&p->zst);
	manifest_release(&p->man);
}
#define auto_packed with_cleanup(packed_release)

static void tree_release(struct tree *t)
{
	for (size_t i = 0; i < t->kept_count; i++)
		buf_release(&t->kept[i].made);
}
#define auto_tree with_cleanup(tree_release)

static uint64_t pieces_of(struct tree *t)
{
	auto_packed struct packed p;

	pack(t, false, 1, &p);
	return p.counts.pieces;
}

static void pieces_end_where_runs_do(void **state)
{
	static const struct {
		uint64_t mib[4];
		uint64_t pieces;
	} cases[] = {
		{ { 1, 1, 1, 1 }, 1 },
		{ { 9, 1, 1, 1 }, 2 }, /* enough for one, the rest behind it */
		{ { 3, 14, 1, 1 },
			3 }, /* three may stand alone, seventeen would not fit */
		{ { 1, 14, 1, 1 }, 2 }, /* one may not */
		{ { 36, 0, 0, 0 }, 3 }, /* a run that fits nowhere is cut inside */
	};
	static const char *const names[] = { "a", "b", "c", "d" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		auto_tree struct tree t = { 0 };

		add(&t, PACK_INSIDE, "", 0, 1);
		for (size_t k = 0; k < ARRAY_COUNT(names); k++)
			add(&t, PACK_RUN, names[k], cases[i].mib[k] * MIB, 1);
		assert_int_equal(pieces_of(&t), cases[i].pieces);
	}
}

static void parts_stand_apart_unless_tiny(void **state)
{
	auto_tree struct tree t = { 0 };

	(void)state;
	add(&t, PACK_INSIDE, "", 0, 1);
	add(&t, PACK_PART, "a", MIB, 1);
	assert_int_equal(pieces_of(&t), 1);
	add(&t, PACK_PART, "b", 1, 1);
	assert_int_equal(pieces_of(&t), 2);
}

static void fill(struct tree *t, int64_t changed_s)
{
	t->count = 0;
	add(t, PACK_INSIDE, "", 0, 1);
	add(t, PACK_RUN, "a", 10 * MIB, 1);
	add(t, PACK_RUN, "b", 11 * MIB, changed_s);
	add(t, PACK_RUN, "c", 9 * MIB, 1);
}

static void assert_same(const struct packed *a, const struct packed *b)
{
	assert_true(bytes_equal(buf_bytes(&a->xz), buf_bytes(&b->xz)));
	assert_true(bytes_equal(buf_bytes(&a->zst), buf_bytes(&b->zst)));
	assert_true(digest_equal(&a->man.diff_id, &b->man.diff_id));
}

static void what_did_not_change_is_taken_again(void **state)
{
	auto_packed struct packed first, second, anew;
	auto_tree struct tree t = { 0 };

	(void)state;
	fill(&t, 1);
	pack(&t, true, 1, &first);
	assert_int_equal(first.counts.pieces, 3);
	assert_int_equal(first.counts.reused_pieces, 0);
	fill(&t, 2);
	pack(&t, true, 1, &second);
	assert_int_equal(second.counts.reused_pieces, 2);
	assert_int_equal(second.counts.bytes, second.man.tar_size);
	assert_true(second.counts.reused_bytes < second.counts.bytes - 11 * MIB);
	pack(&t, false, 1, &anew);
	assert_same(&second, &anew);
}

static void another_level_is_another_key(void **state)
{
	auto_packed struct packed first, second, anew;
	auto_tree struct tree t = { 0 };

	(void)state;
	fill(&t, 1);
	pack(&t, true, 1, &first);
	pack(&t, true, 2, &second);
	assert_int_equal(second.counts.reused_pieces, 0);
	assert_int_equal(t.found, 3); /* the .xz blocks */
	pack(&t, false, 2, &anew);
	assert_same(&second, &anew);
}

static void what_is_no_piece_is_made_again(void **state)
{
	auto_packed struct packed first, second;
	auto_tree struct tree t = { 0 };

	(void)state;
	fill(&t, 1);
	pack(&t, true, 1, &first);
	for (size_t i = 0; i < t.kept_count; i++)
		t.kept[i].made.len -= 4;
	pack(&t, true, 1, &second);
	assert_int_equal(second.counts.reused_pieces, 0);
	assert_same(&first, &second);
}

static void a_piece_of_another_size_is_none(void **state)
{
	auto_packed struct packed first, second;
	auto_tree struct tree t = { 0 };
	struct buf other;

	(void)state;
	fill(&t, 1);
	pack(&t, true, 1, &first);
	other = t.kept[0].made;
	t.kept[0].made = t.kept[2].made;
	t.kept[2].made = other;
	pack(&t, true, 1, &second);
	assert_same(&first, &second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_end_where_runs_do),
		cmocka_unit_test(parts_stand_apart_unless_tiny),
		cmocka_unit_test(what_did_not_change_is_taken_again),
		cmocka_unit_test(another_level_is_another_key),
		cmocka_unit_test(what_is_no_piece_is_made_again),
		cmocka_unit_test(a_piece_of_another_size_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
