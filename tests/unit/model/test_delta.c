#include "lib/model/delta.h"

#include "tests/unit/model/tree_sample.h"

struct pair {
	struct sample old, new;
};

static int setup(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));

	if (!p)
		return -1;
	sample_init(&p->old);
	sample_init(&p->new);
	sample_dir(&p->old, "");
	sample_dir(&p->new, "");
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct pair *p = *state;

	sample_release(&p->old);
	sample_release(&p->new);
	free(p);
	return 0;
}

static const char *base_of(const struct pair *p, const struct delta_plan *plan, size_t i)
{
	uint32_t base = plan->record[i].base;

	return base == DELTA_NO_BASE ? "none" : p->old.man.entry[base].path;
}

static void plan(struct pair *p, struct delta_plan *out)
{
	struct err e;

	if (delta_plan(&p->old.man, &p->new.man, out, &e) < 0)
		fail_msg("%s", e.text);
}

static void what_the_old_tree_has_is_not_told(void **state)
{
	struct pair *p = *state;
	auto_delta_plan struct delta_plan d = { 0 };

	sample_file(&p->old, "a", "same");
	sample_file(&p->old, "b", "moves");
	sample_file(&p->new, "a", "same");
	sample_file(&p->new, "c", "moves");
	sample_file(&p->new, "empty", "");
	sample_file(&p->new, "n1", "new");
	sample_file(&p->new, "n2", "new");
	plan(p, &d);
	assert_int_equal(d.count, 1);
	assert_string_equal(p->new.man.entry[d.record[0].entry].path, "n1");
	assert_int_equal(d.record[0].piece_count, 1);
}

static void a_base_is_the_same_path_or_a_name_without_its_digits(void **state)
{
	struct pair *p = *state;
	auto_delta_plan struct delta_plan d = { 0 };

	sample_file(&p->old, "lib1.so", "lib one, not the one of this path");
	sample_file(&p->old, "lib2.so", "lib two of the path");
	sample_file(&p->old, "linux-6.1.0-10", "kernel");
	sample_file(&p->old, "linux-6.1.0-9", "kernel that is much longer");
	sample_file(&p->old, "zeta.5", "the manual");
	sample_file(&p->new, "lib2.so", "lib two, new");
	sample_file(&p->new, "linux-6.1.0-11", "Kernel");
	sample_file(&p->new, "unlike", "nothing of that name");
	sample_dir(&p->new, "x");
	sample_file(&p->new, "x/zeta.7", "The manual");
	plan(p, &d);
	assert_int_equal(d.count, 4);
	assert_string_equal(base_of(p, &d, 0), "lib2.so");
	assert_string_equal(base_of(p, &d, 1), "linux-6.1.0-10");
	assert_string_equal(base_of(p, &d, 2), "none");
	assert_string_equal(base_of(p, &d, 3), "zeta.5");
}

static void a_large_file_is_told_in_pieces(void **state)
{
	struct pair *p = *state;
	auto_delta_plan struct delta_plan d = { 0 };
	struct manifest_entry large = sample_entry('0', "large");
	uint64_t offset;
	size_t len;

	large.size = 2 * (uint64_t)DELTA_PIECE_MAX + 5;
	large.sha256 = digest_of(bytes_of_str("large"));
	sample_add(&p->new, &large);
	plan(p, &d);
	assert_int_equal(d.piece_count, 3);
	assert_true(delta_piece_at(large.size, 2, &offset, &len));
	assert_true(offset == 2 * (uint64_t)DELTA_PIECE_MAX);
	assert_int_equal(len, 5);
	assert_false(delta_piece_at(large.size, 3, &offset, &len));
}

