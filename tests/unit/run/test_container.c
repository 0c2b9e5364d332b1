#include "client/run/container.h"
#include "lib/base/fs.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

static char arg[] = "one\ntwo";
static char *const argv_one[] = { arg, NULL };
static const char *const no_env[] = { NULL };

static struct container_config config_of(bool ephemeral)
{
	return (struct container_config){ .id = "0123",
		.ref = "r:a",
		.hostname = "h",
		.net = "none",
		.workdir = "/",
		.argv = argv_one,
		.env = no_env,
		.ephemeral = ephemeral };
}

static struct store store_of(const struct scratch *s)
{
	struct store store = { .data = "data", .run = "run" };

	assert_true(mkdirat(s->fd, "data", 0700) == 0 || errno == EEXIST);
	assert_true(mkdirat(s->fd, "run", 0700) == 0 || errno == EEXIST);
	store.data_fd = openat(s->fd, "data", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	store.run_fd = openat(s->fd, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(store.data_fd >= 0 && store.run_fd >= 0);
	return store;
}

static bool is_empty(int dir_fd, const char *path)
{
	auto_names struct fs_names names = { 0 };
	struct err e;

	assert_int_equal(fs_list_dir(dir_fd, path, &names, &e), 0);
	return names.count == 0;
}

static void names_are_plain(void **state)
{
	static const char *const bad[] = { "", ".", "..", ".x", "-x", "_x", "a/b", "a b",
		"\xc3\xa4", "a:b", "a\nb",
		"0123456789012345678901234567890123456789012345678901234567890123" };
	static const char *const good[] = { "a", "A-1._x", "7",
		"012345678901234567890123456789012345678901234567890123456789012" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(container_name_is_valid(bad[i]));
	for (size_t i = 0; i < ARRAY_COUNT(good); i++)
		assert_true(container_name_is_valid(good[i]));
}

static void an_ephemeral_container_ends_without_a_trace(void **state)
{
	auto_store struct store s = store_of(*state);
	struct container_config config = config_of(true);
	struct container c = CONTAINER_INIT;
	struct err e;

	assert_int_equal(container_create(&s, "", "a+b_c", &config, &c, &e), 0);
	assert_true(container_name_is_valid(c.name));
	assert_true(strncmp(c.name, "a-b-c-", 6) == 0);
	assert_true(fs_exists_at(c.dir_fd, "upper"));
	assert_true(state_is_live(s.run_fd, c.name));
	assert_int_equal(container_end(&s, &c, &e), 0);
	assert_true(is_empty(s.data_fd, "containers"));
	assert_true(is_empty(s.run_fd, "."));
}

static void a_name_is_taken_while_it_exists(void **state)
{
	auto_store struct store s = store_of(*state);
	struct container_config config = config_of(false);
	struct container c = CONTAINER_INIT, second = CONTAINER_INIT;
	auto_arena struct arena memory = { 0 };
	struct container_config read;
	struct err e;

	assert_int_equal(container_create(&s, "kept", "", &config, &c, &e), 0);
	assert_int_equal(container_create(&s, "kept", "", &config, &second, &e), -1);
	assert_int_equal(e.code, ERR_CONFLICT);
	assert_non_null(strstr(e.text, "is running"));
	assert_int_equal(container_end(&s, &c, &e), 0);
	assert_int_equal(container_create(&s, "kept", "", &config, &second, &e), -1);
	assert_int_equal(e.code, ERR_CONFLICT);
	assert_non_null(strstr(e.text, "rootyard rm kept"));
	assert_int_equal(container_read(&s, "kept", &memory, &read, &e), 0);
	assert_string_equal(read.id, "0123");
	assert_string_equal(read.ref, "r:a");
	assert_true(strtoll(read.created, NULL, 10) > 0);
}

static void a_sweep_takes_what_was_killed_and_nothing_else(void **state)
{
	struct holder holder = { .entered = true }; /* these files are our own */
	auto_store struct store s = store_of(*state);
	struct container_config stays = config_of(false), goes = config_of(true);
	struct container alive = CONTAINER_INIT, dead = CONTAINER_INIT,
			 kept = CONTAINER_INIT;
	struct err e;

	assert_int_equal(container_create(&s, "alive", "", &goes, &alive, &e), 0);
	assert_int_equal(container_create(&s, "dead", "", &goes, &dead, &e), 0);
	assert_int_equal(container_create(&s, "kept", "", &stays, &kept, &e), 0);
	container_release(&dead); /* as if it had been killed */
	container_release(&kept);
	assert_int_equal(mkdirat(s.data_fd, "containers/.trash-0", 0700), 0);
	assert_int_equal(mkdirat(s.data_fd, "containers/half", 0700), 0);

	assert_int_equal(containers_sweep(&s, &holder, true, &e), 0);
	assert_false(fs_exists_at(s.data_fd, "containers/dead"));
	assert_false(fs_exists_at(s.run_fd, "dead"));
	assert_true(
		fs_exists_at(s.data_fd, "containers/half")); /* not in the run place */
	assert_int_equal(containers_sweep(&s, &holder, false, &e), 0);
	assert_false(fs_exists_at(s.data_fd, "containers/half"));
	assert_false(fs_exists_at(s.data_fd, "containers/.trash-0"));
	assert_true(fs_exists_at(s.data_fd, "containers/kept"));
	assert_true(fs_exists_at(s.data_fd, "containers/alive"));
	assert_true(state_is_live(s.run_fd, "alive"));
	assert_int_equal(container_end(&s, &alive, &e), 0);
}

static void a_running_one_cannot_be_removed(void **state)
{
	auto_store struct store s = store_of(*state);
	struct container_config config = config_of(false);
	struct container c = CONTAINER_INIT;
	struct err e;

	assert_int_equal(container_create(&s, "busy", "", &config, &c, &e), 0);
	assert_int_equal(container_remove(&s, "busy", &e), -1);
	assert_int_equal(e.code, ERR_BUSY);
	assert_int_equal(container_end(&s, &c, &e), 0);
	assert_int_equal(container_remove(&s, "busy", &e), 0);
	assert_int_equal(container_remove(&s, "busy", &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
	assert_true(is_empty(s.data_fd, "containers"));
}

static void state_is_read_as_written(void **state)
{
	auto_store struct store s = store_of(*state);
	struct container_config config = config_of(true);
	struct container c = CONTAINER_INIT;
	struct run_state in = {
		.init.pid = getpid(), .created = 1234, .id = "0123", .ref = "r:a"
	};
	struct run_state out;
	struct err e;

	assert_int_equal(container_create(&s, "x", "", &config, &c, &e), 0);
	assert_int_equal(state_read(s.run_fd, "x", &out, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
	assert_int_equal(state_write(c.run_dir, &in, &e), 0);
	assert_int_equal(state_read(s.run_fd, "x", &out, &e), 0);
	assert_int_equal(out.init.pid, getpid());
	assert_int_equal(out.created, 1234);
	assert_string_equal(out.ref, "r:a");
	assert_true(process_starttime(getpid()) > 0);
	assert_int_equal(process_starttime(-1), 0);
	assert_int_equal(container_end(&s, &c, &e), 0);
}

#define IN_SCRATCH(test)                                                                 \
	cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_plain),
		IN_SCRATCH(an_ephemeral_container_ends_without_a_trace),
		IN_SCRATCH(a_name_is_taken_while_it_exists),
		IN_SCRATCH(a_sweep_takes_what_was_killed_and_nothing_else),
		IN_SCRATCH(a_running_one_cannot_be_removed),
		IN_SCRATCH(state_is_read_as_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
