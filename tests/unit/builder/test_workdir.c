#include "builder/workdir.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <stdbool.h>

static bool is_there(const struct scratch *s, const char *name)
{
	return faccessat(s->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void workdir_is_private_and_goes(void **state)
{
	struct scratch *s = *state;
	struct workdir w = WORKDIR_INIT;
	struct stat st;
	struct err e;
	char name[64];

	assert_int_equal(workdir_make(s->fd, "x", &w, &e), 0);
	snprintf(name, sizeof(name), "%s", w.name);
	assert_int_equal(strncmp(name, "x.", 2), 0);
	assert_int_equal(fstat(w.dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(mkdirat(w.dir, "sub", 0700), 0);
	workdir_remove(&w);
	assert_false(is_there(s, name));
	workdir_remove(&w); /* twice does no harm */
}

static void sweep_spares_those_in_use(void **state)
{
	struct scratch *s = *state;
	struct workdir w = WORKDIR_INIT;
	struct err e;

	assert_int_equal(workdir_make(s->fd, "x", &w, &e), 0);
	assert_int_equal(workdir_sweep(s->fd, "x", NULL, NULL), 0);
	assert_true(is_there(s, w.name));
	workdir_remove(&w);
}

static void sweep_takes_what_the_dead_left(void **state)
{
	struct scratch *s = *state;
	struct workdir w = WORKDIR_INIT;
	struct err e;
	char name[64];

	assert_int_equal(workdir_make(s->fd, "x", &w, &e), 0);
	snprintf(name, sizeof(name), "%s", w.name);
	workdir_keep(&w); /* the lock is gone, as with its process */
	assert_int_equal(workdir_sweep(s->fd, "y", NULL, NULL), 0);
	assert_true(is_there(s, name));
	assert_int_equal(workdir_sweep(s->fd, "x", NULL, NULL), 1);
	assert_false(is_there(s, name));
}

static void sweep_takes_what_a_killed_remover_left(void **state)
{
	struct scratch *s = *state;

	assert_int_equal(mkdirat(s->fd, "x.half", 0700), 0);
	assert_int_equal(mkdirat(s->fd, "x.half/w", 0700), 0);
	assert_int_equal(workdir_sweep(s->fd, "x", NULL, NULL), 1);
	assert_false(is_there(s, "x.half"));
}

static void sweep_takes_nothing_else(void **state)
{
	struct scratch *s = *state;

	assert_int_equal(mkdirat(s->fd, "xy", 0700), 0);
	assert_int_equal(mkdirat(s->fd, "other", 0700), 0);
	assert_int_equal(symlinkat("other", s->fd, "x.link"), 0);
	assert_int_equal(workdir_sweep(s->fd, "x", NULL, NULL), 0);
	assert_true(is_there(s, "xy"));
	assert_true(is_there(s, "other"));
	assert_true(is_there(s, "x.link"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(workdir_is_private_and_goes),
		scratch_test(sweep_spares_those_in_use),
		scratch_test(sweep_takes_what_the_dead_left),
		scratch_test(sweep_takes_what_a_killed_remover_left),
		scratch_test(sweep_takes_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
