#include "lib/model/rights.h"

#include "lib/base/auto.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct rights *of(const char *program)
{
	for (size_t i = 0; i < rights_count; i++)
		if (strcmp(rights_table[i].program, program) == 0)
			return &rights_table[i];
	fail_msg("no rights for %s", program);
	return NULL;
}

static void six_programs_are_listed(void **state)
{
	static const char *const programs[] = { "rootyard-build", "rootyard-fetch",
		"rootyard-index", "rootyard-httpd", "rootyard", "rootyard-image" };

	(void)state;
	assert_int_equal(rights_count, ARRAY_COUNT(programs));
	for (size_t i = 0; i < ARRAY_COUNT(programs); i++)
		assert_string_equal(of(programs[i])->program, programs[i]);
}

static void only_the_indexer_holds_the_key_and_never_as_root(void **state)
{
	(void)state;
	for (size_t i = 0; i < rights_count; i++)
		assert_int_equal(rights_table[i].secret_key,
			strcmp(rights_table[i].program, "rootyard-index") == 0);
	assert_false(of("rootyard-index")->may_be_root);
	assert_false(of("rootyard-index")->network);
}

/* Nobody parses bytes from the network with root's rights over a build. */
static void fetching_is_done_without_root(void **state)
{
	(void)state;
	assert_false(of("rootyard-build")->network);
	assert_true(of("rootyard-fetch")->network);
	assert_false(of("rootyard-fetch")->may_be_root);
}

static void server_and_front_link_and_run_the_least(void **state)
{
	(void)state;
	assert_string_equal(of("rootyard-httpd")->needed, "libmicrohttpd libgnutls");
	assert_string_equal(of("rootyard-httpd")->execs, "");
	assert_string_equal(of("rootyard")->needed, "");
	assert_false(of("rootyard")->network);
}

static void only_the_client_and_fetch_know_curl(void **state)
{
	(void)state;
	for (size_t i = 0; i < rights_count; i++)
		if (strstr(rights_table[i].needed, "libcurl"))
			assert_true(rights_table[i].network);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(six_programs_are_listed),
		cmocka_unit_test(only_the_indexer_holds_the_key_and_never_as_root),
		cmocka_unit_test(fetching_is_done_without_root),
		cmocka_unit_test(server_and_front_link_and_run_the_least),
		cmocka_unit_test(only_the_client_and_fetch_know_curl),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
