#include "client/run/limits.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <fcntl.h>

static void file(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static const char *content(int dir_fd, const char *name)
{
	static char text[256];
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

/* A directory with the files of a cgroup. */
static int fake(int dir_fd)
{
	static const char *const files[] = { "memory.max", "memory.swap.max", "pids.max",
		"cpu.max", "cpu.weight", "io.weight" };
	int fd;

	assert_int_equal(mkdirat(dir_fd, "box", 0700), 0);
	fd = openat(dir_fd, "box", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < ARRAY_COUNT(files); i++)
		file(fd, files[i]);
	file(dir_fd, "cgroup.subtree_control");
	return fd;
}

static void limits_are_what_the_kernel_reads(void **state)
{
	const struct scratch *s = *state;
	const struct limits l = { .memory = "512m",
		.pids = "100",
		.cpus = "1.5",
		.cpu_weight = "50",
		.io_weight = "10000" };
	int fd = fake(s->fd);
	struct err e;

	assert_int_equal(limits_check(&l, &e), 0);
	assert_int_equal(limits_apply(&l, fd, &e), 0);
	assert_string_equal(content(fd, "memory.max"), "536870912");
	assert_string_equal(content(fd, "memory.swap.max"), "0");
	assert_string_equal(content(fd, "pids.max"), "100");
	assert_string_equal(content(fd, "cpu.max"), "150000 100000");
	assert_string_equal(content(fd, "cpu.weight"), "50");
	assert_string_equal(content(fd, "io.weight"), "10000");
	assert_string_equal(content(s->fd, "cgroup.subtree_control"), "");
	close(fd);
}

static void a_missing_controller_is_asked_for_and_then_named(void **state)
{
	const struct scratch *s = *state;
	const struct limits l = { .memory = "1g" };
	int fd = fake(s->fd);
	struct err e;

	assert_int_equal(unlinkat(fd, "memory.max", 0), 0);
	assert_int_equal(limits_apply(&l, fd, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
	assert_non_null(strstr(e.text, "option '--memory' cannot be enforced: the "
				       "controller 'memory' is not delegated"));
	assert_string_equal(content(s->fd, "cgroup.subtree_control"), "+memory");
	close(fd);
}

static void malformed_limits_are_refused(void **state)
{
	static const struct limits bad[] = { { .memory = "0" }, { .memory = "1x" },
		{ .memory = "m" }, { .memory = "-1" }, { .memory = "99999999999t" },
		{ .pids = "0" }, { .pids = "4194305" }, { .pids = "1k" }, { .cpus = "0" },
		{ .cpus = "0.001" }, { .cpus = "1." }, { .cpus = ".5" },
		{ .cpus = "1.5x" }, { .cpus = "999999" }, { .cpu_weight = "0" },
		{ .cpu_weight = "10001" }, { .io_weight = "x" }, { .io_max = "8:0" },
		{ .io_max = "/dev/null:rbps=1" } };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		assert_true(limits_any(&bad[i]));
		assert_int_equal(limits_check(&bad[i], &e), -1);
		assert_int_equal(e.code, ERR_USAGE);
	}
}

static void only_pids_has_a_fall_back(void **state)
{
	const struct limits none = { .pids = "" }, pids = { .pids = "7" },
			    both = { .pids = "7", .memory = "1m" };
	unsigned int count = 0;
	struct err e;

	(void)state;
	assert_false(limits_any(&none));
	assert_false(limits_only_pids(&none, &count));
	assert_true(limits_only_pids(&pids, &count));
	assert_int_equal(count, 7);
	assert_false(limits_only_pids(&both, &count));
	assert_int_equal(limits_refuse(&none, "x", &e), 0);
	assert_int_equal(limits_refuse(&both, "none is delegated", &e), -1);
	assert_non_null(strstr(e.text, "'--memory' cannot be enforced: none is"));
}

#define IN_SCRATCH(test)                                                                 \
	cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(limits_are_what_the_kernel_reads),
		IN_SCRATCH(a_missing_controller_is_asked_for_and_then_named),
		cmocka_unit_test(malformed_limits_are_refused),
		cmocka_unit_test(only_pids_has_a_fall_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
