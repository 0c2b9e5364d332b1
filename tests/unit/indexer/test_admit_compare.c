#include "indexer/admit_compare.h"

#include "tests/unit/unit.h"

static bool off(uint64_t was, uint64_t is, int64_t had, int64_t has, int64_t percent)
{
	struct build_measure last = {
		.serial = "20260101_0000", .unpacked_size = was, .packages = had
	};
	struct build_measure now = { .unpacked_size = is, .packages = has };
	char why[200] = "";
	bool is_off = admit_is_off(&last, &now, percent, why, sizeof(why));

	assert_int_equal(is_off, why[0] != '\0');
	return is_off;
}

static void a_build_just_within_the_share_is_taken(void **state)
{
	(void)state;
	assert_false(off(1000, 1300, 10, 13, 30));
	assert_false(off(1000, 700, 10, 7, 30));
	assert_false(off(0, 0, 0, 0, 30));
}

static void a_build_that_shrinks_or_grows_is_off(void **state)
{
	(void)state;
	assert_true(off(1000, 1311, 10, 10, 30));
	assert_true(off(1000, 689, 10, 10, 30));
	assert_true(off(1000, 1000, 10, 14, 30));
	assert_true(off(1000, 1000, 10, 0, 30));
	assert_true(off(1, UINT64_MAX, 10, 10, 100000));
}

static void packages_are_compared_only_where_both_are_known(void **state)
{
	(void)state;
	assert_false(off(1000, 1000, -1, 500, 30));
	assert_false(off(1000, 1000, 500, -1, 30));
}

static void a_share_of_zero_holds_nothing(void **state)
{
	(void)state;
	assert_false(off(1000, 1, 100, 1, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_build_just_within_the_share_is_taken),
		cmocka_unit_test(a_build_that_shrinks_or_grows_is_off),
		cmocka_unit_test(packages_are_compared_only_where_both_are_known),
		cmocka_unit_test(a_share_of_zero_holds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
