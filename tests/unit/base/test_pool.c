#include "lib/base/pool.h"

#include "lib/base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

struct job {
	int number;
	int result;
};

struct record {
	pthread_t submitter;
	atomic_int working, most_working;
	int fail_at, fail_done_at; /* -1: never */
	int slow_at;
	int done[1000];
	int done_count;
	int discarded;
	atomic_int worked;
	bool wrong_thread;
};

static void sleep_ms(int ms)
{
	const struct timespec pause = { .tv_nsec = ms * 1000000L };

	nanosleep(&pause, NULL);
}

static int work(void *job, void *ctx, struct err *e)
{
	struct job *j = job;
	struct record *r = ctx;
	int now = ++r->working, most = r->most_working;

	r->worked++;
	while (now > most && !atomic_compare_exchange_weak(&r->most_working, &most, now))
		;
	if (pthread_equal(pthread_self(), r->submitter))
		r->wrong_thread = true;
	if (j->number == r->slow_at)
		sleep_ms(50);
	else
		sleep_ms(j->number % 3);
	j->result = j->number * 2;
	r->working--;
	if (j->number == r->fail_at)
		return err_set(e, ERR_PARSE, "job %d is bad", j->number);
	return 0;
}

static int done(void *job, void *ctx, struct err *e)
{
	struct job *j = job;
	struct record *r = ctx;

	if (!pthread_equal(pthread_self(), r->submitter))
		r->wrong_thread = true;
	if (j->number == r->fail_done_at)
		return err_set(e, ERR_NOSPACE, "cannot write %d", j->number);
	assert_int_equal(j->result, j->number * 2);
	r->done[r->done_count++] = j->number;
	return 0;
}

static void discard(void *job, void *ctx)
{
	struct record *r = ctx;

	r->discarded++;
	free(job);
}

static const struct pool_ops ops = { work, done, discard };

static struct job *job_new(int number)
{
	struct job *j = xcalloc(1, sizeof(*j));

	j->number = number;
	return j;
}

/* Submits count jobs and finishes; how many submissions were accepted. */
static int feed(struct record *r, unsigned int threads, int count, int *rc, struct err *e)
{
	struct pool *p auto_pool = NULL;
	int accepted = 0;

	r->submitter = pthread_self();
	assert_int_equal(pool_open(threads, &ops, r, &p, e), 0);
	for (int i = 0; i < count; i++)
		if (pool_submit(p, job_new(i), e) == 0)
			accepted++;
	*rc = pool_finish(p, e);
	return accepted;
}

static void results_keep_the_order_of_submission(void **state)
{
	struct record r = { .fail_at = -1, .fail_done_at = -1, .slow_at = 0 };
	struct err e;
	int rc;

	(void)state;
	assert_int_equal(feed(&r, 4, 200, &rc, &e), 200);
	assert_int_equal(rc, 0);
	assert_int_equal(r.done_count, 200);
	for (int i = 0; i < 200; i++)
		assert_int_equal(r.done[i], i);
	assert_int_equal(r.discarded, 200);
	assert_false(r.wrong_thread);
	assert_true(r.most_working >= 2);
	assert_true(r.most_working <= 4);
}

static void one_thread_does_the_same(void **state)
{
	struct record r = { .fail_at = -1, .fail_done_at = -1, .slow_at = -1 };
	struct err e;
	int rc;

	(void)state;
	assert_int_equal(feed(&r, 1, 20, &rc, &e), 20);
	assert_int_equal(rc, 0);
	assert_int_equal(r.done_count, 20);
	assert_int_equal(r.most_working, 1);
}

static void zero_threads_means_the_processors(void **state)
{
	struct record r = { .fail_at = -1, .fail_done_at = -1, .slow_at = -1 };
	struct err e;
	int rc;

	(void)state;
	assert_int_equal(feed(&r, 0, 20, &rc, &e), 20);
	assert_int_equal(rc, 0);
	assert_int_equal(r.done_count, 20);
}

