#include "httpd/misses.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <time.h>

static void put(const struct scratch *s, const char *path)
{
	int fd = openat(s->fd, path, O_WRONLY | O_CREAT, 0644);

	assert_true(fd >= 0);
	close(fd);
}

/* Longer than any file system's time stamps are coarse. */
static void settle(void)
{
	const struct timespec pause = { 2, 300 * 1000000L };

	nanosleep(&pause, NULL);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct misses *open_misses(const struct scratch *s, struct site *site)
{
	struct err e;

	assert_int_equal(site_open(site, s->path, &e), 0);
	return misses_new(site);
}

static void misses_hold_until_the_directory_changes(void **state)
{
	const struct scratch *s = *state;
	struct site site;
	struct misses *m = open_misses(s, &site);

	assert_int_equal(mkdirat(s->fd, "a", 0755), 0);
	assert_int_equal(mkdirat(s->fd, "b", 0755), 0);
	assert_int_equal(mkdirat(s->fd, "c", 0755), 0);

	misses_add(m, "a/name", now_ms());
	assert_false(misses_has(m, "a/name", now_ms())); /* it changed a moment ago */
	settle();
	misses_add(m, "a/name", now_ms());
	misses_add(m, "b/name", now_ms());
	misses_add(m, "c/name", now_ms());
	misses_add(m, "none/name", now_ms());
	misses_add(m, "name", now_ms());
	assert_true(misses_has(m, "a/name", now_ms()));
	assert_true(misses_has(m, "b/name", now_ms()));
	assert_true(misses_has(m, "name", now_ms()));
	assert_false(misses_has(m, "a/other", now_ms()));
	assert_false(misses_has(m, "none/name", now_ms())); /* nothing to look at */

	put(s, "a/name");
	assert_false(misses_has(m, "a/name", now_ms()));
	assert_true(misses_has(m, "b/name", now_ms()));
	assert_true(misses_has(m, "name", now_ms()));

	put(s, "a/new");
	assert_int_equal(renameat(s->fd, "a/new", s->fd, "b/name"), 0);
	assert_false(misses_has(m, "b/name", now_ms()));

	/* Another directory in its place, and a link to one. */
	assert_int_equal(unlinkat(s->fd, "c", AT_REMOVEDIR), 0);
	assert_false(misses_has(m, "c/name", now_ms()));
	assert_int_equal(symlinkat("a", s->fd, "c"), 0);
	assert_false(misses_has(m, "c/name", now_ms()));
	assert_false(misses_has(m, "name", now_ms()));

	misses_free(&m);
	site_close(&site);
}

/* What is renamed above a directory is seen when its name is walked again. */
static void misses_walk_again(void **state)
{
	const struct scratch *s = *state;
	struct site site;
	struct misses *m = open_misses(s, &site);

	assert_int_equal(mkdirat(s->fd, "old", 0755), 0);
	assert_int_equal(mkdirat(s->fd, "old/a", 0755), 0);
	assert_int_equal(mkdirat(s->fd, "new", 0755), 0);
	assert_int_equal(mkdirat(s->fd, "new/a", 0755), 0);
	put(s, "new/a/name");
	settle();
	misses_add(m, "old/a/name", 0);
	assert_int_equal(renameat(s->fd, "old", s->fd, "older"), 0);
	assert_int_equal(renameat(s->fd, "new", s->fd, "old"), 0);
	assert_false(misses_has(m, "old/a/name", MISSES_WALK_MS));
	misses_free(&m);
	site_close(&site);
}

static void misses_take_names_of_any_length(void **state)
{
	const struct scratch *s = *state;
	struct site site;
	struct misses *m = open_misses(s, &site);
	char name[SITE_PATH_MAX];

	settle();
	for (size_t len = 1; len < sizeof(name); len++) {
		memset(name, 'n', len);
		name[len] = '\0';
		misses_add(m, name, now_ms());
		assert_int_equal(misses_has(m, name, now_ms()), len < 240);
	}
	misses_free(&m);
	site_close(&site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(misses_hold_until_the_directory_changes),
		scratch_test(misses_walk_again),
		scratch_test(misses_take_names_of_any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
