#include "httpd/pair.h"

#include "tests/unit/unit.h"

#define V4(a, b, c, d)                                                                   \
	{                                                                                \
		{                                                                        \
			[10] = 0xff, 0xff, a, b, c, d                                    \
		}                                                                        \
	}

static const struct address alice = V4(192, 0, 2, 1);
static const struct address neighbour = V4(192, 0, 2, 77);
static const struct address bob = V4(198, 51, 100, 1);

static const char index_user[] = "meta/1.0/index-user";
static const char signature[] = "meta/1.0/index-user.asc";

static uint64_t get(struct pairs *p, const struct address *who, const char *path,
	uint64_t live, int64_t now_ms)
{
	const struct asker asker = { *who, now_ms, false };

	return pairs_choose(p, &asker, path, live);
}

static uint64_t look(struct pairs *p, const struct address *who, const char *path,
	uint64_t live, int64_t now_ms)
{
	const struct asker asker = { *who, now_ms, true };

	return pairs_choose(p, &asker, path, live);
}

static void pair_signature_follows_its_index(void **state)
{
	auto_pairs struct pairs *p = pairs_new();

	(void)state;
	assert_int_equal(get(p, &alice, "meta/1.0/index-user", 1, 1000), 1);
	assert_int_equal(get(p, &alice, "meta/1.0/index-user.asc", 2, 2000), 1);
	assert_int_equal(get(p, &alice, "meta/1.0/index-user.asc", 2, 3000), 1);
}

static void pair_index_follows_its_signature(void **state)
{
	auto_pairs struct pairs *p = pairs_new();

	(void)state;
	assert_int_equal(get(p, &alice, "streams/v1/index.json.gpg", 1, 0), 1);
	assert_int_equal(get(p, &alice, "streams/v1/index.json", 2, 10), 1);
}

static void pair_compressed_index_is_the_same_index(void **state)
{
	auto_pairs struct pairs *p = pairs_new();

	(void)state;
	assert_true(pair_is_half("aplinfo.dat.gz"));
	assert_int_equal(get(p, &alice, "aplinfo.dat.gz", 1, 1000), 1);
	assert_int_equal(get(p, &alice, "aplinfo.dat.asc", 2, 2000), 1);
}

static void pair_index_asked_again_is_the_live_one(void **state)
{
	auto_pairs struct pairs *p = pairs_new();

	(void)state;
	assert_int_equal(get(p, &alice, "meta/1.0/index-user", 1, 1000), 1);
	assert_int_equal(get(p, &alice, "meta/1.0/index-user.asc", 1, 1001), 1);
	assert_int_equal(get(p, &alice, "meta/1.0/index-user", 2, 1002), 2);
	assert_int_equal(get(p, &alice, "meta/1.0/index-user.asc", 3, 1003), 2);
}

static void pair_promise_ends_after_a_minute(void **state)
{
	auto_pairs struct pairs *p = pairs_new();

	(void)state;
	get(p, &alice, "meta/1.0/index-user", 1, 0);
	assert_int_equal(
		get(p, &alice, "meta/1.0/index-user.asc", 2, PAIR_PROMISE_MS - 1), 1);
	assert_int_equal(
		get(p, &alice, "meta/1.0/index-user.asc", 2, PAIR_PROMISE_MS), 2);
}

static void pair_clients_and_indexes_are_apart(void **state)
{
	auto_pairs struct pairs *p = pairs_new();

	(void)state;
	get(p, &alice, "meta/1.0/index-user", 1, 0);
	assert_int_equal(get(p, &bob, "meta/1.0/index-user.asc", 2, 1), 2);
	assert_int_equal(get(p, &alice, "meta/1.0/index-system.asc", 2, 1), 2);
	assert_int_equal(get(p, &alice, "meta/1.0/index-user.7.asc", 2, 1), 2);
	assert_int_equal(get(p, &alice, "meta/1.0/index-user.asc", 2, 1), 1);
}

static void pair_head_changes_nothing(void **state)
{
	auto_pairs struct pairs *p = pairs_new();

	(void)state;
	get(p, &alice, index_user, 1, 0);
	assert_int_equal(look(p, &alice, index_user, 2, 10), 2);
	assert_int_equal(look(p, &alice, signature, 2, 20), 1);
	assert_int_equal(get(p, &alice, signature, 2, 30), 1);
}

/* Two clients behind one address: both had an index when both ask for a signature. */
static void see_sharing(
	struct pairs *p, const struct address *who, uint64_t live, int64_t now_ms)
{
	get(p, who, index_user, live, now_ms);
	get(p, who, index_user, live, now_ms);
	get(p, who, signature, live, now_ms);
	get(p, who, signature, live, now_ms);
}

static void pair_shared_address_stays_at_one_generation(void **state)
{
	auto_pairs struct pairs *p = pairs_new();

	(void)state;
	see_sharing(p, &alice, 1, 0);
	assert_int_equal(get(p, &alice, index_user, 1, 1000), 1);
	assert_int_equal(get(p, &alice, index_user, 2, 1001), 1);
	assert_int_equal(get(p, &alice, signature, 2, 1002), 1);
	assert_int_equal(get(p, &alice, index_user, 2, 1003), 1);
	assert_int_equal(get(p, &alice, signature, 2, 1004), 1);
	assert_int_equal(get(p, &alice, signature, 2, 1005), 1);
	assert_int_equal(get(p, &alice, index_user, 2, 1006), 2);
	assert_int_equal(get(p, &alice, signature, 2, 1007), 2);
}

