#include "httpd/inherit.h"

#include "tests/unit/unit.h"

static enum listen_kind kind(const char *name, bool has_certificate)
{
	return inherit_kind(name, strlen(name), has_certificate);
}

static void inherit_names_say_what_a_socket_is_for(void **state)
{
	(void)state;
	assert_int_equal(kind("https", false), LISTEN_TLS);
	assert_int_equal(kind("tls", false), LISTEN_TLS);
	assert_int_equal(kind("http", true), LISTEN_PLAIN);
	assert_int_equal(kind("plain", true), LISTEN_PLAIN);
	assert_int_equal(kind("redirect", true), LISTEN_REDIRECT);
	assert_int_equal(kind("metrics", true), LISTEN_METRICS);
	assert_int_equal(kind("rootyard-httpd.socket", true), LISTEN_TLS);
	assert_int_equal(kind("", false), LISTEN_PLAIN);
	assert_int_equal(inherit_kind("httpsx", 5, false), LISTEN_TLS);
}

static void inherit_without_sockets_is_no_error(void **state)
{
	struct listen_socket none[1];
	size_t count = 0;
	struct err e;

	(void)state;
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	assert_int_equal(inherit_sockets(true, none, 1, &count, &e), 0);
	setenv("LISTEN_PID", "1", 1);
	setenv("LISTEN_FDS", "1", 1);
	assert_int_equal(inherit_sockets(true, none, 1, &count, &e), 0);
	assert_int_equal(count, 0);
	setenv("LISTEN_FDS", "one", 1);
	assert_int_equal(inherit_sockets(true, none, 1, &count, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inherit_names_say_what_a_socket_is_for),
		cmocka_unit_test(inherit_without_sockets_is_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
