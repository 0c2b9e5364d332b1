#include "client/run/cgroup.h"
#include "client/run/doctor.h"
#include "client/run/kernel.h"
#include "tests/unit/unit.h"

static void kernels_compare_by_number(void **state)
{
	(void)state;
	assert_true(kernel_is_at_least("5.12", 5, 12));
	assert_true(kernel_is_at_least("5.12.0-rc1", 5, 12));
	assert_true(kernel_is_at_least("6.1.0-26-amd64", 5, 12));
	assert_true(kernel_is_at_least("10.0", 5, 12));
	assert_false(kernel_is_at_least("5.9.16", 5, 12));
	assert_false(kernel_is_at_least("5.2", 5, 12));
	assert_false(kernel_is_at_least("4.19.300", 5, 12));
	assert_false(kernel_is_at_least("5", 5, 12));
	assert_false(kernel_is_at_least("", 5, 12));
}

static bool overlaps(const char *text, char line[64])
{
	return subids_overlap(bytes_of_str(text), "me", 1000, 200000, line);
}

static void a_foreign_range_that_shares_an_id_is_found(void **state)
{
	char line[64];

	(void)state;
	assert_true(overlaps("me:200000:65536\nyou:265535:1\n", line));
	assert_string_equal(line, "you:265535:1");
	assert_true(overlaps("you:134465:65536\n", line));
	assert_true(overlaps("you:1:4000000000\n", line));
	assert_true(overlaps("1001:200000:65536", line));
	assert_string_equal(line, "1001:200000:65536");
}

static void neighbours_and_our_own_lines_do_not_count(void **state)
{
	char line[64];

	(void)state;
	assert_false(overlaps("me:200000:65536\n1000:200000:65536\n", line));
	assert_false(overlaps("you:265536:65536\nyou:134464:65536\n", line));
	assert_false(overlaps("you:200000\n\n:\n#you:x:y\n", line));
	assert_false(overlaps("", line));
}

static void the_cgroup2_line_is_the_one_with_zero(void **state)
{
	char path[32];

	(void)state;
	assert_true(cgroup_own_path(
		bytes_of_str("1:cpu:/a\n0::/user.slice/x\n"), path, sizeof(path)));
	assert_string_equal(path, "/user.slice/x");
	assert_true(cgroup_own_path(bytes_of_str("0::/"), path, sizeof(path)));
	assert_string_equal(path, "/");
	assert_false(
		cgroup_own_path(bytes_of_str("1:cpu:/a\n10::/b\n"), path, sizeof(path)));
	assert_false(cgroup_own_path(
		bytes_of_str("0::/longer-than-what-the-caller-has-room-for\n"), path,
		sizeof(path)));
	assert_false(cgroup_own_path(bytes_of_str(""), path, sizeof(path)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernels_compare_by_number),
		cmocka_unit_test(a_foreign_range_that_shares_an_id_is_found),
		cmocka_unit_test(neighbours_and_our_own_lines_do_not_count),
		cmocka_unit_test(the_cgroup2_line_is_the_one_with_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
