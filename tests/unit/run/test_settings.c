#include "client/run/settings.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <fcntl.h>

static void a_layer_is_disk_or_memory_with_a_size(void **state)
{
	static const char *const bad[] = { "", "ram", "memory:", "memory:x", "memory:1x",
		"memory:1kk", "memory:-1", "memory:50%", "memory:1,mode=0", "disk:1" };
	static const char *const good[] = { "disk", "memory", "memory:1", "memory:400k",
		"memory:2g" };
	struct settings s = SETTINGS_INIT;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		s.layer = bad[i];
		assert_int_equal(settings_check(&s, &e), -1);
		assert_int_equal(e.code, ERR_USAGE);
	}
	for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
		s.layer = good[i];
		if (settings_check(&s, &e) < 0)
			assert_non_null(strstr(e.text, "needs Linux 6.6"));
	}
}

static void the_size_of_a_layer_is_what_was_said(void **state)
{
	struct container_config c = { .layer = "disk" };
	const char *size = NULL;

	(void)state;
	assert_false(config_layer_is_memory(&c, &size));
	c.layer = NULL;
	assert_false(config_layer_is_memory(&c, &size));
	c.layer = "memory:7m";
	assert_true(config_layer_is_memory(&c, &size));
	assert_string_equal(size, "7m");
	c.layer = "memory";
	assert_true(config_layer_is_memory(&c, &size));
	assert_string_equal(size, "50%");
}

static void an_init_is_a_kind_or_a_path(void **state)
{
	static const char *const facts[][2] = { { "init systemd\n", "/sbin/init" },
		{ "init init\n", "/sbin/init" }, { "init /bin/runit\n", "/bin/runit" },
		{ "arch amd64\n", "/sbin/init" } };
	const struct scratch *s = *state;
	struct settings asked = SETTINGS_INIT;
	char *const none[] = { NULL };
	struct err e;

	asked.init = true;
	for (size_t i = 0; i < ARRAY_COUNT(facts); i++) {
		struct settings_command command;
		auto_fd int fd = openat(
			s->fd, "start", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

		assert_int_equal(
			write(fd, facts[i][0], strlen(facts[i][0])), strlen(facts[i][0]));
		assert_int_equal(
			settings_command(&asked, s->fd, none, true, &command, &e), 0);
		assert_string_equal(command.argv[0], facts[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_layer_is_disk_or_memory_with_a_size),
		cmocka_unit_test(the_size_of_a_layer_is_what_was_said),
		scratch_test(an_init_is_a_kind_or_a_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
