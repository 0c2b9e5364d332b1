#include "client/run/passwd.h"

#include "tests/unit/unit.h"

static void passwd_finds_a_name(void **state)
{
	static const char text[] =
		"# comment\nrooty:x:9:9::/r:/x\nroot:x:0:0:root:/root:/bin/sh\n"
		"root:x:1:1::/other:/other\nlast:x:65535:5:,,:/home/last:/bin/bash";
	struct passwd_entry p;

	(void)state;
	assert_true(passwd_find(bytes_of_str(text), "root", &p));
	assert_int_equal(p.uid, 0);
	assert_string_equal(p.shell, "/bin/sh");
	assert_string_equal(p.home, "/root");
	assert_true(passwd_find(bytes_of_str(text), "last", &p));
	assert_int_equal(p.uid, 65535);
	assert_int_equal(p.gid, 5);
	assert_string_equal(p.shell, "/bin/bash");
	assert_false(passwd_find(bytes_of_str(text), "nobody", &p));
	assert_false(passwd_find(bytes_of_str(""), "root", &p));
}

static void passwd_lines_that_are_none_are_passed_over(void **state)
{
	static const char *const bad[] = { "a", "a:x", "a:x:1:1::/h", "a:x::1::/h:/s",
		"a:x:65536:1::/h:/s", "a:x:-1:1::/h:/s", "a:x:1:x::/h:/s",
		"a:x:99999999999999999999:1::/h:/s", "\n\n\n", ":::::::" };
	struct passwd_entry p;
	char long_line[2000];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
		assert_false(passwd_find(bytes_of_str(bad[i]), "a", &p));
	snprintf(long_line, sizeof(long_line), "a:x:1:1::/h:/%0300d\n", 1);
	assert_false(passwd_find(bytes_of_str(long_line), "a", &p));
	assert_false(passwd_find(bytes_of("a:x:1:1::/h:/\0s\n", 16), "a", &p));
}

static void passwd_finds_a_number_behind_a_name(void **state)
{
	const char text[] = "a:x:5:5::/a:/s\n7:x:8:8::/seven:/s\nb:x:7:9::/b:/s\n";
	struct passwd_entry p;

	(void)state;
	assert_true(passwd_find(bytes_of_str(text), "5", &p));
	assert_string_equal(p.home, "/a");
	assert_true(passwd_find(bytes_of_str(text), "7", &p));
	assert_string_equal(p.home, "/seven");
	assert_false(passwd_find(bytes_of_str(text), "9", &p));
}

static void groups_are_those_that_list_the_name(void **state)
{
	const char text[] = "root:x:0:\nadm:x:4:ann,bob\nsudo:x:27:bob\nbobs:x:30:bobby\n"
			    "none\nbad:x:y:bob\nlast:x:31:ann,bob";
	unsigned int gid[PASSWD_GROUPS_MAX];

	(void)state;
	assert_int_equal(passwd_groups(bytes_of_str(text), "bob", gid), 3);
	assert_int_equal(gid[0], 4);
	assert_int_equal(gid[1], 27);
	assert_int_equal(gid[2], 31);
	assert_int_equal(passwd_groups(bytes_of_str(text), "carl", gid), 0);
	assert_int_equal(passwd_groups(bytes_of_str(""), "bob", gid), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passwd_finds_a_name),
		cmocka_unit_test(passwd_lines_that_are_none_are_passed_over),
		cmocka_unit_test(passwd_finds_a_number_behind_a_name),
		cmocka_unit_test(groups_are_those_that_list_the_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
