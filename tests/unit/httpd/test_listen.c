#include "httpd/listen.h"

#include "lib/base/auto.h"
#include "tests/unit/unit.h"

#include <string.h>

static void listen_refuses_what_is_no_socket_name(void **state)
{
	static const char *const bad[] = { "", "80", "127.0.0.1", ":",
		"127.0.0.1:", ":65536", ":-1", ":8x", ":000080", "::1:80", "localhost:80",
		"[::1:80", "[127.0.0.1]x:80", "1.2.3:80", "[::g]:80" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
		struct listen_socket s = { .fd = -7 };
		struct err e;

		assert_int_equal(listen_open(bad[i], false, &s, &e), -1);
		assert_int_equal(e.code, ERR_USAGE);
		assert_int_equal(s.fd, -7);
	}
}

static void listen_names_the_port_the_kernel_chose(void **state)
{
	struct listen_socket s;
	struct err e;

	(void)state;
	assert_int_equal(listen_open("127.0.0.1:0", true, &s, &e), 0);
	assert_memory_equal(s.host_port, "127.0.0.1:", 10);
	assert_true(atoi(s.host_port + 10) > 0);
	close(s.fd);
}

static void listen_says_which_socket_is_taken(void **state)
{
	struct listen_socket first, second;
	struct err e;

	(void)state;
	assert_int_equal(listen_open("127.0.0.1:0", false, &first, &e), 0);
	assert_int_equal(listen_open(first.host_port, false, &second, &e), -1);
	assert_int_equal(e.sys, EADDRINUSE);
	assert_non_null(strstr(e.text, first.host_port));
	close(first.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listen_refuses_what_is_no_socket_name),
		cmocka_unit_test(listen_names_the_port_the_kernel_chose),
		cmocka_unit_test(listen_says_which_socket_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