static void a_table_says_what_was_written(void **state)
{
	struct pair *p = *state;
	auto_delta_plan struct delta_plan d = { 0 }, back = { 0 };
	auto_buf struct buf table = BUF_INIT(4096);
	uint64_t end;
	struct err e;

	sample_file(&p->old, "a", "old a");
	sample_file(&p->new, "a", "new a");
	sample_file(&p->new, "b", "new b");
	plan(p, &d);
	plan(p, &back);
	d.piece[0] = (struct delta_piece){ .method = DELTA_BSDIFF, .len = 300 };
	d.piece[1] = (struct delta_piece){ .method = 0x10, .len = 7 };
	delta_table_format(&d, &table);
	if (delta_table_parse(buf_bytes(&table), &p->old.man, 1000, &back, &end, &e) < 0)
		fail_msg("%s", e.text);
	assert_true(end == 1307);
	assert_int_equal(back.piece[0].method, DELTA_BSDIFF);
	assert_true(back.piece[0].offset == 1000 && back.piece[1].offset == 1300);
	assert_int_equal(back.piece[1].len, 7);
	assert_true(back.record[0].base != DELTA_NO_BASE);
	assert_true(back.record[1].base == DELTA_NO_BASE);
}

/* One record with a usual base, one without. */
static void tables_that_fit_no_plan_are_refused(void **state)
{
	static const struct {
		const char *table;
		size_t len;
	} bad[] = {
		{ "", 0 }, { "\x01\x00\x05", 3 },      /* the second record is missing */
		{ "\x01\x00\x05\x01\x00\x05", 6 },     /* it has no usual base */
		{ "\x01\x00\x05\x02\x00\x05", 6 },     /* the root is no file */
		{ "\x01\x00\x05\x09\x00\x05", 6 },     /* behind the last entry */
		{ "\x01\x00\x05\x00\x00\x05\x00", 7 }, /* one more */
		{ "\x01\x00\xff\xff\xff\xff\x0f\x00\x00\x05",
			10 }, /* a payload of 4 GB */
	};
	struct pair *p = *state;
	struct err e;

	sample_file(&p->old, "a", "old a");
	sample_file(&p->new, "a", "new a");
	sample_file(&p->new, "b", "new b");
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		auto_delta_plan struct delta_plan d = { 0 };
		uint64_t end;

		plan(p, &d);
		assert_int_equal(delta_table_parse(bytes_of(bad[i].table, bad[i].len),
					 &p->old.man, DELTA_HEAD_SIZE, &d, &end, &e),
			-1);
		assert_int_equal(e.code, ERR_PARSE);
	}
}

static void pack_manifest(const struct sample *s, struct buf *out)
{
	struct err e;

	if (manifest_format(&s->man, out, &e) < 0)
		fail_msg("%s", e.text);
}

static void a_manifest_comes_from_the_one_before(void **state)
{
	struct pair *p = *state;
	auto_buf struct buf old = BUF_INIT(1U << 20), new = BUF_INIT(1U << 20),
			    packed = BUF_INIT(1U << 20), back = BUF_INIT(1U << 20),
			    head = BUF_INIT(4096);
	struct delta_head h = { .records = 3, .table_len = 9 }, read;
	struct err e;

	sample_file(&p->old, "a", "old a");
	sample_file(&p->new, "a", "new a");
	pack_manifest(&p->old, &old);
	pack_manifest(&p->new, &new);
	h.old_id = digest_of(buf_bytes(&old));
	h.new_id = digest_of(buf_bytes(&new));
	h.manifest_len = new.len;
	assert_int_equal(delta_pack(buf_bytes(&new), buf_bytes(&old), &h.manifest_codec,
				 &packed, &e),
		0);
	h.manifest_packed = (uint32_t)packed.len;

	delta_head_format(&h, &head);
	assert_int_equal(head.len, DELTA_HEAD_SIZE);
	assert_int_equal(delta_head_parse(buf_bytes(&head), &read, &e), 0);
	assert_int_equal(read.records, 3);
	assert_int_equal(read.table_len, 9);
	assert_int_equal(
		delta_manifest(&read, buf_bytes(&packed), buf_bytes(&old), &back, &e), 0);
	assert_true(bytes_equal(buf_bytes(&back), buf_bytes(&new)));

	/* on another base, or with another result, it is refused */
	assert_int_equal(
		delta_manifest(&read, buf_bytes(&packed), buf_bytes(&new), &back, &e),
		-1);
	assert_int_equal(e.code, ERR_CONFLICT);
	read.new_id = h.old_id;
	assert_int_equal(
		delta_manifest(&read, buf_bytes(&packed), buf_bytes(&old), &back, &e),
		-1);
	assert_int_equal(e.code, ERR_UNTRUSTED);
	head.data[8] = 2;
	assert_int_equal(delta_head_parse(buf_bytes(&head), &read, &e), -1);
}

