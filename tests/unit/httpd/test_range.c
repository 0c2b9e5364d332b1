#include "httpd/range.h"

#include "tests/unit/unit.h"

static void gives(const char *text, uint64_t size, uint64_t first, uint64_t last)
{
	struct range r;
	struct err e;

	assert_int_equal(range_parse(bytes_of_str(text), size, &r, &e), 0);
	assert_int_equal(r.first, first);
	assert_int_equal(r.last, last);
}

static void refused(const char *text, uint64_t size, enum err_code code)
{
	struct range r = { 7, 7 };
	struct err e;

	assert_int_equal(range_parse(bytes_of_str(text), size, &r, &e), -1);
	assert_int_equal(e.code, code);
	assert_int_equal(r.first, 7);
}

static void range_takes_one_range(void **state)
{
	(void)state;
	gives("bytes=0-0", 10, 0, 0);
	gives("bytes=0-9", 10, 0, 9);
	gives("bytes=3-5", 10, 3, 5);
	gives("Bytes=3-5", 10, 3, 5);
	gives(" bytes=3-5\t", 10, 3, 5);
	gives("bytes=007-08", 10, 7, 8);
}

static void range_without_last_reaches_the_end(void **state)
{
	(void)state;
	gives("bytes=0-", 10, 0, 9);
	gives("bytes=9-", 10, 9, 9);
}

static void range_clamps_last_to_the_end(void **state)
{
	(void)state;
	gives("bytes=3-10", 10, 3, 9);
	gives("bytes=3-18446744073709551615", 10, 3, 9);
	gives("bytes=3-99999999999999999999999999", 10, 3, 9);
}

static void range_suffix_counts_from_the_end(void **state)
{
	(void)state;
	gives("bytes=-1", 10, 9, 9);
	gives("bytes=-10", 10, 0, 9);
	gives("bytes=-11", 10, 0, 9);
	gives("bytes=-99999999999999999999999999", 10, 0, 9);
}

static void range_behind_the_end_is_unsatisfiable(void **state)
{
	(void)state;
	refused("bytes=10-", 10, ERR_LIMIT);
	refused("bytes=10-20", 10, ERR_LIMIT);
	refused("bytes=99999999999999999999999999-", 10, ERR_LIMIT);
	refused("bytes=-0", 10, ERR_LIMIT);
	refused("bytes=0-", 0, ERR_LIMIT);
	refused("bytes=-1", 0, ERR_LIMIT);
}

static void range_rejects_last_before_first(void **state)
{
	(void)state;
	refused("bytes=5-4", 10, ERR_PARSE);
	refused("bytes=20-15", 10, ERR_PARSE);
}

static void range_of_several_is_ignored(void **state)
{
	(void)state;
	refused("bytes=0-1,3-4", 10, ERR_PARSE);
	refused("bytes=0-1,", 10, ERR_PARSE);
	refused("bytes=,0-1", 10, ERR_PARSE);
}

static void range_rejects_what_is_none(void **state)
{
	(void)state;
	refused("", 10, ERR_PARSE);
	refused("bytes", 10, ERR_PARSE);
	refused("bytes=", 10, ERR_PARSE);
	refused("bytes=-", 10, ERR_PARSE);
	refused("bytes=5", 10, ERR_PARSE);
	refused("bytes=a-b", 10, ERR_PARSE);
	refused("bytes=1-2x", 10, ERR_PARSE);
	refused("bytes=1--2", 10, ERR_PARSE);
	refused("bytes=+1-2", 10, ERR_PARSE);
	refused("bytes=1 -2", 10, ERR_PARSE);
	refused("bytes =1-2", 10, ERR_PARSE);
	refused("items=1-2", 10, ERR_PARSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(range_takes_one_range),
		cmocka_unit_test(range_without_last_reaches_the_end),
		cmocka_unit_test(range_clamps_last_to_the_end),
		cmocka_unit_test(range_suffix_counts_from_the_end),
		cmocka_unit_test(range_behind_the_end_is_unsatisfiable),
		cmocka_unit_test(range_rejects_last_before_first),
		cmocka_unit_test(range_of_several_is_ignored),
		cmocka_unit_test(range_rejects_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
