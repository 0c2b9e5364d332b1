#include "client/image/pattern.h"
#include "tests/unit/unit.h"

#define NAME "debian/trixie/amd64/default"

static void pattern_finds_whole_parts_in_a_row(void **state)
{
	static const char *const patterns[] = { "debian", "trixie", "default",
		"debian/trixie", "amd64/default", "debian/", NAME };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(patterns); i++)
		assert_true(pattern_matches(patterns[i], NAME));
}

static void pattern_finds_no_half_parts(void **state)
{
	static const char *const patterns[] = { "deb", "rixie", "trixie/amd",
		"debian/amd64", "/", "" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(patterns); i++)
		assert_false(pattern_matches(patterns[i], NAME));
}

static void pattern_star_crosses_slashes(void **state)
{
	(void)state;
	assert_true(pattern_matches("deb*", NAME));
	assert_true(pattern_matches("*/amd64/*", NAME));
	assert_true(pattern_matches("debian/tri?ie/*", NAME));
	assert_false(pattern_matches("*/arm64/*", NAME));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pattern_finds_whole_parts_in_a_row),
		cmocka_unit_test(pattern_finds_no_half_parts),
		cmocka_unit_test(pattern_star_crosses_slashes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
