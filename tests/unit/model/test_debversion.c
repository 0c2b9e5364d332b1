#include "lib/base/spawn.h"
#include "lib/model/debversion.h"

#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

/* Each version is later than the one before it; dpkg --compare-versions agrees. */
static const char *const ladder[] = { "0~", "0", "0+b", "0.0~rc1", "0.0", "1.0~~",
	"1.0~~a", "1.0~", "1.0~beta1", "1.0~beta1+x", "1.0", "1.0-0.1", "1.0-1~bpo12+1",
	"1.0-1", "1.0-1+b1", "1.0-1+deb12u1", "1.0-1.1", "1.0-10", "1.0a", "1.0aa",
	"1.0b", "1.0+dfsg-1", "1.0-1-1", "1.0.1", "1.2", "1.09", "1.9.1", "1.10",
	"2.30.2-1", "99999999999999999999", "100000000000000000000", "1:0.1", "1:1.0",
	"2:0~a", "10:0" };

static void later_versions_are_later(void **state)
{
	size_t count = sizeof(ladder) / sizeof(ladder[0]);

	(void)state;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < count; k++) {
			int got = debversion_compare(ladder[i], ladder[k]);
			int want = (i > k) - (i < k);

			if ((got > 0) - (got < 0) != want)
				fail_msg("%s and %s: %d", ladder[i], ladder[k], got);
		}
}

static void equal_versions_are_written_in_several_ways(void **state)
{
	(void)state;
	assert_int_equal(debversion_compare("0:1.0", "1.0"), 0);
	assert_int_equal(debversion_compare("1.0", "1.0-0"), 0);
	assert_int_equal(debversion_compare("1.0-", "1.0"), 0);
	assert_int_equal(debversion_compare("1.02", "1.2"), 0);
	assert_int_equal(debversion_compare("1.0", "1.00"), 0);
	assert_int_equal(debversion_compare("", ""), 0);
	assert_int_equal(debversion_compare("", "0"), 0);
}

/* The program that decides on every Debian machine, where there is one. */
static void dpkg_agrees(void **state)
{
	size_t count = sizeof(ladder) / sizeof(ladder[0]);

	(void)state;
	if (access("/usr/bin/dpkg", X_OK) != 0)
		skip();
	for (size_t i = 0; i + 1 < count; i++) {
		const char *argv[] = { "dpkg", "--compare-versions", ladder[i], "lt",
			ladder[i + 1], NULL };
		struct spawn s = SPAWN_INIT;
		struct err e;

		s.argv = argv;
		if (spawn_run(&s, &e) < 0)
			fail_msg("%s is not before %s: %s", ladder[i], ladder[i + 1],
				e.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_versions_are_later),
		cmocka_unit_test(equal_versions_are_written_in_several_ways),
		cmocka_unit_test(dpkg_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
