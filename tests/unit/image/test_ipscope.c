#include "client/image/ipscope.h"
#include "tests/unit/unit.h"

static void ipscope_knows_private_addresses(void **state)
{
	static const char *const texts[] = { "127.0.0.1", "10.255.0.1", "192.168.1.1",
		"172.16.0.1", "172.31.255.255", "169.254.169.254", "0.0.0.0",
		"100.64.0.1", "::1", "::", "fe80::1", "fd00::1", "fc00::1",
		"::ffff:127.0.0.1", "::ffff:10.0.0.1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		assert_true(ip_is_private(texts[i]));
}

static void ipscope_knows_public_addresses(void **state)
{
	static const char *const texts[] = { "1.1.1.1", "172.32.0.1", "172.15.0.1",
		"192.167.1.1", "100.128.0.1", "2001:db8::1", "::ffff:8.8.8.8", "::2",
		"fec0::1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		assert_false(ip_is_private(texts[i]));
}

static void ipscope_takes_what_is_no_address_for_private(void **state)
{
	(void)state;
	assert_true(ip_is_private(""));
	assert_true(ip_is_private("localhost"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ipscope_knows_private_addresses),
		cmocka_unit_test(ipscope_knows_public_addresses),
		cmocka_unit_test(ipscope_takes_what_is_no_address_for_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
