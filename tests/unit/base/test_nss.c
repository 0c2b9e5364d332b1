#include "lib/base/nss.h"
#include "tests/unit/unit.h"

static bool elsewhere(const char *text)
{
	return nss_parse_switch(bytes_of_str(text));
}

static void another_source_than_the_files_is_noticed(void **state)
{
	(void)state;
	assert_true(elsewhere("passwd: files\nsubid: sss\n"));
	assert_true(elsewhere("subid:\tldap"));
	assert_false(elsewhere("subid: files\n"));
	assert_false(elsewhere("subid: files sss\n"));
	assert_false(elsewhere("subid:\n"));
	assert_false(elsewhere("subid: # none\n"));
	assert_false(elsewhere("passwd: files sss\n#subid: sss\nxsubid: sss\n"));
	assert_false(elsewhere(""));
}

static bool range(const char *text, unsigned int *start)
{
	return nss_parse_ranges(text, "alice", 65536, start);
}

static void the_first_long_enough_range_is_taken(void **state)
{
	unsigned int start = 7;

	(void)state;
	assert_true(range("0: alice 100000 65535\n1: alice 200000 65536\n", &start));
	assert_int_equal(start, 200000);
	assert_true(range("0: alice 4294901759 65536", &start));
	assert_int_equal(start, 4294901759U);
}

static void what_is_no_range_of_ours_is_none(void **state)
{
	unsigned int start = 7;

	(void)state;
	assert_false(range("0: bob 100000 65536\n", &start));
	assert_false(range("0: alice 0 65536\n", &start));
	assert_false(range("0: alice 4294901760 65536\n", &start));
	assert_false(range("0: alice -1 65536\n", &start));
	assert_false(range("Error fetching ranges\n", &start));
	assert_false(range("", &start));
	assert_int_equal(start, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_source_than_the_files_is_noticed),
		cmocka_unit_test(the_first_long_enough_range_is_taken),
		cmocka_unit_test(what_is_no_range_of_ours_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
