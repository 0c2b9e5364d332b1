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

static void misses_hold_until_the_directory_changes(void **state)
{
	const struct scratch *s = *state;
	struct site site;
	struct misses *m;
	struct err e;

	assert_int_equal(site_open(&site, s->path, &e), 0);
	m = misses_new(&site);
	assert_int_equal(mkdirat(s->fd, "a", 0755), 0);
	assert_int_equal(mkdirat(s->fd, "b", 0755), 0);
	assert_int_equal(mkdirat(s->fd, "c", 0755), 0);

	misses_add(m, "a/name");
	assert_false(misses_has(m, "a/name")); /* it changed a moment ago */
	settle();
	misses_add(m, "a/name");
	misses_add(m, "b/name");
	misses_add(m, "c/name");
	misses_add(m, "none/name");
	misses_add(m, "name");
	assert_true(misses_has(m, "a/name"));
	assert_true(misses_has(m, "b/name"));
	assert_true(misses_has(m, "name"));
	assert_false(misses_has(m, "a/other"));
	assert_false(misses_has(m, "none/name")); /* nothing to look at */

	put(s, "a/name");
	assert_false(misses_has(m, "a/name"));
	assert_true(misses_has(m, "b/name"));
	assert_true(misses_has(m, "name"));

	put(s, "a/new");
	assert_int_equal(renameat(s->fd, "a/new", s->fd, "b/name"), 0);
	assert_false(misses_has(m, "b/name"));

	/* Another directory in its place, and a link to one. */
	assert_int_equal(unlinkat(s->fd, "c", AT_REMOVEDIR), 0);
	assert_false(misses_has(m, "c/name"));
	assert_int_equal(symlinkat("a", s->fd, "c"), 0);
	assert_false(misses_has(m, "c/name"));
	assert_false(misses_has(m, "name"));

	misses_free(&m);
	site_close(&site);
}

static void misses_take_names_of_any_length(void **state)
{
	const struct scratch *s = *state;
	struct site site;
	struct misses *m;
	struct err e;
	char name[SITE_PATH_MAX];

	assert_int_equal(site_open(&site, s->path, &e), 0);
	m = misses_new(&site);
	settle();
	for (size_t len = 1; len < sizeof(name); len++) {
		memset(name, 'n', len);
		name[len] = '\0';
		misses_add(m, name);
		assert_int_equal(misses_has(m, name), len < 240);
	}
	misses_free(&m);
	site_close(&site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(misses_hold_until_the_directory_changes),
		scratch_test(misses_take_names_of_any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
