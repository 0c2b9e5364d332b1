#include "httpd/cond.h"

#include "tests/unit/unit.h"

#define TAG   "\"abc\""
#define MTIME 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */

static enum cond_verdict of(struct cond c)
{
	return cond_evaluate(&c, TAG, MTIME);
}

static struct bytes text(const char *s)
{
	return bytes_of_str(s);
}

static void cond_without_fields_proceeds(void **state)
{
	(void)state;
	assert_int_equal(of((struct cond){ .if_match = { NULL, 0 } }), COND_PROCEED);
}

static void cond_none_match_takes_lists_and_star(void **state)
{
	static const char *const matching[] = { TAG, "*", " * ", "W/" TAG, "\"x\", " TAG,
		"\"x\"," TAG ",\"y\"", ",, " TAG, "\"a,b\", " TAG };
	static const char *const other[] = { "", "\"abd\"", "abc", "\"abc", "W/\"x\"",
		"\"x\" \"y\"", "'abc'", ("w/" TAG), "\"ABC\"" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(matching); i++)
		assert_int_equal(of((struct cond){ .if_none_match = text(matching[i]) }),
			COND_NOT_MODIFIED);
	for (size_t i = 0; i < ARRAY_COUNT(other); i++)
		assert_int_equal(of((struct cond){ .if_none_match = text(other[i]) }),
			COND_PROCEED);
}

static void cond_match_compares_strongly(void **state)
{
	(void)state;
	assert_int_equal(of((struct cond){ .if_match = text(TAG) }), COND_PROCEED);
	assert_int_equal(of((struct cond){ .if_match = text("*") }), COND_PROCEED);
	assert_int_equal(of((struct cond){ .if_match = text("W/" TAG) }), COND_FAILED);
	assert_int_equal(of((struct cond){ .if_match = text("\"x\"") }), COND_FAILED);
}

static void cond_dates_decide_without_tags(void **state)
{
	(void)state;
	assert_int_equal(of((struct cond){ .if_modified_since = text(
						   "Sun, 06 Nov 1994 08:49:37 GMT") }),
		COND_NOT_MODIFIED);
	assert_int_equal(of((struct cond){ .if_modified_since = text(
						   "Sun, 06 Nov 1994 08:49:36 GMT") }),
		COND_PROCEED);
	assert_int_equal(of((struct cond){ .if_modified_since = text("yesterday") }),
		COND_PROCEED);
	assert_int_equal(of((struct cond){ .if_unmodified_since = text(
						   "Sun, 06 Nov 1994 08:49:36 GMT") }),
		COND_FAILED);
	assert_int_equal(of((struct cond){ .if_unmodified_since = text(
						   "Sun, 06 Nov 1994 08:49:37 GMT") }),
		COND_PROCEED);
}

static void cond_tags_silence_dates(void **state)
{
	(void)state;
	assert_int_equal(
		of((struct cond){ .if_none_match = text("\"x\""),
			.if_modified_since = text("Sun, 06 Nov 1994 08:49:37 GMT") }),
		COND_PROCEED);
	assert_int_equal(
		of((struct cond){ .if_match = text(TAG),
			.if_unmodified_since = text("Sun, 06 Nov 1994 08:49:36 GMT") }),
		COND_PROCEED);
}

static void cond_if_range_takes_the_strong_tag_only(void **state)
{
	(void)state;
	assert_true(cond_range_applies(bytes_of(NULL, 0), TAG));
	assert_true(cond_range_applies(text(TAG), TAG));
	assert_false(cond_range_applies(text("W/" TAG), TAG));
	assert_false(cond_range_applies(text("*"), TAG));
	assert_false(cond_range_applies(text(""), TAG));
	assert_false(cond_range_applies(text("Sun, 06 Nov 1994 08:49:37 GMT"), TAG));
}

static void cond_reads_three_forms_of_a_date(void **state)
{
	static const char *const forms[] = { "Sun, 06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(forms); i++) {
		int64_t t = 0;

		assert_true(cond_date_parse(text(forms[i]), &t));
		assert_int_equal(t, MTIME);
	}
}

static void cond_rejects_what_is_no_date(void **state)
{
	static const char *const bad[] = { "", "0", "Sun, 06 Nov 1994 08:49:37",
		"Sun, 06 Nov 1994 08:49:37 GMT x", "Sun, 00 Nov 1994 08:49:37 GMT",
		"Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 +0000", "Sun, 06 Nov -994 08:49:37 GMT",
		"Fri, 31 Dec 9999 23:59:60 GMT", "Sun, -6 Nov 1994 08:49:37 GMT" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		int64_t t = 5;

		assert_false(cond_date_parse(text(bad[i]), &t));
		assert_int_equal(t, 5);
	}
}

static void cond_dates_survive_writing_and_reading(void **state)
{
	static const int64_t times[] = { 0, 1, 951782400, 951868799, MTIME, 1795451910,
		4102444799, 13569465600 };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
		char written[COND_DATE_SIZE];
		int64_t t = -1;

		cond_date_format(times[i], written);
		assert_true(cond_date_parse(text(written), &t));
		assert_int_equal(t, times[i]);
	}
}

static void cond_writes_the_date_of_the_rfc(void **state)
{
	char written[COND_DATE_SIZE];

	(void)state;
	cond_date_format(MTIME, written);
	assert_string_equal(written, "Sun, 06 Nov 1994 08:49:37 GMT");
	cond_date_format(0, written);
	assert_string_equal(written, "Thu, 01 Jan 1970 00:00:00 GMT");
	cond_date_format(951782400, written);
	assert_string_equal(written, "Tue, 29 Feb 2000 00:00:00 GMT");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cond_without_fields_proceeds),
		cmocka_unit_test(cond_none_match_takes_lists_and_star),
		cmocka_unit_test(cond_match_compares_strongly),
		cmocka_unit_test(cond_dates_decide_without_tags),
		cmocka_unit_test(cond_tags_silence_dates),
		cmocka_unit_test(cond_if_range_takes_the_strong_tag_only),
		cmocka_unit_test(cond_reads_three_forms_of_a_date),
		cmocka_unit_test(cond_rejects_what_is_no_date),
		cmocka_unit_test(cond_dates_survive_writing_and_reading),
		cmocka_unit_test(cond_writes_the_date_of_the_rfc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