static void nothing_submitted_is_fine(void **state)
{
	struct record r = { .fail_at = -1, .fail_done_at = -1 };
	struct err e;
	int rc;

	(void)state;
	assert_int_equal(feed(&r, 3, 0, &rc, &e), 0);
	assert_int_equal(rc, 0);
}

static void failing_job_stops_the_rest(void **state)
{
	struct record r = { .fail_at = 10, .fail_done_at = -1, .slow_at = 9 };
	struct err e;
	int rc, accepted;

	(void)state;
	accepted = feed(&r, 2, 500, &rc, &e);
	assert_int_equal(rc, -1);
	assert_int_equal(e.code, ERR_PARSE);
	assert_string_equal(e.text, "job 10 is bad");
	assert_true(accepted < 50);
	assert_int_equal(r.done_count, 10); /* all before it, none behind it */
	assert_int_equal(r.discarded, 500);
}

static void failing_done_stops_the_rest(void **state)
{
	struct record r = { .fail_at = -1, .fail_done_at = 5, .slow_at = -1 };
	struct err e;
	int rc;

	(void)state;
	feed(&r, 2, 100, &rc, &e);
	assert_int_equal(rc, -1);
	assert_int_equal(e.code, ERR_NOSPACE);
	assert_string_equal(e.text, "cannot write 5");
	assert_int_equal(r.done_count, 5);
	assert_int_equal(r.discarded, 100);
}

/* The later failure is noticed first; the earlier one is told. */
static void first_failure_in_order_is_told(void **state)
{
	for (int round = 0; round < 20; round++) {
		struct record r = { .fail_at = 0, .fail_done_at = -1, .slow_at = 0 };
		struct err e;
		int rc;

		feed(&r, 4, 8, &rc, &e);
		assert_int_equal(rc, -1);
		assert_string_equal(e.text, "job 0 is bad");
		assert_int_equal(r.done_count, 0);
	}
	(void)state;
}

static void jobs_behind_a_failure_are_not_begun(void **state)
{
	struct record r = { .fail_at = 0, .fail_done_at = -1, .slow_at = 0 };
	struct err e;
	int rc;

	(void)state;
	feed(&r, 1, 2, &rc, &e);
	assert_int_equal(rc, -1);
	assert_int_equal(r.worked, 1);
	assert_int_equal(r.discarded, 2);
}

static void last_job_s_failure_comes_from_finish(void **state)
{
	struct record r = { .fail_at = 3, .fail_done_at = -1, .slow_at = 3 };
	struct err e;
	int rc;

	(void)state;
	assert_int_equal(feed(&r, 4, 4, &rc, &e), 4);
	assert_int_equal(rc, -1);
	assert_int_equal(r.done_count, 3);
}

static void close_without_finish_discards_all(void **state)
{
	struct record r = { .fail_at = -1, .fail_done_at = -1, .slow_at = 0 };
	struct pool *p = NULL;
	struct err e;

	(void)state;
	r.submitter = pthread_self();
	assert_int_equal(pool_open(2, &ops, &r, &p, &e), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pool_submit(p, job_new(i), &e), 0);
	pool_close(&p);
	assert_null(p);
	assert_int_equal(r.discarded, 4);
	pool_close(&p); /* twice is fine */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_keep_the_order_of_submission),
		cmocka_unit_test(one_thread_does_the_same),
		cmocka_unit_test(zero_threads_means_the_processors),
		cmocka_unit_test(nothing_submitted_is_fine),
		cmocka_unit_test(failing_job_stops_the_rest),
		cmocka_unit_test(failing_done_stops_the_rest),
		cmocka_unit_test(first_failure_in_order_is_told),
		cmocka_unit_test(jobs_behind_a_failure_are_not_begun),
		cmocka_unit_test(last_job_s_failure_comes_from_finish),
		cmocka_unit_test(close_without_finish_discards_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
