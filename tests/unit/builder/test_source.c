#include "builder/layer.h"
#include "builder/listing.h"
#include "builder/ociref.h"
#include "builder/sumsfile.h"

#include "lib/base/fs.h"

#include "tests/unit/scratch.h"
#include "tests/unit/unit.h"

#define HEX  "00000000000000000000000000000000000000000000000000000000000000ff"
#define HEX2 "00000000000000000000000000000000000000000000000000000000000000fe"

/* ---- references */

static void reference_is_read(void **state)
{
	static const struct {
		const char *text, *base, *repo, *tag;
		bool has_digest;
	} table[] = {
		{ "busybox", "https://registry-1.docker.io", "library/busybox", "latest",
			false },
		{ "docker.io/some/one:1.2", "https://registry-1.docker.io", "some/one",
			"1.2", false },
		{ "docker://quay.io/a/b/c:x_Y", "https://quay.io", "a/b/c", "x_Y",
			false },
		{ "localhost:5000/a", "http://localhost:5000", "a", "latest", false },
		{ "127.0.0.1:80/a@sha256:" HEX, "http://127.0.0.1:80", "a", "", true },
		{ "http://reg.example/a:1", "http://reg.example", "a", "1", false },
		{ "https://localhost/a:1@sha256:" HEX, "https://localhost", "a", "1",
			true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(table); i++) {
		struct ociref r;
		struct err e;

		assert_int_equal(ociref_parse(table[i].text, NULL, &r, &e), 0);
		assert_string_equal(r.base, table[i].base);
		assert_string_equal(r.repo, table[i].repo);
		assert_string_equal(r.tag, table[i].tag);
		assert_int_equal(r.has_digest, table[i].has_digest);
	}
}

static void reference_without_a_host_is_of_the_base(void **state)
{
	struct ociref r;
	struct err e;

	(void)state;
	assert_int_equal(ociref_parse("a/b", "https://mine.example/", &r, &e), 0);
	assert_string_equal(r.base, "https://mine.example");
	assert_string_equal(r.repo, "a/b");
}

static void reference_must_be_one(void **state)
{
	static const char *const bad[] = { "", ":1", "A/b", "a//b", "a/../b", "/a", "a/",
		"a:", "a: b", "a@sha256:12", ("a@md5:" HEX), "http://a", "quay.io/" };
	struct ociref r;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		if (ociref_parse(bad[i], NULL, &r, &e) == 0)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(e.code, ERR_RECIPE);
	}
}

/* ---- pages */

static int newest(const char *page, const char *prefix, const char *suffix,
	unsigned int dots, char out[LISTING_VERSION_MAX])
{
	const struct listing l = { .page = bytes_of_str(page),
		.prefix = prefix,
		.suffix = suffix,
		.dots = dots };
	struct err e;

	return listing_parse(&l, out, &e);
}

static void listing_counts_by_numbers(void **state)
{
	char v[LISTING_VERSION_MAX];

	(void)state;
	assert_int_equal(newest("<a href=\"x-1.9.tgz\">x</a><a href='/d/x-1.10.tgz'>"
				"<a href=\"x-1.11_rc1.tgz\"><a href=x-1.12.tgz>",
				 "x-1.", ".tgz", 0, v),
		0);
	assert_string_equal(v, "10");
	assert_int_equal(newest("<a href=\"2026.09.01/\"><a href=\"2026.10.01/\">"
				"<a href=\"latest/\"><a href=\"1.2/\"><a href=\"../\">",
				 "", "", 2, v),
		0);
	assert_string_equal(v, "2026.10.01");
}

static void listing_without_any_is_refused(void **state)
{
	char v[LISTING_VERSION_MAX];

	(void)state;
	assert_int_equal(newest("", "x-", ".tgz", 0, v), -1);
	assert_int_equal(newest("href=\"x-1.tgz", "x-", ".tgz", 0, v), -1);
	assert_int_equal(
		newest("href=\"x-.tgz\" href=\"x-1..2.tgz\" href=", "x-", ".tgz", 1, v),
		-1);
}

