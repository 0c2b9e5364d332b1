#include "httpd/resolve.h"

#include "lib/base/relpath.h"
#include "tests/unit/unit.h"

static void becomes(const char *target, const char *path, bool is_dir)
{
	struct resolved r;
	struct err e;

	assert_int_equal(resolve_target(bytes_of_str(target), &r, &e), 0);
	assert_string_equal(r.path, path);
	assert_int_equal(r.len, strlen(path));
	assert_int_equal(r.is_dir, is_dir);
}

static void refused_bytes(struct bytes target, enum err_code code)
{
	struct resolved r = { .path = "untouched" };
	struct err e;

	assert_int_equal(resolve_target(target, &r, &e), -1);
	assert_int_equal(e.code, code);
	assert_string_equal(r.path, "untouched");
}

static void refused(const char *target, enum err_code code)
{
	refused_bytes(bytes_of_str(target), code);
}

static void resolve_takes_ordinary_paths(void **state)
{
	(void)state;
	becomes("/a", "a", false);
	becomes("/images/debian/trixie/amd64/default/20261123_0207/rootfs.tar.xz",
		"images/debian/trixie/amd64/default/20261123_0207/rootfs.tar.xz", false);
	becomes("/a..b/c.", "a..b/c.", false);
	becomes("/~x/+y@z,=!$&'()*;", "~x/+y@z,=!$&'()*;", false);
}

static void resolve_collapses_repeated_slashes(void **state)
{
	(void)state;
	becomes("//meta/1.0//index-user.7", "meta/1.0/index-user.7", false);
	becomes("////", "", true);
	becomes("/a///", "a", true);
	becomes("/a%2F/%2fb", "a/b", false);
}

static void resolve_knows_root_and_directories(void **state)
{
	(void)state;
	becomes("/", "", true);
	becomes("/a/", "a", true);
	becomes("/a%2f", "a", true);
}

static void resolve_takes_a_colon_raw_and_escaped(void **state)
{
	(void)state;
	becomes("/images/x/20261123_16:30/f", "images/x/20261123_16:30/f", false);
	becomes("/images/x/20261123_16%3A30/f", "images/x/20261123_16:30/f", false);
	becomes("/v2/deb/blobs/sha256:ab", "v2/deb/blobs/sha256:ab", false);
}

static void resolve_decodes_once(void **state)
{
	(void)state;
	becomes("/%2541", "%41", false);
	becomes("/a%20b", "a b", false);
	becomes("/%252e%252e/x", "%2e%2e/x", false);
}

static void resolve_ignores_the_query(void **state)
{
	(void)state;
	becomes("/a?b/../c", "a", false);
	becomes("/?", "", true);
	becomes("/a?%00", "a", false);
}

static void resolve_takes_absolute_form(void **state)
{
	(void)state;
	becomes("http://example.org:80/a/b", "a/b", false);
	becomes("HTTPS://h/x/", "x", true);
	becomes("http://example.org", "", true);
	refused("ftp://example.org/a", ERR_PARSE);
}

static void resolve_rejects_dotdot_however_written(void **state)
{
	(void)state;
	refused("/..", ERR_PARSE);
	refused("/../etc/passwd", ERR_PARSE);
	refused("/a/../b", ERR_PARSE);
	refused("/a/..", ERR_PARSE);
	refused("/%2e%2e/x", ERR_PARSE);
	refused("/%2E./x", ERR_PARSE);
	refused("/a%2f..%2fb", ERR_PARSE);
	refused("/a%2f%2e%2e", ERR_PARSE);
}

static void resolve_hides_dot_components(void **state)
{
	(void)state;
	refused("/.", ERR_NOTFOUND);
	refused("/./a", ERR_NOTFOUND);
	refused("/.live", ERR_NOTFOUND);
	refused("/.gen/1/meta/1.0/index-user", ERR_NOTFOUND);
	refused("/%2egen/1/x", ERR_NOTFOUND);
	refused("/a/.git/config", ERR_NOTFOUND);
	refused("/a/.../b", ERR_NOTFOUND);
}

