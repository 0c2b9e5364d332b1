#include "client/run/state.h"

#include "tests/unit/unit.h"

static void stat_of_a_process_with_any_name(void **state)
{
	char plain[] = "12 (sh) S 7 12 12 0 -1 4194304 1 2 3 4 50 60 0 0 20 0 1 0 1234 "
		       "5000 77 18446744073709551615 1";
	char nasty[] = "12 (a) R 1 (b)) T 8 12 12 0 -1 4194304 1 2 3 4 1 2 0 0 20 0 1 0 "
		       "99 5000 3 1";
	char cut[] = "12 (sh) S 7 12", none[] = "";
	struct process_stat s;

	(void)state;
	assert_true(process_stat_parse(plain, &s));
	assert_int_equal(s.state, 'S');
	assert_int_equal(s.parent, 7);
	assert_int_equal(s.cpu_ticks, 110);
	assert_int_equal(s.starttime, 1234);
	assert_int_equal(s.rss_pages, 77);
	assert_true(process_stat_parse(nasty, &s));
	assert_int_equal(s.state, 'T');
	assert_int_equal(s.parent, 8);
	assert_int_equal(s.starttime, 99);
	assert_false(process_stat_parse(cut, &s));
	assert_false(process_stat_parse(none, &s));
}

static void an_identity_is_more_than_a_pid(void **state)
{
	struct identity me = { getpid(), process_starttime(getpid()) };
	struct err e;
	int fd = identity_open(&me, &e);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	me.starttime++;
	assert_int_equal(identity_open(&me, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
	me = (struct identity){ 0 };
	assert_int_equal(identity_open(&me, &e), -1);
	assert_int_equal(e.code, ERR_NOTFOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stat_of_a_process_with_any_name),
		cmocka_unit_test(an_identity_is_more_than_a_pid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