/* ---- checksums */

static void checksum_is_found_in_every_form(void **state)
{
	static const char *const good[] = { HEX "  f\n", HEX2 "  g\n" HEX " *f\n",
		HEX "\n", "SHA256 (f) = " HEX "\n", "# text\n" HEX "  ./dir/f\r\n",
		HEX "  f" };
	struct digest want, got;
	struct err e;

	(void)state;
	assert_int_equal(digest_parse(HEX, &want, &e), 0);
	for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
		if (sumsfile_parse(bytes_of_str(good[i]), "l", "f", &got, &e) < 0)
			fail_msg("'%s' was refused: %s", good[i], e.text);
		assert_true(digest_equal(&want, &got));
	}
}

static void checksum_must_be_one(void **state)
{
	static const char *const bad[] = { "", HEX "  g\n", HEX "0  f\n",
		HEX "  f\n" HEX2 "  f\n", "SHA512 (f) = " HEX "\n", "SHA256 (f) = 12\n" };
	struct digest got;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		if (sumsfile_parse(bytes_of_str(bad[i]), "l", "f", &got, &e) == 0)
			fail_msg("'%s' was taken", bad[i]);
}

/* ---- layers */

static void touch(const struct scratch *s, const char *path)
{
	auto_fd int fd = openat(s->fd, path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
}

static void enter(struct layer *l, const char *path, int want)
{
	struct relpath p;
	struct err e;

	assert_int_equal(relpath_parse(path, &p, &e), 0);
	assert_int_equal(layer_entry(l, &p, &e), want);
}

static void layer_hides_what_is_below_it_alone(void **state)
{
	const struct scratch *s = *state;
	auto_layer struct layer l = { .count = 0 };
	struct err e;

	assert_int_equal(fs_mkdirs(s->fd, "gone/deep", 0755, &e), 0);
	assert_int_equal(fs_mkdirs(s->fd, "opaque/kept", 0755, &e), 0);
	assert_int_equal(fs_mkdirs(s->fd, "both", 0755, &e), 0);
	touch(s, "gone/deep/x");
	touch(s, "opaque/old");
	touch(s, "opaque/kept/old");
	touch(s, "opaque/kept/new");
	touch(s, "both/old");
	touch(s, "both/new");
	enter(&l, ".wh.gone", 1);
	enter(&l, "opaque/kept/new", 0);
	enter(&l, "opaque/.wh..wh..opq", 1);
	enter(&l, "both/new", 0);
	enter(&l, ".wh.both", 1);
	enter(&l, "no/.wh.such", 1);
	enter(&l, ".wh..wh.plnk", 1);
	assert_int_equal(layer_hide(&l, s->fd, &e), 0);
	assert_false(fs_exists_at(s->fd, "gone"));
	assert_false(fs_exists_at(s->fd, "opaque/old"));
	assert_false(fs_exists_at(s->fd, "opaque/kept/old"));
	assert_true(fs_exists_at(s->fd, "opaque/kept/new"));
	assert_false(fs_exists_at(s->fd, "both/old"));
	assert_true(fs_exists_at(s->fd, "both/new"));
}

static void layer_cannot_hide_dots(void **state)
{
	auto_layer struct layer l = { .count = 0 };

	(void)state;
	enter(&l, "a/.wh...", -1);
	enter(&l, "a/.wh.", -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reference_is_read),
		cmocka_unit_test(reference_without_a_host_is_of_the_base),
		cmocka_unit_test(reference_must_be_one),
		cmocka_unit_test(listing_counts_by_numbers),
		cmocka_unit_test(listing_without_any_is_refused),
		cmocka_unit_test(checksum_is_found_in_every_form),
		cmocka_unit_test(checksum_must_be_one),
		cmocka_unit_test_setup_teardown(layer_hides_what_is_below_it_alone,
			scratch_setup, scratch_teardown),
		cmocka_unit_test(layer_cannot_hide_dots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