static void resolve_shows_well_known_at_the_top_only(void **state)
{
	(void)state;
	becomes("/.well-known/security.txt", ".well-known/security.txt", false);
	becomes("/.well-known", ".well-known", false);
	refused("/a/.well-known/x", ERR_NOTFOUND);
	refused("/.well-known/.x", ERR_NOTFOUND);
	refused("/.well-knownx", ERR_NOTFOUND);
}

static void resolve_rejects_bytes_that_two_readers_see_differently(void **state)
{
	(void)state;
	refused("/a%00b", ERR_PARSE);
	refused("/a%0ab", ERR_PARSE);
	refused("/a%0d", ERR_PARSE);
	refused("/a\tb", ERR_PARSE);
	refused("/a%7f", ERR_PARSE);
	refused("/a\\b", ERR_PARSE);
	refused("/a%5c..%5cb", ERR_PARSE);
	refused("/a#b", ERR_PARSE);
	refused_bytes(bytes_of("/a\0b", 4), ERR_PARSE);
}

static void resolve_rejects_broken_escapes(void **state)
{
	(void)state;
	refused("/%", ERR_PARSE);
	refused("/%4", ERR_PARSE);
	refused("/%4g", ERR_PARSE);
	refused("/%g4", ERR_PARSE);
	refused("/%-1", ERR_PARSE);
	refused("/%u0041", ERR_PARSE);
	refused_bytes(bytes_of("/%41", 3), ERR_PARSE);
}

static void resolve_rejects_what_does_not_begin_at_the_root(void **state)
{
	(void)state;
	refused("", ERR_PARSE);
	refused("a", ERR_PARSE);
	refused("*", ERR_PARSE);
	refused("?x", ERR_PARSE);
	refused("%2fa", ERR_PARSE);
	refused("example.org:443", ERR_PARSE);
}

static void resolve_bounds_names_and_paths(void **state)
{
	char target[2200];

	(void)state;
	memset(target, 'a', sizeof(target));
	target[0] = '/';
	target[256] = '\0';
	becomes(target, target + 1, false);
	target[256] = 'a';
	target[257] = '\0';
	refused(target, ERR_NOTFOUND);

	target[257] = 'a';
	for (size_t i = 0; i < sizeof(target); i += 100)
		target[i] = '/';
	target[RESOLVE_MAX + 1] = '\0';
	becomes(target, target + 1, false);
	target[RESOLVE_MAX + 1] = 'a';
	target[RESOLVE_MAX + 2] = '\0';
	refused(target, ERR_NOTFOUND);
}

static void resolve_bounds_depth(void **state)
{
	char target[2 * RELPATH_DEPTH_MAX + 3];

	(void)state;
	for (size_t i = 0; i < sizeof(target); i++)
		target[i] = i % 2 ? 'a' : '/';
	target[2 * RELPATH_DEPTH_MAX] = '\0';
	becomes(target, target + 1, false);
	target[2 * RELPATH_DEPTH_MAX] = '/';
	target[2 * RELPATH_DEPTH_MAX + 2] = '\0';
	refused(target, ERR_NOTFOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resolve_takes_ordinary_paths),
		cmocka_unit_test(resolve_collapses_repeated_slashes),
		cmocka_unit_test(resolve_knows_root_and_directories),
		cmocka_unit_test(resolve_takes_a_colon_raw_and_escaped),
		cmocka_unit_test(resolve_decodes_once),
		cmocka_unit_test(resolve_ignores_the_query),
		cmocka_unit_test(resolve_takes_absolute_form),
		cmocka_unit_test(resolve_rejects_dotdot_however_written),
		cmocka_unit_test(resolve_hides_dot_components),
		cmocka_unit_test(resolve_shows_well_known_at_the_top_only),
		cmocka_unit_test(resolve_rejects_bytes_that_two_readers_see_differently),
		cmocka_unit_test(resolve_rejects_broken_escapes),
		cmocka_unit_test(resolve_rejects_what_does_not_begin_at_the_root),
		cmocka_unit_test(resolve_bounds_names_and_paths),
		cmocka_unit_test(resolve_bounds_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
