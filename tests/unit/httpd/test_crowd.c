#include "httpd/crowd.h"

#include "tests/unit/unit.h"

static struct address v4(unsigned int last)
{
	struct address a = { .byte = { [10] = 0xff,
				     [11] = 0xff,
				     [12] = 192,
				     [15] = (unsigned char)last } };

	return a;
}

static struct address v6(unsigned int network, unsigned int host)
{
	struct address a = {
		.byte = { 0x20,
			1, [7] = (unsigned char)network, [15] = (unsigned char)host }
	};

	return a;
}

static void each_address_is_counted_for_itself(void **state)
{
	struct crowd *c = crowd_new();
	struct address a = v4(1), b = v4(2);

	(void)state;
	assert_int_equal(crowd_enter(c, &a), 1);
	assert_int_equal(crowd_enter(c, &a), 2);
	assert_int_equal(crowd_enter(c, &b), 1);
	crowd_leave(c, &a);
	assert_int_equal(crowd_enter(c, &a), 2);
	crowd_leave(c, &b);
	assert_int_equal(crowd_enter(c, &b), 1);
	crowd_free(&c);
}

static void a_network_of_64_bits_is_one_client(void **state)
{
	struct crowd *c = crowd_new();
	struct address one = v6(1, 1), same = v6(1, 2), other = v6(2, 1);

	(void)state;
	assert_int_equal(crowd_enter(c, &one), 1);
	assert_int_equal(crowd_enter(c, &same), 2);
	assert_int_equal(crowd_enter(c, &other), 1);
	crowd_leave(c, &same);
	crowd_leave(c, &one);
	assert_int_equal(crowd_enter(c, &one), 1);
	crowd_free(&c);
}

static void a_crowd_of_many_is_counted_and_forgotten(void **state)
{
	struct crowd *c = crowd_new();

	(void)state;
	for (unsigned int i = 0; i < 65536; i++) {
		struct address a = { .byte = { 0x20, 1, [6] = (unsigned char)(i >> 8),
					     (unsigned char)i } };

		assert_int_equal(crowd_enter(c, &a), 1);
	}
	for (unsigned int i = 0; i < 65536; i += 2) {
		struct address a = { .byte = { 0x20, 1, [6] = (unsigned char)(i >> 8),
					     (unsigned char)i } };

		crowd_leave(c, &a);
		assert_int_equal(crowd_enter(c, &a), 1);
	}
	crowd_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_address_is_counted_for_itself),
		cmocka_unit_test(a_network_of_64_bits_is_one_client),
		cmocka_unit_test(a_crowd_of_many_is_counted_and_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