/* Every method that the publisher chooses gives the piece back; what it chose is what the
 * piece calls for. */
static void pieces_come_back_by_each_method(void **state)
{
	auto_buf struct buf noise = BUF_INIT(1U << 20), changed = BUF_INIT(1U << 20);
	uint32_t x = 3;

	(void)state;
	for (unsigned int i = 0; i < 40000; i++) {
		x = x * 1664525 + 1013904223;
		buf_add_byte(&noise, (unsigned char)(x >> 24));
	}
	memcpy(noise.data, "\177ELF", 4); /* a program */
	buf_add(&changed, noise.data, noise.len);
	for (size_t i = 97; i < changed.len; i += 97)
		changed.data[i]++;

	const struct {
		struct bytes piece, base;
		int kind;
		size_t most;
	} cases[] = {
		{ buf_bytes(&noise), bytes_of("", 0), DELTA_WHOLE, 40000 },
		{ bytes_of_str(
			  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
			bytes_of("", 0), DELTA_WHOLE, 24 },
		{ bytes_of(noise.data + 100, 30000), buf_bytes(&noise), -1, 80 },
		{ buf_bytes(&changed), buf_bytes(&noise), DELTA_BSDIFF, 1500 },
		{ bytes_of("", 0), buf_bytes(&noise), DELTA_WHOLE, 0 },
	};
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		auto_buf struct buf payload = BUF_INIT(1U << 20),
				    out = BUF_INIT(1U << 20);
		unsigned char method;
		struct err e;

		assert_int_equal(deltapiece_make(cases[i].piece, cases[i].base, &method,
					 &payload, &e),
			0);
		if (cases[i].kind >= 0)
			assert_int_equal(method & 0xf, cases[i].kind);
		if (payload.len > cases[i].most)
			fail_msg("%zu: %zu bytes by %#x", i, payload.len, method);
		if (deltapiece_apply(method, buf_bytes(&payload), cases[i].base,
			    cases[i].piece.len, &out, &e) < 0)
			fail_msg("%zu: %s", i, e.text);
		assert_true(bytes_equal(buf_bytes(&out), cases[i].piece));

		/* one byte more or less is not that piece */
		buf_clear(&out);
		assert_int_equal(deltapiece_apply(method, buf_bytes(&payload),
					 cases[i].base, cases[i].piece.len + 1, &out, &e),
			-1);
		if (payload.len > 0) {
			buf_clear(&out);
			assert_int_equal(
				deltapiece_apply(method,
					bytes_of(payload.data, payload.len - 1),
					cases[i].base, cases[i].piece.len, &out, &e),
				-1);
		}
	}
}

static void unknown_methods_are_refused(void **state)
{
	struct err e;

	(void)state;
	for (unsigned int method = 0; method < 256; method++) {
		auto_buf struct buf out = BUF_INIT(64);

		if (deltapiece_apply((unsigned char)method, bytes_of_str("abc"),
			    bytes_of_str("xyz"), 4, &out, &e) == 0)
			fail_msg("method %u made something", method);
	}
}

int main(void)
{
#define IN_PAIR(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		IN_PAIR(what_the_old_tree_has_is_not_told),
		IN_PAIR(a_base_is_the_same_path_or_a_name_without_its_digits),
		IN_PAIR(a_large_file_is_told_in_pieces),
		IN_PAIR(a_table_says_what_was_written),
		IN_PAIR(tables_that_fit_no_plan_are_refused),
		IN_PAIR(a_manifest_comes_from_the_one_before),
		cmocka_unit_test(pieces_come_back_by_each_method),
		cmocka_unit_test(unknown_methods_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
