#include "indexer/retention.h"

#include "tests/unit/unit.h"

#define DAY INT64_C(86400)
#define NOW (1000 * DAY)

static const struct retention_rule rule = {
	.match = "", .keep = 3, .grace_days = 10, .keep_tested = true
};

static struct retention_build build(const char *state, int64_t age_days)
{
	return (struct retention_build){ .state = state,
		.admitted_s = NOW - age_days * DAY };
}

static void newest_builds_are_counted(void **state)
{
	struct retention_build b[6];

	(void)state;
	for (int i = 0; i < 6; i++)
		b[i] = build("active", 20 + i);
	retention_decide(&rule, false, b, 6, NOW);
	assert_int_equal(b[0].fate, FATE_NEWEST);
	assert_int_equal(b[1].fate, FATE_COUNTED);
	assert_int_equal(b[2].fate, FATE_COUNTED);
	assert_int_equal(b[3].fate, FATE_RETIRES);
	assert_int_equal(b[5].fate, FATE_RETIRES);
}

static void newest_good_build_never_goes(void **state)
{
	struct retention_build b[] = { build("withdrawn", 1), build("held", 2),
		build("active", 5000) };

	(void)state;
	retention_decide(&rule, true, b, 3, NOW);
	assert_int_equal(b[2].fate, FATE_NEWEST);
	assert_int_equal(b[1].fate, FATE_HELD);
}

static void build_that_passed_its_test_stays(void **state)
{
	struct retention_rule r = rule;
	struct retention_build b[6];

	(void)state;
	for (int i = 0; i < 6; i++)
		b[i] = build("active", 20 + i);
	b[4].is_tested = b[5].is_tested = true;
	retention_decide(&r, false, b, 6, NOW);
	assert_int_equal(b[4].fate, FATE_TESTED);
	assert_int_equal(b[5].fate, FATE_RETIRES);
	r.keep_tested = false;
	retention_decide(&r, false, b, 6, NOW);
	assert_int_equal(b[4].fate, FATE_RETIRES);
}

static void image_that_is_over_keeps_one(void **state)
{
	struct retention_build b[] = { build("active", 20), build("active", 21),
		build("active", 22) };

	(void)state;
	b[2].is_pinned = true;
	retention_decide(&rule, true, b, 3, NOW);
	assert_int_equal(b[0].fate, FATE_NEWEST);
	assert_int_equal(b[1].fate, FATE_RETIRES);
	assert_int_equal(b[2].fate, FATE_PINNED);
}

static void young_builds_stay(void **state)
{
	struct retention_rule r = rule;
	struct retention_build b[5];

	(void)state;
	r.keep_days = 22;
	for (int i = 0; i < 5; i++)
		b[i] = build("active", 18 + i);
	retention_decide(&r, false, b, 5, NOW);
	assert_int_equal(b[3].fate, FATE_YOUNG);
	assert_int_equal(b[4].fate, FATE_RETIRES);
}

/* Files stay longer than anything that named them was good. */
static void files_outlive_every_expiry_by_two_days(void **state)
{
	struct retention_build b = build("withdrawn", 100);

	(void)state;
	b.left_s = NOW - 10 * DAY;
	b.named_until_s = NOW - 2 * DAY;
	retention_decide(&rule, false, &b, 1, NOW);
	assert_int_equal(b.fate, FATE_GOES);

	b.left_s++;
	retention_decide(&rule, false, &b, 1, NOW);
	assert_int_equal(b.fate, FATE_WAITS);
	assert_int_equal(b.until_s, NOW + 1);

	b.left_s = NOW - 100 * DAY;
	b.named_until_s = NOW - 2 * DAY + 1;
	retention_decide(&rule, false, &b, 1, NOW);
	assert_int_equal(b.fate, FATE_WAITS);
	assert_int_equal(b.until_s, NOW + 1);

	b.named_until_s = 0;
	b.is_listed = true;
	retention_decide(&rule, false, &b, 1, NOW);
	assert_int_equal(b.fate, FATE_WAITS);
}

static void old_held_builds_retire(void **state)
{
	struct retention_build b[] = { build("held", 20), build("active", 21),
		build("held", 22) };

	(void)state;
	retention_decide(&rule, false, b, 3, NOW);
	assert_int_equal(b[0].fate, FATE_HELD);
	assert_int_equal(b[2].fate, FATE_RETIRES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newest_builds_are_counted),
		cmocka_unit_test(newest_good_build_never_goes),
		cmocka_unit_test(build_that_passed_its_test_stays),
		cmocka_unit_test(image_that_is_over_keeps_one),
		cmocka_unit_test(young_builds_stay),
		cmocka_unit_test(files_outlive_every_expiry_by_two_days),
		cmocka_unit_test(old_held_builds_retire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