/* One of them never asks for the signature, others never pause, and every few seconds
 * there is something new: they get it all the same. */
static void pair_shared_address_is_not_held_for_long(void **state)
{
	auto_pairs struct pairs *p = pairs_new();
	uint64_t got = 1;
	int64_t now_ms = 0;

	(void)state;
	see_sharing(p, &alice, 1, 0);
	get(p, &alice, index_user, 1, 0);
	for (; now_ms < 3 * PAIR_PROMISE_MS && got == 1; now_ms += 500) {
		uint64_t live = 2 + (uint64_t)now_ms / 5000;

		got = get(p, &alice, index_user, live, now_ms);
		assert_int_equal(get(p, &alice, signature, live, now_ms + 1), got);
	}
	assert_in_range(now_ms, PAIR_PROMISE_MS, PAIR_PROMISE_MS + 1000);
}

static void pair_sharing_is_forgotten(void **state)
{
	auto_pairs struct pairs *p = pairs_new();
	const int64_t later_ms = PAIR_SHARED_MS + 1;

	(void)state;
	see_sharing(p, &alice, 1, 0);
	get(p, &alice, index_user, 1, later_ms);
	assert_int_equal(get(p, &alice, index_user, 2, later_ms + 1), 2);
}

static void pair_poller_and_failed_signature_share_nothing(void **state)
{
	auto_pairs struct pairs *p = pairs_new();

	(void)state;
	for (int64_t t = 0; t < 10; t++)
		get(p, &alice, index_user, 1, t);
	get(p, &alice, signature, 1, 20);
	get(p, &alice, index_user, 1, 30);
	get(p, &alice, signature, 1, 40);
	assert_int_equal(get(p, &alice, index_user, 1, 50), 1);
	get(p, &bob, index_user, 1, 0);
	get(p, &bob, signature, 1, 1);
	get(p, &bob, signature, 1, 2);
	get(p, &bob, signature, 1, 3);
	assert_int_equal(get(p, &bob, index_user, 1, 4), 1);
	assert_int_equal(get(p, &alice, index_user, 2, 60), 2);
	assert_int_equal(get(p, &bob, index_user, 2, 60), 2);
}

static void pair_pool_of_addresses_is_one_client(void **state)
{
	auto_pairs struct pairs *p = pairs_new();

	(void)state;
	assert_int_equal(get(p, &alice, index_user, 1, 0), 1);
	assert_int_equal(get(p, &neighbour, signature, 2, 10), 1);
	/* What alice was promised is not what holds now. */
	assert_int_equal(get(p, &alice, index_user, 2, 20), 2);
	assert_int_equal(get(p, &neighbour, index_user, 3, 30), 2);
	assert_int_equal(get(p, &alice, signature, 3, 40), 2);
	assert_int_equal(get(p, &alice, signature, 3, 50), 2);
	assert_int_equal(get(p, &neighbour, index_user, 3, 60), 3);
	assert_int_equal(get(p, &alice, signature, 4, 70), 3);
}

static void pair_neighbours_with_habits_of_their_own_stay_apart(void **state)
{
	auto_pairs struct pairs *p = pairs_new();

	(void)state;
	get(p, &alice, index_user, 1, 0);
	assert_int_equal(get(p, &neighbour, index_user, 2, 10), 2);
	assert_int_equal(get(p, &alice, signature, 2, 20), 1);
	assert_int_equal(get(p, &neighbour, signature, 2, 30), 2);
	get(p, &alice, index_user, 2, 40);
	assert_int_equal(get(p, &neighbour, index_user, 3, 50), 3);
}

/* Many clients, few addresses, in any order: who reads both halves anew after they did
 * not fit has a pair. */
static void pair_fits_when_read_once_more(void **state)
{
	struct {
		uint64_t index; /* 0: asks for that next */
		bool again;
	} client[12] = { { 0, false } };
	auto_pairs struct pairs *p = pairs_new();
	unsigned int torn = 0, dice = 1;
	uint64_t live = 1;

	(void)state;
	for (int64_t t = 0; t < 400000; t += 10) {
		struct address from = V4(203, 0, 113, 0);
		size_t i;

		dice = dice * 1103515245 + 12345;
		i = (dice >> 16) % ARRAY_COUNT(client);
		from.byte[15] = (unsigned char)((dice >> 8) % 16);
		if (t % 2000 == 0)
			live++;
		if (client[i].index == 0) {
			client[i].index = get(p, &from, index_user, live, t);
			continue;
		}
		if (get(p, &from, signature, live, t) == client[i].index) {
			client[i].again = false;
		} else {
			torn++;
			assert_false(client[i].again);
			client[i].again = true;
		}
		client[i].index = 0;
	}
	assert_in_range(torn, 0, 100);
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
		cmocka_unit_test(pair_head_changes_nothing),
		cmocka_unit_test(pair_shared_address_stays_at_one_generation),
		cmocka_unit_test(pair_shared_address_is_not_held_for_long),
		cmocka_unit_test(pair_sharing_is_forgotten),
		cmocka_unit_test(pair_poller_and_failed_signature_share_nothing),
		cmocka_unit_test(pair_pool_of_addresses_is_one_client),
		cmocka_unit_test(pair_neighbours_with_habits_of_their_own_stay_apart),
		cmocka_unit_test(pair_fits_when_read_once_more),
		cmocka_unit_test(pair_knows_where_pairs_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
