#include "client/run/config.h"

#include "lib/base/fs.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <signal.h>

static char sh[] = "sh", script[] = "echo 'a b'\nexit 3 \\ \x01", empty[] = "";
static char *const argv_some[] = { sh, script, empty, NULL };
static const char *const env_some[] = { "A=1", "B=\n", NULL };

static struct container_config some_config(void)
{
	return (struct container_config){ .id = "0123",
		.ref = "r:d/r/a/v",
		.created = "17",
		.profile = "system",
		.stop_signal = "SIGRTMIN+3",
		.hostname = "h",
		.net = "host",
		.workdir = "/tmp",
		.ephemeral = true,
		.argv = argv_some,
		.env = env_some };
}

static void config_is_read_as_written(void **state)
{
	const struct scratch *s = *state;
	struct container_config in = some_config(), out;
	auto_arena struct arena memory = { 0 };
	struct err e;

	assert_int_equal(config_write(s->fd, &in, &e), 0);
	assert_int_equal(config_read(s->fd, &memory, &out, &e), 0);
	assert_string_equal(out.id, "0123");
	assert_string_equal(out.ref, in.ref);
	assert_string_equal(out.created, "17");
	assert_string_equal(out.net, "host");
	assert_true(out.ephemeral);
	assert_false(out.tty);
	assert_true(config_is_system(&out));
	assert_int_equal(config_stop_signal(&out), 37);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(out.argv[i], argv_some[i]);
	assert_null(out.argv[3]);
	assert_string_equal(out.env[1], "B=\n");
	assert_null(out.env[2]);
}

static void config_of_many_arguments_is_whole(void **state)
{
	const struct scratch *s = *state;
	struct container_config in = some_config(), out;
	auto_arena struct arena memory = { 0 };
	static char *many[2001];
	struct err e;

	for (size_t i = 0; i < 2000; i++)
		many[i] = sh;
	in.argv = many;
	assert_int_equal(config_write(s->fd, &in, &e), 0);
	assert_int_equal(config_read(s->fd, &memory, &out, &e), 0);
	assert_string_equal(out.argv[1999], "sh");
	assert_null(out.argv[2000]);
}

static void a_command_too_long_is_refused_or_left_out(void **state)
{
	const struct scratch *s = *state;
	struct container_config in = some_config(), out;
	auto_arena struct arena memory = { 0 };
	char *huge = calloc(1, 70000);
	char *argv_huge[] = { huge, NULL };
	struct err e;

	memset(huge, 'x', 69999);
	in.argv = argv_huge;
	assert_int_equal(config_write(s->fd, &in, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_false(fs_exists_at(s->fd, "config"));
	in.once = true;
	assert_int_equal(config_write(s->fd, &in, &e), 0);
	assert_int_equal(config_read(s->fd, &memory, &out, &e), 0);
	assert_string_equal(out.workdir, "/tmp");
	assert_null(out.argv[0]);
	free(huge);
}

static void old_and_damaged_ones_are_told_apart(void **state)
{
	const struct scratch *s = *state;
	struct container_config out;
	auto_arena struct arena memory = { 0 };
	struct err e;
	int fd;

	assert_int_equal(config_read(s->fd, &memory, &out, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
	fd = openat(s->fd, "config", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(dprintf(fd, "id 1\nref r\n"), 11);
	assert_int_equal(config_read(s->fd, &memory, &out, &e), 0);
	assert_string_equal(out.profile, "app");
	assert_int_equal(config_stop_signal(&out), SIGTERM);
	assert_null(out.argv[0]);
	assert_int_equal(dprintf(fd, "half a li"), 9);
	assert_int_equal(config_read(s->fd, &memory, &out, &e), -1);
	assert_int_equal(e.code, ERR_DAMAGED);
	close(fd);
}

#define IN_SCRATCH(test)                                                                 \
	cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_SCRATCH(config_is_read_as_written),
		IN_SCRATCH(config_of_many_arguments_is_whole),
		IN_SCRATCH(a_command_too_long_is_refused_or_left_out),
		IN_SCRATCH(old_and_damaged_ones_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
