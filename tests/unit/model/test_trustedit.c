#include "lib/model/trustedit.h"

#include "tests/unit/unit.h"

#define A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define C "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"

static struct trust_key key(const char *fpr)
{
	return (struct trust_key){
		.fpr = fpr, .armor = bytes_of_str("armor"), .until_s = INT64_MAX
	};
}

/* Root key A; B publishes. */
static struct trust_root sample(void)
{
	struct trust_root r = { .version = 3,
		.repo = "0123456789abcdef0123456789abcdef",
		.key = { key(A), key(B) },
		.key_count = 2 };

	r.role[TRUST_ROOT] =
		(struct trust_role){ .fpr = { A }, .count = 1, .threshold = 1 };
	r.role[TRUST_PUBLISH] =
		(struct trust_role){ .fpr = { B }, .count = 1, .threshold = 1 };
	r.role[TRUST_TIMESTAMP] = r.role[TRUST_PUBLISH];
	return r;
}

static void next_root_has_its_own_number_and_dates(void **state)
{
	struct trust_root now = sample(), next;

	(void)state;
	trust_next(&now, 1000, 2, &next);
	assert_int_equal(next.version, 4);
	assert_int_equal(next.created_s, 1000);
	assert_int_equal(next.expires_s, 1000 + 2 * 86400);
	assert_string_equal(next.repo, now.repo);
	assert_int_equal(next.key_count, 2);
	assert_int_equal(now.version, 3);
}

static void key_joins_a_role_once(void **state)
{
	struct trust_root r = sample();
	struct trust_key c = key(C);
	struct err e;

	(void)state;
	assert_int_equal(trust_role_add(&r, TRUST_PUBLISH, &c, &e), 0);
	assert_int_equal(trust_role_add(&r, TRUST_PUBLISH, &c, &e), 0);
	assert_int_equal(trust_role_add(&r, TRUST_TIMESTAMP, &c, &e), 0);
	assert_int_equal(r.key_count, 3);
	assert_int_equal(r.role[TRUST_PUBLISH].count, 2);
	assert_true(trust_role_has(&r, TRUST_PUBLISH, C));
	assert_false(trust_role_has(&r, TRUST_ROOT, C));
}

static void revoked_key_leaves_everywhere_and_never_returns(void **state)
{
	struct trust_root r = sample();
	struct trust_key b = key(B), c = key(C);
	struct err e;

	(void)state;
	assert_int_equal(trust_role_add(&r, TRUST_PUBLISH, &c, &e), 0);
	assert_int_equal(trust_revoke(&r, B, 7, "leaked", &e), 0);
	assert_int_equal(trust_revoke(&r, B, 8, "again", &e), 0);
	assert_int_equal(r.revoked_count, 1);
	assert_int_equal(r.revoked[0].since_s, 7);
	assert_null(trust_key_find(&r, B));
	assert_false(trust_role_has(&r, TRUST_PUBLISH, B));
	assert_false(trust_role_has(&r, TRUST_TIMESTAMP, B));
	assert_int_equal(trust_role_add(&r, TRUST_PUBLISH, &b, &e), -1);
	assert_int_equal(e.code, ERR_CONFLICT);
}

static void threshold_that_nobody_reaches_is_refused(void **state)
{
	struct trust_root r = sample();
	struct err e;

	(void)state;
	assert_int_equal(trust_check(&r, &e), 0);
	r.role[TRUST_ROOT].threshold = 2;
	assert_int_equal(trust_check(&r, &e), -1);
	assert_non_null(strstr(e.text, "role 'root' would have 1 keys, but needs 2"));
	r.role[TRUST_ROOT].threshold = 0;
	assert_int_equal(trust_check(&r, &e), -1);
	r = sample();
	trust_role_drop(&r, TRUST_TIMESTAMP, B);
	assert_int_equal(trust_check(&r, &e), -1);
	assert_non_null(strstr(e.text, "timestamp"));
}

static void key_of_no_role_is_forgotten(void **state)
{
	struct trust_root r = sample();

	(void)state;
	trust_role_drop(&r, TRUST_PUBLISH, B);
	trust_tidy(&r);
	assert_int_equal(r.key_count, 2);
	trust_role_drop(&r, TRUST_TIMESTAMP, B);
	trust_tidy(&r);
	assert_int_equal(r.key_count, 1);
	assert_string_equal(r.key[0].fpr, A);
}

static void root_names_at_most_sixteen_keys(void **state)
{
	static char fpr[TRUST_KEYS_MAX][41];
	struct trust_root r = sample();
	struct err e;

	(void)state;
	for (int i = 0; i < TRUST_KEYS_MAX; i++) {
		struct trust_key k = key(fpr[i]);

		snprintf(fpr[i], sizeof(fpr[i]), "%040d", i);
		assert_int_equal(trust_role_add(&r, TRUST_ROOT, &k, &e),
			i < TRUST_KEYS_MAX - 2 ? 0 : -1);
	}
	assert_int_equal(e.code, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(next_root_has_its_own_number_and_dates),
		cmocka_unit_test(key_joins_a_role_once),
		cmocka_unit_test(revoked_key_leaves_everywhere_and_never_returns),
		cmocka_unit_test(threshold_that_nobody_reaches_is_refused),
		cmocka_unit_test(key_of_no_role_is_forgotten),
		cmocka_unit_test(root_names_at_most_sixteen_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
