#include "lib/base/utf8.h"

#include "tests/unit/unit.h"

static size_t decode(const char *text, uint32_t *c)
{
	*c = 0xdead;
	return utf8_decode(bytes_of_str(text), c);
}

static void utf8_decodes_the_bounds_of_each_length(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		uint32_t value;
	} cases[] = { { "\x7f", 1, 0x7f }, { "\xc2\x80", 2, 0x80 },
		{ "\xdf\xbf", 2, 0x7ff }, { "\xe0\xa0\x80", 3, 0x800 },
		{ "\xed\x9f\xbf", 3, 0xd7ff }, { "\xee\x80\x80", 3, 0xe000 },
		{ "\xef\xbf\xbf", 3, 0xffff }, { "\xf0\x90\x80\x80", 4, 0x10000 },
		{ "\xf4\x8f\xbf\xbf", 4, 0x10ffff } };
	uint32_t c;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		assert_int_equal(decode(cases[i].text, &c), cases[i].len);
		assert_int_equal(c, cases[i].value);
	}
}

static void utf8_refuses_everything_else(void **state)
{
	static const char *const bad[] = { "", "\x80", "\xbf", "\xc0\x80", "\xc1\xbf",
		"\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xc2", "\xe2\x82",
		"\xf0\x9f\x98", "\xc2x", "\xe2\x82x" };
	uint32_t c;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_int_equal(decode(bad[i], &c), 0);
		assert_int_equal(c, 0xdead);
	}
}

static void utf8_reads_nothing_behind_the_slice(void **state)
{
	uint32_t c = 0;

	(void)state;
	assert_int_equal(utf8_decode(bytes_of("\xe2\x82\xac", 2), &c), 0);
	assert_int_equal(utf8_decode(bytes_of("\xe2\x82\xac", 3), &c), 3);
	assert_int_equal(utf8_decode(bytes_of("a", 0), &c), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_decodes_the_bounds_of_each_length),
		cmocka_unit_test(utf8_refuses_everything_else),
		cmocka_unit_test(utf8_reads_nothing_behind_the_slice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
