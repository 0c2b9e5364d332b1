#include "lib/adapt/zst.h"

#include "tests/unit/adapt/support.h"

#define LEN ((size_t)700001)

static const char *const unzstd[] = { "zstd", "-dcq", NULL };

/* Two frames over one text. */
static void encode_two(const unsigned char *data, struct buf *out)
{
	struct err e = { 0 };

	assert_int_equal(zst_encode(bytes_of(data, LEN / 2), 3, out, &e), 0);
	assert_int_equal(
		zst_encode(bytes_of(data + LEN / 2, LEN - LEN / 2), 3, out, &e), 0);
}

static int decode(
	struct bytes in, size_t in_step, size_t out_step, struct buf *out, struct err *e)
{
	struct slice slice = { in, in_step };
	struct reader below = slice_reader(&slice);
	auto_zst struct zst_reader *z = NULL;

	if (zst_open(&below, &z, e) < 0)
		return -1;
	return drain(zst_as_reader(z), out_step, out, e);
}

static void frames_come_back_in_any_steps(void **state)
{
	static const size_t steps[][2] = { { 0, 65536 }, { 1, 4096 }, { 4099, 7 },
		{ 3, 1 << 20 } };
	auto_free unsigned char *data = sample(LEN, 1);
	auto_buf struct buf z = BUF_INIT(TEST_MAX);

	(void)state;
	encode_two(data, &z);
	for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
		auto_buf struct buf out = BUF_INIT(TEST_MAX);
		struct err e = { 0 };

		assert_int_equal(
			decode(buf_bytes(&z), steps[i][0], steps[i][1], &out, &e), 0);
		assert_true(bytes_equal(buf_bytes(&out), bytes_of(data, LEN)));
	}
}

static void zstd_program_takes_our_frames_with_checksum_and_size(void **state)
{
	static const char *const list[] = { "sh", "-c",
		"f=$(mktemp) && cat >$f && zstd -lv $f; rm -f $f", NULL };
	auto_free unsigned char *data = sample(LEN, 2);
	auto_buf struct buf z = BUF_INIT(TEST_MAX), out = BUF_INIT(TEST_MAX),
			    listed = BUF_INIT(TEST_MAX);

	(void)state;
	encode_two(data, &z);
	assert_int_equal(judge(unzstd, buf_bytes(&z), &out), 0);
	assert_true(bytes_equal(buf_bytes(&out), bytes_of(data, LEN)));
	judge(list, buf_bytes(&z), &listed);
	assert_non_null(strstr(buf_str(&listed), "Check: XXH64"));
	assert_non_null(strstr(buf_str(&listed), "700001 B"));
}

static void we_take_the_zstd_programs_stream(void **state)
{
	static const char *const argv[] = { "zstd", "-cq", "-T2", "-5", NULL };
	auto_free unsigned char *data = sample(LEN, 3);
	auto_buf struct buf z = BUF_INIT(TEST_MAX), out = BUF_INIT(TEST_MAX);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(judge(argv, bytes_of(data, LEN), &z), 0);
	assert_int_equal(decode(buf_bytes(&z), 0, 65536, &out, &e), 0);
	assert_true(bytes_equal(buf_bytes(&out), bytes_of(data, LEN)));
}

static void same_input_and_level_give_the_same_bytes(void **state)
{
	auto_free unsigned char *data = sample(LEN, 4);
	auto_buf struct buf a = BUF_INIT(TEST_MAX), b = BUF_INIT(TEST_MAX);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(zst_encode(bytes_of(data, LEN), 7, &a, &e), 0);
	assert_int_equal(zst_encode(bytes_of(data, LEN), 7, &b, &e), 0);
	assert_true(bytes_equal(buf_bytes(&a), buf_bytes(&b)));
}

static void empty_input_is_a_frame(void **state)
{
	auto_buf struct buf z = BUF_INIT(TEST_MAX), out = BUF_INIT(TEST_MAX);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(zst_encode((struct bytes){ 0 }, 3, &z, &e), 0);
	assert_true(z.len > 0);
	assert_int_equal(zst_decode(buf_bytes(&z), &out, &e), 0);
	assert_int_equal(out.len, 0);
}

static void every_truncation_is_refused(void **state)
{
	auto_buf struct buf z = BUF_INIT(TEST_MAX);
	struct err e = { 0 };
	size_t first;

	(void)state;
	assert_int_equal(
		zst_encode(bytes_of_str("the first of two frames"), 3, &z, &e), 0);
	first = z.len;
	assert_int_equal(zst_encode(bytes_of_str("and the second one"), 3, &z, &e), 0);
	for (size_t len = 0; len < z.len; len++) {
		auto_buf struct buf out = BUF_INIT(TEST_MAX);

		if (len == first)
			continue;
		assert_int_equal(zst_decode(bytes_of(z.data, len), &out, &e), -1);
		assert_int_equal(e.code, ERR_PARSE);
	}
}

