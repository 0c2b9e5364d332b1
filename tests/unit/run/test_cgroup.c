#include "client/run/cgroup.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

static void numbers_are_found_by_their_key(void **state)
{
	static const char text[] = "populated 1\nfrozen 0\nusage_usec 12345\nempty \nx";

	(void)state;
	assert_int_equal(cgroup_parse_key(bytes_of_str(text), "populated"), 1);
	assert_int_equal(cgroup_parse_key(bytes_of_str(text), "frozen"), 0);
	assert_int_equal(cgroup_parse_key(bytes_of_str(text), "usage_usec"), 12345);
	assert_int_equal(cgroup_parse_key(bytes_of_str(text), "usage"), -1);
	assert_int_equal(cgroup_parse_key(bytes_of_str(text), "empty"), -1);
	assert_int_equal(cgroup_parse_key(bytes_of_str(text), "x"), -1);
	assert_int_equal(cgroup_parse_key(bytes_of_str(""), "frozen"), -1);
}

static void files_are_read_and_written_by_descriptor(void **state)
{
	const struct scratch *s = *state;
	int fd = openat(s->fd, "memory.max", O_WRONLY | O_CREAT, 0600);
	struct err e;

	close(fd);
	assert_int_equal(cgroup_number(s->fd, "memory.max"), -1);
	assert_int_equal(cgroup_set(s->fd, "memory.max", "1048576", &e), 0);
	assert_int_equal(cgroup_number(s->fd, "memory.max"), 1048576);
	assert_int_equal(cgroup_set(s->fd, "memory.none", "1", &e), -1);
	assert_int_equal(cgroup_number(s->fd, "memory.none"), -1);
	assert_int_equal(cgroup_open(""), -1);
	cgroup_remove("");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_found_by_their_key),
		cmocka_unit_test_setup_teardown(files_are_read_and_written_by_descriptor,
			scratch_setup, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
