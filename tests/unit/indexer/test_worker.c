#include "indexer/worker.h"

#include "tests/unit/unit.h"

#include <signal.h>

struct ledger {
	size_t seen[32];
	size_t count;
};

static int square(size_t job, void *ctx, struct buf *out, struct err *e)
{
	(void)ctx;
	if (job == 99)
		return err_set(e, ERR_UNTRUSTED, "job %zu is refused", job);
	buf_printf(out, "%zu", job * job);
	return 0;
}

static int note(size_t job, struct bytes result, void *ctx, struct err *e)
{
	struct ledger *l = ctx;
	char want[32];

	(void)e;
	snprintf(want, sizeof(want), "%zu", job * job);
	assert_true(bytes_equal_str(result, want));
	l->seen[job]++;
	l->count++;
	return 0;
}

static void worker_does_every_job_once(void **state)
{
	static const struct worker_ops ops = {
		.what = "count", .result_max = 64, .work = square, .done = note
	};
	struct ledger l = { .count = 0 };
	struct err e;

	(void)state;
	for (unsigned int workers = 0; workers < 4; workers++) {
		memset(l.seen, 0, sizeof(l.seen));
		assert_int_equal(worker_run(workers, 20, &ops, &l, &e), 0);
		for (size_t i = 0; i < 20; i++)
			assert_int_equal(l.seen[i], 1);
	}
	assert_int_equal(worker_run(2, 0, &ops, &l, &e), 0);
}

static int refuse(size_t job, void *ctx, struct buf *out, struct err *e)
{
	return square(job == 3 ? 99 : job, ctx, out, e);
}

static void worker_brings_back_the_error_with_its_code(void **state)
{
	static const struct worker_ops ops = {
		.what = "count", .result_max = 64, .work = refuse, .done = note
	};
	struct ledger l = { .count = 0 };
	struct err e;

	(void)state;
	assert_int_equal(worker_run(2, 20, &ops, &l, &e), -1);
	assert_int_equal(e.code, ERR_UNTRUSTED);
	assert_string_equal(e.text, "job 99 is refused");
	assert_true(l.count < 20);
}

static int limit(size_t job, void *ctx)
{
	(void)job;
	(void)ctx;
	return 1;
}

/* What gpg does when its own write fails: a program of the worker's that never ends. */
static int spin(size_t job, void *ctx, struct buf *out, struct err *e)
{
	(void)job;
	(void)ctx;
	(void)out;
	if (fork() == 0)
		for (volatile unsigned int i = 0;; i++)
			;
	pause();
	return err_set(e, ERR_FAILED, "woken");
}

static void worker_ends_what_spins_with_all_it_started(void **state)
{
	static const struct worker_ops ops = { .what = "sign",
		.result_max = 64,
		.work = spin,
		.done = note,
		.limit_s = limit };
	struct ledger l = { .count = 0 };
	int held[2];
	struct err e;
	char byte;

	(void)state;
	assert_int_equal(pipe(held), 0);
	assert_int_equal(worker_run(1, 1, &ops, &l, &e), -1);
	assert_int_equal(e.code, ERR_AGAIN);
	assert_non_null(strstr(e.text, "within 1 s"));
	/* the pipe ends when nobody is left who holds it */
	close(held[1]);
	assert_int_equal(read(held[0], &byte, 1), 0);
	close(held[0]);
}

static int die(size_t job, void *ctx, struct buf *out, struct err *e)
{
	(void)job;
	(void)ctx;
	(void)out;
	(void)e;
	raise(SIGKILL);
	return 0;
}

static void worker_that_dies_is_an_error(void **state)
{
	static const struct worker_ops ops = {
		.what = "sign", .result_max = 64, .work = die, .done = note
	};
	struct ledger l = { .count = 0 };
	struct err e;

	(void)state;
	assert_int_equal(worker_run(2, 4, &ops, &l, &e), -1);
	assert_non_null(strstr(e.text, "cannot sign"));
}

static int flood(size_t job, void *ctx, struct buf *out, struct err *e)
{
	(void)job;
	(void)ctx;
	(void)e;
	buf_add_fill(out, 'x', 65);
	return 0;
}

static void worker_bounds_a_result(void **state)
{
	static const struct worker_ops ops = {
		.what = "sign", .result_max = 64, .work = flood, .done = note
	};
	struct ledger l = { .count = 0 };
	struct err e;

	(void)state;
	assert_int_equal(worker_run(1, 1, &ops, &l, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worker_does_every_job_once),
		cmocka_unit_test(worker_brings_back_the_error_with_its_code),
		cmocka_unit_test(worker_ends_what_spins_with_all_it_started),
		cmocka_unit_test(worker_that_dies_is_an_error),
		cmocka_unit_test(worker_bounds_a_result),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