static void every_flipped_bit_is_refused(void **state)
{
	auto_buf struct buf z = BUF_INIT(TEST_MAX);
	static const char text[] = "a text, a text, and a checksum behind it";
	struct err e = { 0 };

	(void)state;
	assert_int_equal(zst_encode(bytes_of_str(text), 3, &z, &e), 0);
	for (size_t bit = 0; bit < 8 * z.len; bit++) {
		auto_buf struct buf out = BUF_INIT(TEST_MAX);

		z.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
		/* A changed window size or unused bit may leave the content whole. */
		if (zst_decode(buf_bytes(&z), &out, &e) == 0)
			assert_true(bytes_equal_str(buf_bytes(&out), text));
		z.data[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
}

static void what_is_no_frame_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} tails[] = {
		{ "x", 1 }, { "\0", 1 }, { "\0\0\0\0\0\0\0\0", 8 }, { "\x28\xb5\x2f", 3 },
		{ "\x1f\x8b\x08\0\0\0\0\0", 8 },
		{ "\x27\xb5\x2f\xfd\0\0\0\0\0\0\0\0", 12 }, /* before 1.0 */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(tails); i++) {
		auto_buf struct buf z = BUF_INIT(TEST_MAX), out = BUF_INIT(TEST_MAX);
		struct err e = { 0 };

		assert_int_equal(
			zst_decode(bytes_of(tails[i].bytes, tails[i].len), &out, &e), -1);
		assert_string_equal(e.text, "zstd: not a zstd frame");
		assert_int_equal(zst_encode(bytes_of_str("text"), 3, &z, &e), 0);
		buf_add(&z, tails[i].bytes, tails[i].len);
		assert_int_equal(zst_decode(buf_bytes(&z), &out, &e), -1);
		assert_string_equal(e.text, "zstd: trailing bytes that are no frame");
	}
}

static void window_over_128_mib_is_refused(void **state)
{
	static const char *const argv[] = { "zstd", "-cq", "--long=28", "-1", NULL };
	auto_buf struct buf z = BUF_INIT(TEST_MAX), out = BUF_INIT(TEST_MAX);
	struct err e = { 0 };

	(void)state;
	/* From a pipe the program cannot know that the input is small. */
	auto_free unsigned char *data = sample(LEN, 5);

	assert_int_equal(judge(argv, bytes_of(data, LEN), &z), 0);
	/* magic, descriptor without single segment, window descriptor 2^28 */
	z.data[4] = 0x00;
	z.data[5] = (28 - 10) << 3;
	assert_int_equal(decode(bytes_of(z.data, z.len), 0, 65536, &out, &e), -1);
	assert_int_equal(e.code, ERR_PARSE);
	assert_non_null(strstr(e.text, "memory"));
}

static void ceiling_of_the_output_stops_a_bomb(void **state)
{
	auto_free unsigned char *zeros = xcalloc(1, (size_t)32 << 20);
	auto_buf struct buf z = BUF_INIT(TEST_MAX), out = BUF_INIT((size_t)1 << 20);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(zst_encode(bytes_of(zeros, (size_t)32 << 20), 1, &z, &e), 0);
	assert_true(z.len < 65536);
	assert_int_equal(zst_decode(buf_bytes(&z), &out, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_true(out.len <= (size_t)1 << 20);
}

static void level_out_of_range_is_refused(void **state)
{
	auto_buf struct buf z = BUF_INIT(TEST_MAX);
	struct err e = { 0 };

	(void)state;
	assert_int_equal(zst_encode(bytes_of_str("x"), 0, &z, &e), -1);
	assert_int_equal(zst_encode(bytes_of_str("x"), 20, &z, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
	assert_int_equal(z.len, 0);
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(frames_come_back_in_any_steps),
		T(zstd_program_takes_our_frames_with_checksum_and_size),
		T(we_take_the_zstd_programs_stream),
		T(same_input_and_level_give_the_same_bytes),
		T(empty_input_is_a_frame),
		T(every_truncation_is_refused),
		T(every_flipped_bit_is_refused),
		T(what_is_no_frame_is_refused),
		T(window_over_128_mib_is_refused),
		T(ceiling_of_the_output_stops_a_bomb),
		T(level_out_of_range_is_refused),
	};

	return cmocka_run_group_tests_name("zst", tests, NULL, NULL);
}
