#include "lib/base/err.h"

#include "tests/unit/unit.h"

#include <string.h>

static void err_chain_reads_outermost_first(void **state)
{
	struct err e;

	(void)state;
	errno = ENOENT;
	assert_int_equal(err_sys(&e, "cannot open '%s'", "rootfs.tar.xz"), -1);
	assert_int_equal(err_wrap(&e, "cannot publish '%s'", "debian/13"), -1);
	assert_string_equal(e.text,
		"cannot publish 'debian/13': cannot open 'rootfs.tar.xz': "
		"No such file or directory");
	assert_int_equal(e.code, ERR_NOTFOUND);
	assert_int_equal(e.sys, ENOENT);
}

static void err_sys_maps_errno_to_codes(void **state)
{
	static const struct {
		int number;
		enum err_code code;
	} cases[] = { { ENOSPC, ERR_NOSPACE }, { EDQUOT, ERR_NOSPACE },
		{ ENOENT, ERR_NOTFOUND }, { EINTR, ERR_INTERRUPTED }, { EACCES, ERR_SYS },
		{ EIO, ERR_SYS } };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		errno = cases[i].number;
		err_sys(&e, "cannot write");
		assert_int_equal(e.code, cases[i].code);
		assert_int_equal(errno, cases[i].number);
	}
}

static void err_exit_status_of_every_code(void **state)
{
	static const struct {
		enum err_code code;
		int status;
	} cases[] = { { ERR_FAILED, 1 }, { ERR_SYS, 1 }, { ERR_USAGE, 2 },
		{ ERR_PARSE, 1 }, { ERR_CONFLICT, 1 }, { ERR_UNTRUSTED, 3 },
		{ ERR_NETWORK, 4 }, { ERR_LIMIT, 5 }, { ERR_NOSPACE, 5 }, { ERR_BUSY, 6 },
		{ ERR_DAMAGED, 7 }, { ERR_NOTFOUND, 8 }, { ERR_AGAIN, 75 },
		{ ERR_RECIPE, 10 }, { ERR_UPSTREAM, 11 }, { ERR_TEST, 12 },
		{ ERR_INTERRUPTED, 130 } };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		err_set(&e, cases[i].code, "x");
		assert_int_equal(err_exit_status(&e), cases[i].status);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(err_code_name(cases[i].code),
				err_code_name(cases[k].code));
	}
	e.code = (enum err_code)99;
	assert_int_equal(err_exit_status(&e), 1);
	assert_string_equal(err_code_name((enum err_code)99), "failed");
}

static void err_text_escapes_what_moves_a_terminal(void **state)
{
	static const struct {
		const char *raw, *shown;
	} cases[] = {
		{ "a\nb", "a\\x0ab" }, { "\x1b[31m", "\\x1b[31m" }, { "\x7f", "\\x7f" },
		{ "\xc2\x9b", "\\xc2\\x9b" },          /* C1 */
		{ "\xe2\x80\xae", "\\xe2\\x80\\xae" }, /* right-to-left override */
		{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6" }, /* isolate */
		{ "\xd8\x9c", "\\xd8\\x9c" },          /* Arabic letter mark */
		{ "\xe2\x80\xa8", "\\xe2\\x80\\xa8" }, /* line separator */
		{ "\xff", "\\xff" },                   /* no UTF-8 */
		{ "\xc0\xaf", "\\xc0\\xaf" },          /* overlong */
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* surrogate */
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" }, /* too large */
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xe2\x82", "\\xe2\\x82" }, /* cut short */
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
		err_set(&e, ERR_PARSE, "%s", cases[i].raw);
		assert_string_equal(e.text, cases[i].shown);
	}
	err_set(&e, ERR_PARSE, "x");
	err_wrap(&e, "%s", "\x1b]0;");
	assert_string_equal(e.text, "\\x1b]0;: x");
}

static void err_text_is_cut_between_characters(void **state)
{
	char long_text[ERR_TEXT_MAX * 2];
	struct err e;

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(long_text); i += 2)
		memcpy(long_text + i, "\xc3\xbc", 2);
	long_text[sizeof(long_text) - 2] = '\0';
	for (size_t odd = 0; odd < 2; odd++) {
		err_set(&e, ERR_PARSE, "%s%s", odd ? "x" : "", long_text);
		assert_true(strlen(e.text) < ERR_TEXT_MAX);
		assert_true(strlen(e.text) > ERR_TEXT_MAX - 8);
		assert_int_equal(strlen(e.text) % 2, odd);
		err_wrap(&e, "%s", odd ? "x" : "xy");
		/* Not strlen: the compiler knows that it is below the size of the array.
		 */
		assert_non_null(memchr(e.text, '\0', sizeof(e.text)));
	}

	memset(long_text, '\n', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	err_set(&e, ERR_PARSE, "%s", long_text);
	assert_int_equal(strlen(e.text) % 4, 0);
	for (int i = 0; i < 100; i++)
		err_wrap(&e, "%s", "again and again");
	assert_true(strlen(e.text) < ERR_TEXT_MAX);
}

static void err_memory_helpers_give_memory(void **state)
{
	auto_free char *copy = xstrdup("abc"), *made = xasprintf("%d-%s", 7, "x");
	auto_free unsigned char *zero = xcalloc(0, 0), *block = xcalloc(4, 4);

	(void)state;
	assert_string_equal(copy, "abc");
	assert_string_equal(made, "7-x");
	assert_non_null(zero);
	for (int i = 0; i < 16; i++)
		assert_int_equal(block[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_chain_reads_outermost_first),
		cmocka_unit_test(err_sys_maps_errno_to_codes),
		cmocka_unit_test(err_exit_status_of_every_code),
		cmocka_unit_test(err_text_escapes_what_moves_a_terminal),
		cmocka_unit_test(err_text_is_cut_between_characters),
		cmocka_unit_test(err_memory_helpers_give_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
