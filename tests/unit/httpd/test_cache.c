#include "httpd/cache.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#include <sys/xattr.h>

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

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

static void no_preparation(void *ctx, const char *path, struct file *f)
{
	(void)path;
	(void)f;
	++*(int *)ctx;
}

static struct file *get(
	struct cache *c, const struct site *site, const char *path, int64_t now)
{
	const struct asker client = { .now_ms = now };
	struct site_path where;
	struct file *f;
	struct err e;

	assert_int_equal(site_locate(site, path, &client, &where, &e), 0);
	assert_int_equal(cache_get(c, path, &where, now, &f, &e), 0);
	return f;
}

static void cache_opens_once_and_looks_again_after_a_second(void **state)
{
	const struct scratch *s = *state;
	struct site site = site_of(s);
	int opened = 0;
	struct cache *c = cache_new(&site, 8, true, no_preparation, &opened);
	struct file *f;

	put(s, "file", "one");
	file_unref(get(c, &site, "file", 0));
	put(s, "new", "three");
	assert_int_equal(renameat(s->fd, "new", s->fd, "file"), 0);
	f = get(c, &site, "file", CACHE_FRESH_MS - 1);
	assert_int_equal(f->body->size, 3);
	file_unref(f);
	assert_int_equal(opened, 1);
	f = get(c, &site, "file", CACHE_FRESH_MS);
	assert_int_equal(f->body->size, 5);
	assert_memory_equal(f->body->memory, "three", 5);
	file_unref(f);
	assert_int_equal(opened, 2);
	cache_free(&c);
	site_close(&site);
}

static void cache_shows_a_new_generation_at_once(void **state)
{
	const struct scratch *s = *state;
	struct site site = site_of(s);
	int opened = 0;
	struct cache *c = cache_new(&site, 8, true, no_preparation, &opened);
	struct file *f;

	put_generation(s, "1", "one");
	put_generation(s, "2", "second");
	set_live(s, ".gen/1");
	file_unref(get(c, &site, "meta/1.0/index-user", 10));
	set_live(s, ".gen/2");
	f = get(c, &site, "meta/1.0/index-user", 11);
	assert_int_equal(f->body->size, 6);
	file_unref(f);
	cache_free(&c);
	site_close(&site);
}

static void cache_stays_bounded(void **state)
{
	const struct scratch *s = *state;
	struct site site = site_of(s);
	int opened = 0;
	struct cache *c = cache_new(&site, 4, true, no_preparation, &opened);

	for (int i = 0; i < 20; i++) {
		char name[16];

		snprintf(name, sizeof(name), "f%d", i);
		put(s, name, "x");
		file_unref(get(c, &site, name, i));
	}
	assert_int_equal(opened, 20);
	file_unref(get(c, &site, "f19", 21));
	assert_int_equal(opened, 20);
	file_unref(get(c, &site, "f0", 22));
	assert_int_equal(opened, 21);
	cache_free(&c);
	site_close(&site);
}

static void cache_lets_go_what_nobody_asks_for(void **state)
{
	const struct scratch *s = *state;
	struct site site = site_of(s);
	int opened = 0;
	struct cache *c = cache_new(&site, 8, true, no_preparation, &opened);
	struct file *held;

	put(s, "idle", "one");
	put(s, "busy", "two");
	held = get(c, &site, "idle", 0);
	file_unref(get(c, &site, "busy", 0));
	file_unref(get(c, &site, "busy", 1));
	cache_tidy(c, CACHE_IDLE_MS);
	assert_int_equal(held->refs, 1);
	assert_memory_equal(held->body->memory, "one", 3);
	file_unref(held);
	file_unref(get(c, &site, "busy", CACHE_IDLE_MS));
	assert_int_equal(opened, 2);
	cache_free(&c);
	site_close(&site);
}

static void file_etag_is_the_digest_the_inode_carries(void **state)
{
	const struct scratch *s = *state;
	struct site site = site_of(s);
	int opened = 0;
	struct cache *c = cache_new(&site, 8, true, no_preparation, &opened);
	char path[128];
	struct file *f;

	put(s, "file", "x");
	snprintf(path, sizeof(path), "%s/file", s->path);
	if (setxattr(path, LAYOUT_DIGEST_XATTR, DIGEST, 64, 0) == 0) {
		f = get(c, &site, "file", 0);
		assert_string_equal(f->etag, "\"" DIGEST "\"");
		file_unref(f);
		put(s, "other", "x");
		snprintf(path, sizeof(path), "%s/other", s->path);
		assert_int_equal(setxattr(path, LAYOUT_DIGEST_XATTR, "short", 5, 0), 0);
		f = get(c, &site, "other", 0);
		assert_int_equal(f->digest[0], '\0');
		assert_true(f->etag[0] == '"' && strlen(f->etag) < 60);
		file_unref(f);
		put(s, "upper", "x");
		snprintf(path, sizeof(path), "%s/upper", s->path);
		assert_int_equal(
			setxattr(path, LAYOUT_DIGEST_XATTR, "A" DIGEST, 64, 0), 0);
		f = get(c, &site, "upper", 0);
		assert_int_equal(f->digest[0], '\0');
		file_unref(f);
	}
	cache_free(&c);
	site_close(&site);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(cache_opens_once_and_looks_again_after_a_second),
		scratch_test(cache_shows_a_new_generation_at_once),
		scratch_test(cache_stays_bounded),
		scratch_test(cache_lets_go_what_nobody_asks_for),
		scratch_test(file_etag_is_the_digest_the_inode_carries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
