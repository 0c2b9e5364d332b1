#include "lib/model/start.h"

#include "tests/unit/unit.h"

static void start_lines_come_back_as_they_went_in(void **state)
{
	static const char *const values[] = { "", "amd64", "two words ", " leading",
		"a\\b", "line\nbreak\ttab", "\x7f\x01\x1f", "\xff\xfe", "gr\xc3\xbc",
		"\\x41" };
	char out[64];
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(values); i++) {
		auto_buf struct buf b = BUF_INIT(1000);

		start_line(&b, "other", "x");
		start_line(&b, "the_key", values[i]);
		assert_int_equal(
			start_get(buf_bytes(&b), "the_key", out, sizeof(out), &e), 0);
		assert_string_equal(out, values[i]);
	}
}

static void start_lines_are_plain_text(void **state)
{
	auto_buf struct buf b = BUF_INIT(1000);

	(void)state;
	start_line(&b, "init", "a\\b\n\x7f");
	start_line(&b, "epoch", "1");
	start_line(&b, "none", "");
	assert_string_equal(buf_str(&b), "init a\\x5cb\\x0a\\x7f\nepoch 1\nnone \n");
}

static void start_get_tells_absent_from_damaged(void **state)
{
	static const char *const damaged[] = { "init", "init x", "init\n", " x\n", "\n",
		"Init x\n", "in-it x\n", "in\tit x\n", "init \\\n", "init \\x\n",
		"init \\x0\n", "init \\x00\n", "init \\x0A\n", "init \\x41\n",
		"init \\n\n", "init a\tb\n", "init \x7f\n", "init \\x0g\n",
		"arch \n\ninit x\n" };
	char out[64] = "kept";
	struct err e;

	(void)state;
	assert_int_equal(
		start_get(bytes_of_str("arch x\n"), "init", out, sizeof(out), &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
	assert_int_equal(start_get(bytes_of_str(""), "init", out, sizeof(out), &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
	for (size_t i = 0; i < ARRAY_COUNT(damaged); i++) {
		if (start_get(bytes_of_str(damaged[i]), "init", out, sizeof(out), &e) ==
			0)
			fail_msg("'%s' was taken", damaged[i]);
		assert_int_equal(e.code, ERR_PARSE);
		assert_string_equal(start_get_or(bytes_of_str(damaged[i]), "init", out,
					    sizeof(out), "/sbin"),
			"/sbin");
	}
	assert_int_equal(
		start_get(bytes_of("init \0\n", 7), "init", out, sizeof(out), &e), -1);
	assert_int_equal(e.code, ERR_PARSE);
}

static void start_values_fit_or_fail(void **state)
{
	char out[5];
	struct err e;

	(void)state;
	assert_int_equal(
		start_get(bytes_of_str("k 1234\n"), "k", out, sizeof(out), &e), 0);
	assert_string_equal(out, "1234");
	assert_int_equal(
		start_get(bytes_of_str("k 12345\n"), "k", out, sizeof(out), &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

static void start_get_takes_the_first_of_a_key(void **state)
{
	char out[16];
	struct err e;

	(void)state;
	assert_int_equal(
		start_get(bytes_of_str("k 1\nk 2\n"), "k", out, sizeof(out), &e), 0);
	assert_string_equal(out, "1");
	assert_string_equal(
		start_get_or(bytes_of_str("k 1\n"), "j", out, sizeof(out), "no"), "no");
	assert_int_equal(
		start_get(bytes_of_str("kk 1\n"), "k", out, sizeof(out), &e), -1);
}

static void start_next_walks_repeated_keys(void **state)
{
	struct bytes text = bytes_of_str("arg one\nx y\narg \narg three\n");
	char out[16];
	size_t pos = 0;
	struct err e;

	(void)state;
	assert_int_equal(start_next(text, "arg", &pos, out, sizeof(out), &e), 1);
	assert_string_equal(out, "one");
	assert_int_equal(start_next(text, "arg", &pos, out, sizeof(out), &e), 1);
	assert_string_equal(out, "");
	assert_int_equal(start_next(text, "arg", &pos, out, sizeof(out), &e), 1);
	assert_string_equal(out, "three");
	assert_int_equal(start_next(text, "arg", &pos, out, sizeof(out), &e), 0);
	assert_int_equal(start_next(text, "arg", &pos, out, sizeof(out), &e), 0);
	pos = 1000;
	assert_int_equal(start_next(text, "arg", &pos, out, sizeof(out), &e), 0);
}

static void start_text_has_bounds(void **state)
{
	auto_buf struct buf lines = BUF_INIT(1 << 20), bytes = BUF_INIT(1 << 20);
	char out[16];
	struct err e;

	(void)state;
	for (int i = 0; i < 8191; i++)
		start_line(&lines, "k", "v");
	start_line(&lines, "last", "v");
	assert_int_equal(start_get(buf_bytes(&lines), "last", out, sizeof(out), &e), 0);
	start_line(&lines, "more", "v");
	assert_int_equal(start_get(buf_bytes(&lines), "more", out, sizeof(out), &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	buf_add_str(&bytes, "last v\nk ");
	buf_add_fill(&bytes, 'v', 65536 - bytes.len - 1);
	buf_add_byte(&bytes, '\n');
	assert_int_equal(start_get(buf_bytes(&bytes), "last", out, sizeof(out), &e), 0);
	buf_add_byte(&bytes, 'k');
	assert_int_equal(start_get(buf_bytes(&bytes), "last", out, sizeof(out), &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(start_lines_come_back_as_they_went_in),
		cmocka_unit_test(start_lines_are_plain_text),
		cmocka_unit_test(start_get_tells_absent_from_damaged),
		cmocka_unit_test(start_values_fit_or_fail),
		cmocka_unit_test(start_get_takes_the_first_of_a_key),
		cmocka_unit_test(start_next_walks_repeated_keys),
		cmocka_unit_test(start_text_has_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
