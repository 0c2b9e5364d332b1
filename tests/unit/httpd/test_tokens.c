#include "httpd/tokens.h"

#include "tests/unit/unit.h"

/* sha256 of "secret" and of "other" */
#define SECRET "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"
#define OTHER  "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"

static bool allows(struct tokens *t, const char *field, const char *whose)
{
	char label[TOKENS_LABEL_MAX] = "";

	return tokens_allow(t, field ? bytes_of_str(field) : bytes_of(NULL, 0), label) &&
	       strcmp(label, whose) == 0;
}

static void tokens_come_as_bearer_or_as_password(void **state)
{
	struct tokens *t;
	struct err e;

	(void)state;
	assert_int_equal(
		tokens_new(bytes_of_str("# who\n\nci " SECRET "\nbob  " OTHER), &t, &e),
		0);
	assert_int_equal(tokens_count(t), 2);
	assert_true(allows(t, "Bearer secret", "ci"));
	assert_true(allows(t, "bearer  other", "bob"));
	assert_true(allows(t, "Basic eDpzZWNyZXQ=", "ci")); /* x:secret */
	assert_true(allows(t, "Basic OnNlY3JldA==", "ci")); /* :secret */
	assert_false(allows(t, NULL, ""));
	assert_false(allows(t, "", ""));
	assert_false(allows(t, "Bearer", ""));
	assert_false(allows(t, "Bearer ", ""));
	assert_false(allows(t, "Bearer secre", ""));
	assert_false(allows(t, "Bearer secret ", ""));
	assert_false(allows(t, "Bearer " SECRET, ""));
	assert_false(allows(t, "secret", ""));
	assert_false(allows(t, "Basic secret", ""));
	assert_false(allows(t, "Basic c2VjcmV0", "")); /* no colon */
	assert_false(allows(t, "Digest secret", ""));
	assert_int_equal(tokens_replace(t, bytes_of_str("bob " OTHER "\n"), &e), 0);
	assert_false(allows(t, "Bearer secret", "ci"));
	assert_true(allows(t, "Bearer other", "bob"));
	tokens_free(&t);
}

static void tokens_name_the_line_that_is_none(void **state)
{
	static const char *const bad[] = { "ci", "ci ", "ci\t" SECRET, " " SECRET,
		"ci " SECRET "0",
		"ci 2BB80D537B1DA3E38BD30361AA855686BDE0EACD7162FEF6A25FE97BF527A25B",
		"a\"b " SECRET, "ci secret",
		"0123456789012345678901234567890123456789 " SECRET };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		char text[256];
		struct tokens *t = NULL;
		struct err e;

		snprintf(text, sizeof(text), "#\n%s\n", bad[i]);
		assert_int_equal(tokens_new(bytes_of_str(text), &t, &e), -1);
		assert_int_equal(e.code, ERR_PARSE);
		assert_non_null(strstr(e.text, "line 2"));
		assert_null(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_come_as_bearer_or_as_password),
		cmocka_unit_test(tokens_name_the_line_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
