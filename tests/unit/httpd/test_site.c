#include "httpd/site.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <string.h>

static const struct asker client = { .address = { { [15] = 1 } } };

static void put(const struct scratch *s, const char *path, const char *text)
{
	int fd = openat(s->fd, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void put_generation(const struct scratch *s, const char *n, const char *text)
{
	char path[80];

	snprintf(path, sizeof(path), ".gen/%s", n);
	mkdirat(s->fd, ".gen", 0755);
	assert_int_equal(mkdirat(s->fd, path, 0755), 0);
	snprintf(path, sizeof(path), ".gen/%s/meta", n);
	assert_int_equal(mkdirat(s->fd, path, 0755), 0);
	snprintf(path, sizeof(path), ".gen/%s/meta/1.0", n);
	assert_int_equal(mkdirat(s->fd, path, 0755), 0);
	snprintf(path, sizeof(path), ".gen/%s/meta/1.0/index-user", n);
	put(s, path, text);
}

static void set_live(const struct scratch *s, const char *target)
{
	unlinkat(s->fd, ".live", 0);
	assert_int_equal(symlinkat(target, s->fd, ".live"), 0);
}

static struct site site_of(const struct scratch *s)
{
	struct site site;
	struct err e;

	assert_int_equal(site_open(&site, s->path, &e), 0);
	return site;
}

static void site_goes_through_live_by_itself(void **state)
{
	const struct scratch *s = *state;
	struct site site = site_of(s);
	struct site_path where;
	struct err e;

	put_generation(s, "7", "x");
	set_live(s, ".gen/7");
	assert_int_equal(
		site_locate(&site, "meta/1.0/index-user", &client, &where, &e), 0);
	assert_string_equal(where.text, ".gen/7/meta/1.0/index-user");
	assert_true(where.is_live);
	assert_int_equal(site_locate(&site, "meta/1.0x", &client, &where, &e), 0);
	assert_string_equal(where.text, "meta/1.0x");
	assert_false(where.is_live);
	site_close(&site);
}

static void site_believes_live_only_as_a_number_beneath_gen(void **state)
{
	static const char *const bad[] = { ".gen/", ".gen/x", ".gen/7/..", "/etc", "..",
		".gen/../../etc", ".gen/-1", ".gen/1234567890123456789", "gen/7" };
	const struct scratch *s = *state;
	struct site site = site_of(s);

	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct site_path where;
		struct err e;

		set_live(s, bad[i]);
		assert_int_equal(
			site_locate(&site, "index.html", &client, &where, &e), -1);
		assert_int_equal(e.code, ERR_NOTFOUND);
	}
	site_close(&site);
}

static void site_without_live_has_plain_files(void **state)
{
	const struct scratch *s = *state;
	struct site site = site_of(s);
	struct site_path where;
	struct err e;

	assert_int_equal(site_locate(&site, "index.html", &client, &where, &e), 0);
	assert_string_equal(where.text, "index.html");
	site_close(&site);
}

static void site_pairs_survive_a_switch_but_not_a_removal(void **state)
{
	const struct scratch *s = *state;
	struct site site = site_of(s);
	struct site_path where;
	struct err e;

	put_generation(s, "1", "x");
	put(s, ".gen/1/meta/1.0/index-user.asc", "x");
	put_generation(s, "2", "y");
	set_live(s, ".gen/1");
	assert_int_equal(
		site_locate(&site, "meta/1.0/index-user", &client, &where, &e), 0);
	set_live(s, ".gen/2");
	assert_int_equal(
		site_locate(&site, "meta/1.0/index-user.asc", &client, &where, &e), 0);
	assert_string_equal(where.text, ".gen/1/meta/1.0/index-user.asc");
	unlinkat(s->fd, ".gen/1/meta/1.0/index-user.asc", 0);
	assert_int_equal(
		site_locate(&site, "meta/1.0/index-user.asc", &client, &where, &e), 0);
	assert_string_equal(where.text, ".gen/2/meta/1.0/index-user.asc");
	site_close(&site);
}

static void site_opens_regular_files_only(void **state)
{
	const struct scratch *s = *state;
	struct site site = site_of(s);
	struct stat st;
	struct err e;

	put(s, "file", "x");
	assert_int_equal(mkdirat(s->fd, "dir", 0755), 0);
	assert_int_equal(mkfifoat(s->fd, "fifo", 0644), 0);
	assert_int_equal(symlinkat("file", s->fd, "link"), 0);
	assert_int_equal(symlinkat("/etc", s->fd, "out"), 0);
	int fd = site_open_file(&site, "file", &st, &e);

	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(site_open_file(&site, "dir", &st, &e), -1);
	assert_int_equal(e.sys, EISDIR);
	static const char *const none[] = { "fifo", "link", "out/passwd", "nothing",
		"file/x", "../x" };
	for (size_t i = 0; i < ARRAY_COUNT(none); i++) {
		assert_int_equal(site_open_file(&site, none[i], &st, &e), -1);
		assert_int_equal(e.code, ERR_NOTFOUND);
	}
	site_close(&site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(site_goes_through_live_by_itself),
		scratch_test(site_believes_live_only_as_a_number_beneath_gen),
		scratch_test(site_without_live_has_plain_files),
		scratch_test(site_pairs_survive_a_switch_but_not_a_removal),
		scratch_test(site_opens_regular_files_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
