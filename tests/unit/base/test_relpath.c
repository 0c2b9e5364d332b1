#include "lib/base/relpath.h"

#include "tests/unit/unit.h"

static void refused(const char *text, enum err_code code)
{
	struct relpath p = { .text = "untouched" };
	struct err e;

	assert_int_equal(relpath_parse(text, &p, &e), -1);
	assert_int_equal(e.code, code);
	assert_string_equal(p.text, "untouched");
}

static void accepted(const char *text)
{
	struct relpath p;
	struct err e;

	assert_int_equal(relpath_parse(text, &p, &e), 0);
	assert_ptr_equal(p.text, text);
	assert_int_equal(p.len, strlen(text));
}

static void relpath_takes_ordinary_paths(void **state)
{
	(void)state;
	accepted("a");
	accepted("usr/bin/x");
	accepted("...");
	accepted("..a/b../.c");
	accepted("etc/\xff\xfe name\n");
}

static void relpath_rejects_dotdot(void **state)
{
	(void)state;
	refused("..", ERR_PARSE);
	refused("../etc", ERR_PARSE);
	refused("a/../b", ERR_PARSE);
	refused("a/..", ERR_PARSE);
}

static void relpath_rejects_dot(void **state)
{
	(void)state;
	refused(".", ERR_PARSE);
	refused("./a", ERR_PARSE);
	refused("a/./b", ERR_PARSE);
	refused("a/.", ERR_PARSE);
}

static void relpath_rejects_empty_components(void **state)
{
	(void)state;
	refused("", ERR_PARSE);
	refused("/", ERR_PARSE);
	refused("/etc", ERR_PARSE);
	refused("a//b", ERR_PARSE);
	refused("a/", ERR_PARSE);
}

static void relpath_bounds_components_length_and_depth(void **state)
{
	char text[RELPATH_MAX + 2];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[RELPATH_NAME_MAX] = '\0';
	accepted(text);
	text[RELPATH_NAME_MAX] = 'a';
	text[RELPATH_NAME_MAX + 1] = '\0';
	refused(text, ERR_LIMIT);

	memset(text, 'a', sizeof(text));
	for (size_t i = 200; i < RELPATH_MAX; i += 201)
		text[i] = '/';
	text[RELPATH_MAX] = '\0';
	accepted(text);
	text[RELPATH_MAX] = 'a';
	text[RELPATH_MAX + 1] = '\0';
	refused(text, ERR_LIMIT);

	for (size_t i = 0; i < 2 * (RELPATH_DEPTH_MAX + 1); i += 2)
		memcpy(text + i, "a/", 2);
	text[2 * RELPATH_DEPTH_MAX - 1] = '\0';
	accepted(text);
	text[2 * RELPATH_DEPTH_MAX - 1] = '/';
	text[2 * RELPATH_DEPTH_MAX + 1] = '\0';
	refused(text, ERR_LIMIT);
}

static bool portable(const char *text)
{
	struct relpath p;
	struct err e;

	assert_int_equal(relpath_parse(text, &p, &e), 0);
	return relpath_is_portable(&p);
}

static void relpath_knows_portable_names(void **state)
{
	char text[202];

	(void)state;
	assert_true(portable("images/debian/13/amd64/default/20261123_02:07/a~b+c-d_e"));
	assert_false(portable("a b"));
	assert_false(portable("a\\b"));
	assert_false(portable("a%2fb"));
	assert_false(portable("gr\xc3\xbc"));
	memset(text, 'a', sizeof(text));
	text[100] = '/';
	text[200] = '\0';
	assert_true(portable(text));
	text[200] = 'a';
	text[201] = '\0';
	assert_false(portable(text));
}

static void relpath_base_is_the_last_component(void **state)
{
	struct relpath p;
	struct err e;

	(void)state;
	assert_int_equal(relpath_parse("a/b/c", &p, &e), 0);
	assert_string_equal(relpath_base(&p), "c");
	assert_int_equal(relpath_parse("a", &p, &e), 0);
	assert_string_equal(relpath_base(&p), "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(relpath_takes_ordinary_paths),
		cmocka_unit_test(relpath_rejects_dotdot),
		cmocka_unit_test(relpath_rejects_dot),
		cmocka_unit_test(relpath_rejects_empty_components),
		cmocka_unit_test(relpath_bounds_components_length_and_depth),
		cmocka_unit_test(relpath_knows_portable_names),
		cmocka_unit_test(relpath_base_is_the_last_component),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
