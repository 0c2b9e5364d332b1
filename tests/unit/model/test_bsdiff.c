#include "lib/model/bsdiff.h"
#include "lib/model/varint.h"

#include "tests/unit/unit.h"

static uint32_t seed = 7;

static unsigned char noise(void)
{
	seed = seed * 1664525 + 1013904223;
	return (unsigned char)(seed >> 24);
}

static void fill(struct buf *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_add_byte(b, noise());
}

static void expect_round_trip(struct bytes base, struct bytes result, size_t most_extra)
{
	auto_bsdiff struct bsdiff d = BSDIFF_INIT;
	auto_buf struct buf out = BUF_INIT(BSDIFF_MAX);
	struct err e;

	assert_int_equal(bsdiff_make(base, result, &d, &e), 0);
	assert_true(d.extra.len <= most_extra);
	if (bsdiff_apply(base, buf_bytes(&d.control), buf_bytes(&d.difference),
		    buf_bytes(&d.extra), result.len, &out, &e) < 0)
		fail_msg("%s", e.text);
	assert_true(bytes_equal(buf_bytes(&out), result));
}

static void nothing_and_everything_round_trip(void **state)
{
	auto_buf struct buf some = BUF_INIT(4096);
	struct bytes none = bytes_of("", 0);

	(void)state;
	fill(&some, 1000);
	expect_round_trip(none, none, 0);
	expect_round_trip(none, buf_bytes(&some), 1000);
	expect_round_trip(buf_bytes(&some), none, 0);
	expect_round_trip(buf_bytes(&some), buf_bytes(&some), 0);
	expect_round_trip(buf_bytes(&some), bytes_of(some.data + 500, 500), 0);
	expect_round_trip(bytes_of(some.data, 500), bytes_of(some.data + 500, 500), 500);
}

/* An executable after a change near its start: everything behind moved, and the addresses in
 * it count from elsewhere. */
static void a_moved_program_is_told_by_small_differences(void **state)
{
	auto_buf struct buf old = BUF_INIT(1U << 20), new = BUF_INIT(1U << 20);

	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		fill(&old, 12);
		buf_add_le(&old, 0x400000 + i * 16, 4);
	}
	buf_add(&new, old.data, 5000);
	fill(&new, 300);
	buf_add(&new, old.data + 5000, old.len - 5000);
	for (size_t i = 6000; i + 16 < new.len; i += 640)
		new.data[i] = (unsigned char)(new.data[i] + 44);
	expect_round_trip(buf_bytes(&old), buf_bytes(&new), 400);
}

static void shuffled_blocks_are_found(void **state)
{
	auto_buf struct buf old = BUF_INIT(1U << 20), new = BUF_INIT(1U << 20);

	(void)state;
	fill(&old, 64 * 1024);
	for (unsigned int i = 0; i < 64; i++)
		buf_add(&new, old.data + (size_t)(i * 37 % 64) * 1024, 1024);
	expect_round_trip(buf_bytes(&old), buf_bytes(&new), 64 * 8);
}

struct step {
	uint64_t differing, added;
	int64_t move;
};

/* What a hostile difference could say of a base of 8 bytes and a result of 8. */
static void steps_outside_are_refused(void **state)
{
	static const struct {
		struct step step[2];
		size_t difference, extra;
		const char *why;
	} bad[] = {
		{ { { 9, 0, 0 } }, 9, 0, "greater than 8" },
		{ { { 0, 9, 0 } }, 0, 9, "greater than 8" },
		{ { { 4, 5, 0 } }, 4, 5, "greater than 4" },
		{ { { 4, 0, -5 }, { 4, 0, 0 } }, 8, 0, "outside the base" },
		{ { { 4, 0, 1 }, { 4, 0, 0 } }, 8, 0, "outside the base" },
		{ { { 4, 0, 1 << 25 }, { 4, 0, 0 } }, 8, 0, "too far" },
		{ { { 8, 0, 0 } }, 7, 0, "missing" },
		{ { { 0, 8, 0 } }, 0, 7, "missing" },
		{ { { 8, 0, 0 } }, 9, 0, "left over" },
		{ { { 8, 0, 0 } }, 8, 1, "left over" },
		{ { { 0, 0, 0 } }, 0, 0, "a step of nothing" },
		{ { { 4, 0, 0 } }, 4, 0, "truncated" },
	};
	static const unsigned char zeros[16];
	struct bytes base = bytes_of("12345678", 8);

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		auto_buf struct buf control = BUF_INIT(256), out = BUF_INIT(64);
		struct err e;

		for (size_t k = 0; k < 2; k++) {
			const struct step *s = &bad[i].step[k];

			if (k && !s->differing && !s->added)
				break;
			varint_add(&control, s->differing);
			varint_add(&control, s->added);
			varint_add_signed(&control, s->move);
		}
		assert_int_equal(bsdiff_apply(base, buf_bytes(&control),
					 bytes_of(zeros, bad[i].difference),
					 bytes_of(zeros, bad[i].extra), 8, &out, &e),
			-1);
		if (!strstr(e.text, bad[i].why))
			fail_msg("%zu: %s", i, e.text);
	}
}

static void numbers_keep_their_value(void **state)
{
	static const int64_t values[] = { 0, 1, -1, 63, -64, 64, 127, 128, 300, -300,
		INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
		auto_buf struct buf b = BUF_INIT(64);
		struct bytes in;
		int64_t back;
		uint64_t u;
		struct err e;

		varint_add_signed(&b, values[i]);
		varint_add(&b, (uint64_t)values[i]);
		in = buf_bytes(&b);
		assert_int_equal(varint_take_signed(&in, &back, &e), 0);
		assert_true(back == values[i]);
		assert_int_equal(varint_take(&in, UINT64_MAX, &u, &e), 0);
		assert_true(u == (uint64_t)values[i]);
		assert_int_equal(in.len, 0);
	}
}

static void numbers_have_one_form_and_an_end(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} bad[] = { { "", 0 }, { "\x80", 1 }, { "\x80\x00", 2 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10 },
		{ "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct bytes in = bytes_of(bad[i].bytes, bad[i].len);
		uint64_t v;
		struct err e;

		assert_int_equal(varint_take(&in, UINT64_MAX, &v, &e), -1);
		assert_int_equal(e.code, ERR_PARSE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_and_everything_round_trip),
		cmocka_unit_test(a_moved_program_is_told_by_small_differences),
		cmocka_unit_test(shuffled_blocks_are_found),
		cmocka_unit_test(steps_outside_are_refused),
		cmocka_unit_test(numbers_keep_their_value),
		cmocka_unit_test(numbers_have_one_form_and_an_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
