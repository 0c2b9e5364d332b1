#include "client/run/keeper.h"
#include "tests/unit/unit.h"

static bool parse(const char *text, struct keeper *out)
{
	return keeper_parse(
		(struct bytes){ (const unsigned char *)text, strlen(text) }, out);
}

static void a_record_is_read(void **state)
{
	struct keeper k = { 0 };

	(void)state;
	assert_true(
		parse("123 456789 4026531837 100000 200000 18446744073709551615\n", &k));
	assert_int_equal(k.pid, 123);
	assert_int_equal(k.starttime, 456789);
	assert_true(k.ns_inode == 4026531837ULL);
	assert_int_equal(k.ids.uid_start, 100000);
	assert_int_equal(k.ids.gid_start, 200000);
	assert_true(k.ids.full);
	assert_true(k.files == UINT64_MAX);
}

static void anything_else_is_no_record(void **state)
{
	static const char *const bad[] = { "", "\n", "1 2 3 4 5 6", "1 2 3 4 5\n",
		"1 2 3 4 5 6 7\n", "1 2 3 4 5 6\n\n", "0 2 3 4 5 6\n", "-1 2 3 4 5 6\n",
		"1 2 3 0 5 6\n", "1 2 3 4 0 6\n", "1 2 3 4294901761 5 6\n",
		"1 2 3 4 4294967295 6\n", "2147483648 2 3 4 5 6\n", " 1 2 3 4 5 6\n",
		"1  2 3 4 5 6\n", "1 2 3 4 5 18446744073709551616\n", "1 2 3 4 5 x\n",
		"+1 2 3 4 5 6\n" };
	struct keeper k = { .pid = 77 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(parse(bad[i], &k));
	assert_int_equal(k.pid, 77);
}

static void a_process_that_is_not_the_one_is_not_joined(void **state)
{
	struct keeper k = { .pid = getpid(), .starttime = 1, .ns_inode = 1 };

	(void)state;
	assert_false(keeper_join(&k));
	k.pid = INT32_MAX;
	assert_false(keeper_join(&k));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_is_read),
		cmocka_unit_test(anything_else_is_no_record),
		cmocka_unit_test(a_process_that_is_not_the_one_is_not_joined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
