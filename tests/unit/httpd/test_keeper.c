#include "httpd/keeper.h"

#include "lib/base/auto.h"
#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <signal.h>

static void put(const struct scratch *s, const char *name, const char *text)
{
	int fd = openat(s->fd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void keeper_opens_what_was_named_as_it_is_now(void **state)
{
	const struct scratch *s = *state;
	char secret[300], log[300], text[8] = "";
	struct keeper_file files[2] = { { secret, O_RDONLY },
		{ log, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW } };
	struct keeper *k;
	struct err e;
	int fd;

	snprintf(secret, sizeof(secret), "%s/secret", s->path);
	snprintf(log, sizeof(log), "%s/log", s->path);
	put(s, "secret", "one");
	assert_int_equal(keeper_start(files, 2, &k, &e), 0);
	put(s, "fresh", "two");
	assert_int_equal(renameat(s->fd, "fresh", s->fd, "secret"), 0);
	fd = keeper_open(k, 0, &e);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 3);
	assert_memory_equal(text, "two", 3);
	assert_int_equal(write(fd, "x", 1), -1);
	close(fd);
	fd = keeper_open(k, 1, &e);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	keeper_stop(&k);
	assert_null(k);
}

static void keeper_says_what_it_cannot_open(void **state)
{
	const struct scratch *s = *state;
	char gone[300];
	struct keeper_file files[1] = { { gone, O_RDONLY } };
	struct keeper *k;
	struct err e;

	snprintf(gone, sizeof(gone), "%s/gone", s->path);
	assert_int_equal(keeper_start(files, 1, &k, &e), 0);
	assert_int_equal(keeper_open(k, 0, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
	assert_non_null(strstr(e.text, "cannot open '"));
	assert_non_null(strstr(e.text, "gone"));
	assert_int_equal(keeper_open(k, 0, &e), -1);
	keeper_stop(&k);
}

/* Those of the other tests are not waited for. */
static pid_t youngest_child(void)
{
	FILE *f = fopen("/proc/thread-self/children", "r");
	int pid = 0;

	assert_non_null(f);
	while (fscanf(f, "%d", &pid) == 1)
		;
	fclose(f);
	assert_true(pid > 0);
	return pid;
}

static void an_answer_that_came_too_late_is_not_the_next(void **state)
{
	const struct scratch *s = *state;
	char cert[300], key[300], text[8] = "";
	struct keeper_file files[2] = { { cert, O_RDONLY }, { key, O_RDONLY } };
	struct keeper *k;
	struct err e;
	pid_t keeper;
	int fd;

	snprintf(cert, sizeof(cert), "%s/cert", s->path);
	snprintf(key, sizeof(key), "%s/key", s->path);
	put(s, "cert", "cert");
	put(s, "key", "key");
	assert_int_equal(keeper_start(files, 2, &k, &e), 0);
	keeper = youngest_child();
	kill(keeper, SIGSTOP);
	assert_int_equal(keeper_open(k, 0, &e), -1);
	assert_int_equal(e.sys, ETIMEDOUT);
	kill(keeper, SIGCONT);
	fd = keeper_open(k, 1, &e);
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 3);
	assert_memory_equal(text, "key", 3);
	close(fd);
	keeper_stop(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeper_opens_what_was_named_as_it_is_now,
			scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(
			keeper_says_what_it_cannot_open, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(
			an_answer_that_came_too_late_is_not_the_next, scratch_setup,
			scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
