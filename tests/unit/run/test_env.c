#include "client/run/env.h"
#include "tests/unit/unit.h"

static char caller_path[] = "PATH=/evil", caller_term[] = "TERM=xterm",
	    caller_secret[] = "SECRET=x", caller_odd[] = "TERM=../../x y",
	    caller_prefix[] = "TERMINAL=no";

static const char *value(const struct env *env, const char *name)
{
	const char *found = NULL;
	size_t len = strlen(name);

	for (size_t i = 0; env->item[i]; i++)
		if (strncmp(env->item[i], name, len) == 0 && env->item[i][len] == '=') {
			assert_null(found); /* once */
			found = env->item[i] + len + 1;
		}
	return found;
}

static void nothing_of_the_caller_is_inherited(void **state)
{
	char *caller[] = { caller_path, caller_term, caller_secret, NULL };
	const struct opt_list none = { .count = 0 };
	struct env env;
	struct err e;

	(void)state;
	assert_int_equal(env_make(&none, caller, false, &env, &e), 0);
	assert_int_equal(env.count, 4);
	assert_string_equal(value(&env, "container"), "rootyard");
	assert_string_equal(value(&env, "HOME"), "/root");
	assert_null(strstr(value(&env, "PATH"), "evil"));
	assert_null(value(&env, "SECRET"));
	assert_null(value(&env, "TERM"));
}

static void term_comes_with_a_terminal_and_is_a_plain_name(void **state)
{
	char *plain[] = { caller_prefix, caller_term, NULL };
	char *odd[] = { caller_odd, NULL }, *nobody[] = { caller_prefix, NULL };
	const struct opt_list none = { .count = 0 };
	struct env env;
	struct err e;

	(void)state;
	assert_int_equal(env_make(&none, plain, true, &env, &e), 0);
	assert_string_equal(value(&env, "TERM"), "xterm");
	assert_int_equal(env_make(&none, odd, true, &env, &e), 0);
	assert_string_equal(value(&env, "TERM"), "dumb");
	assert_int_equal(env_make(&none, nobody, true, &env, &e), 0);
	assert_string_equal(value(&env, "TERM"), "dumb");
}

static void what_is_asked_for_wins_and_the_last_wins(void **state)
{
	char *caller[] = { caller_secret, NULL };
	const struct opt_list asked = { .item = { "HOME=/home/x", "A=1", "A=2", "SECRET",
						"ABSENT", "EMPTY=", "HO=ME" },
		.count = 7 };
	struct env env;
	struct err e;

	(void)state;
	assert_int_equal(env_make(&asked, caller, false, &env, &e), 0);
	assert_string_equal(value(&env, "HOME"), "/home/x");
	assert_string_equal(value(&env, "A"), "2");
	assert_string_equal(value(&env, "SECRET"), "x");
	assert_string_equal(value(&env, "EMPTY"), "");
	assert_string_equal(value(&env, "HO"), "ME");
	assert_null(value(&env, "ABSENT"));
}

static void as_many_as_options_allow_fit(void **state)
{
	static char text[OPT_LIST_MAX][8];
	struct opt_list asked = { .count = OPT_LIST_MAX };
	char *caller[] = { NULL };
	struct env env;
	struct err e;

	(void)state;
	for (size_t i = 0; i < OPT_LIST_MAX; i++) {
		snprintf(text[i], sizeof(text[i]), "V%zu=x", i);
		asked.item[i] = text[i];
	}
	assert_int_equal(env_make(&asked, caller, true, &env, &e), 0);
	assert_int_equal(env.count, OPT_LIST_MAX + 5);
	assert_null(env.item[env.count]);
}

static void a_variable_without_a_name_is_refused(void **state)
{
	const struct opt_list asked = { .item = { "=x" }, .count = 1 };
	char *caller[] = { NULL };
	struct env env;
	struct err e;

	(void)state;
	assert_int_equal(env_make(&asked, caller, false, &env, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
	assert_string_equal(e.text, "option '--env': '=x' is not NAME=VALUE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_of_the_caller_is_inherited),
		cmocka_unit_test(term_comes_with_a_terminal_and_is_a_plain_name),
		cmocka_unit_test(what_is_asked_for_wins_and_the_last_wins),
		cmocka_unit_test(as_many_as_options_allow_fit),
		cmocka_unit_test(a_variable_without_a_name_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
