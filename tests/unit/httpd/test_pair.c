#include "httpd/pair.h"

#include "tests/unit/unit.h"

static const struct address alice = { { [15] = 1 } };
static const struct address bob = { { [15] = 2 } };

static void pair_signature_follows_its_index(void **state)
{
	auto_pairs struct pairs *p = pairs_new();

	(void)state;
	assert_int_equal(pairs_choose(p, &alice, "meta/1.0/index-user", 1, 1000), 1);
	assert_int_equal(pairs_choose(p, &alice, "meta/1.0/index-user.asc", 2, 2000), 1);
	assert_int_equal(pairs_choose(p, &alice, "meta/1.0/index-user.asc", 2, 3000), 1);
}

static void pair_index_follows_its_signature(void **state)
{
	auto_pairs struct pairs *p = pairs_new();

	(void)state;
	assert_int_equal(pairs_choose(p, &alice, "streams/v1/index.json.gpg", 1, 0), 1);
	assert_int_equal(pairs_choose(p, &alice, "streams/v1/index.json", 2, 10), 1);
}

static void pair_compressed_index_is_the_same_index(void **state)
{
	auto_pairs struct pairs *p = pairs_new();

	(void)state;
	assert_true(pair_is_half("aplinfo.dat.gz"));
	assert_int_equal(pairs_choose(p, &alice, "aplinfo.dat.gz", 1, 1000), 1);
	assert_int_equal(pairs_choose(p, &alice, "aplinfo.dat.asc", 2, 2000), 1);
}

static void pair_index_asked_again_is_the_live_one(void **state)
{
	auto_pairs struct pairs *p = pairs_new();

	(void)state;
	assert_int_equal(pairs_choose(p, &alice, "meta/1.0/index-user", 1, 1000), 1);
	assert_int_equal(pairs_choose(p, &alice, "meta/1.0/index-user.asc", 1, 1001), 1);
	assert_int_equal(pairs_choose(p, &alice, "meta/1.0/index-user", 2, 1002), 2);
	assert_int_equal(pairs_choose(p, &alice, "meta/1.0/index-user.asc", 3, 1003), 2);
}

static void pair_promise_ends_after_a_minute(void **state)
{
	auto_pairs struct pairs *p = pairs_new();

	(void)state;
	pairs_choose(p, &alice, "meta/1.0/index-user", 1, 0);
	assert_int_equal(pairs_choose(p, &alice, "meta/1.0/index-user.asc", 2,
				 PAIR_PROMISE_MS - 1),
		1);
	assert_int_equal(
		pairs_choose(p, &alice, "meta/1.0/index-user.asc", 2, PAIR_PROMISE_MS),
		2);
}

static void pair_clients_and_indexes_are_apart(void **state)
{
	auto_pairs struct pairs *p = pairs_new();

	(void)state;
	pairs_choose(p, &alice, "meta/1.0/index-user", 1, 0);
	assert_int_equal(pairs_choose(p, &bob, "meta/1.0/index-user.asc", 2, 1), 2);
	assert_int_equal(pairs_choose(p, &alice, "meta/1.0/index-system.asc", 2, 1), 2);
	assert_int_equal(pairs_choose(p, &alice, "meta/1.0/index-user.7.asc", 2, 1), 2);
	assert_int_equal(pairs_choose(p, &alice, "meta/1.0/index-user.asc", 2, 1), 1);
}

static void pair_knows_where_pairs_are(void **state)
{
	(void)state;
	assert_true(pair_is_half("meta/1.0/index-user"));
	assert_true(pair_is_half("streams/v1/images.json.gpg"));
	assert_false(pair_is_half("meta/2/current"));
	assert_false(pair_is_half("images/a/b"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pair_signature_follows_its_index),
		cmocka_unit_test(pair_index_follows_its_signature),
		cmocka_unit_test(pair_compressed_index_is_the_same_index),
		cmocka_unit_test(pair_index_asked_again_is_the_live_one),
		cmocka_unit_test(pair_promise_ends_after_a_minute),
		cmocka_unit_test(pair_clients_and_indexes_are_apart),
		cmocka_unit_test(pair_knows_where_pairs_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
