#include "lib/base/ahead.h"

#include "lib/base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A source of `total` bytes, each the low byte of its place. */
struct source {
	size_t total, at, most; /* most: bytes a call */
	size_t fail_at;         /* 0: never */
	int wait_fd;            /* read from before the end; -1: none */
	atomic_size_t given;
	pthread_t thread;
	atomic_int released;
};

static ssize_t give(void *ctx, void *buf, size_t size, struct err *e)
{
	struct source *s = ctx;
	size_t n = s->total - s->at;
	char token;

	s->thread = pthread_self();
	if (n == 0 && s->wait_fd >= 0)
		(void)!read(s->wait_fd, &token, 1);
	if (s->fail_at && s->at >= s->fail_at)
		return err_set(e, ERR_DAMAGED, "broken at %zu", s->at);
	n = n < size ? n : size;
	n = n < s->most ? n : s->most;
	for (size_t i = 0; i < n; i++)
		((unsigned char *)buf)[i] = (unsigned char)(s->at + i);
	s->at += n;
	s->given = s->at;
	return (ssize_t)n;
}

static void release(void *ctx)
{
	struct source *s = ctx;

	s->released++;
}

static struct ahead *begin(struct source *s)
{
	struct reader r = { .read = give, .ctx = s };
	struct ahead *a = NULL;
	struct err e;

	assert_int_equal(ahead_open(&r, release, &a, &e), 0);
	return a;
}

static void wait_until(atomic_int *value)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (int i = 0; i < 5000 && *value == 0; i++)
		nanosleep(&pause, NULL);
	assert_int_equal(*value, 1);
}

static void ahead_gives_the_very_bytes(void **state)
{
	static const size_t totals[] = { 0, 1, AHEAD_CHUNK - 1, AHEAD_CHUNK,
		3 * AHEAD_CHUNK, (2 * AHEAD_CHUNKS + 1) * AHEAD_CHUNK + 7 };
	unsigned char buf[70000];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(totals); i++) {
		struct source s = { .total = totals[i], .most = 100001, .wait_fd = -1 };
		auto_ahead struct ahead *a = begin(&s);
		struct reader r = ahead_as_reader(a);
		struct err e;
		size_t at = 0;
		ssize_t n;

		while ((n = reader_read(&r, buf, sizeof(buf), &e)) > 0) {
			for (ssize_t k = 0; k < n; k++)
				if (buf[k] != (unsigned char)(at + (size_t)k))
					fail_msg("byte %zu is wrong", at + (size_t)k);
			at += (size_t)n;
		}
		assert_int_equal(n, 0);
		assert_int_equal(at, totals[i]);
		assert_int_equal(reader_read(&r, buf, sizeof(buf), &e), 0);
		ahead_close(&a);
		wait_until(&s.released);
		assert_false(pthread_equal(s.thread, pthread_self()));
	}
}

static void ahead_says_an_error_where_it_stood(void **state)
{
	struct source s = {
		.total = 9 * AHEAD_CHUNK, .most = 1000, .fail_at = 500500, .wait_fd = -1
	};
	auto_ahead struct ahead *a = begin(&s);
	struct reader r = ahead_as_reader(a);
	unsigned char buf[4096];
	size_t at = 0;
	struct err e;
	ssize_t n;

	(void)state;
	while ((n = reader_read(&r, buf, sizeof(buf), &e)) > 0)
		at += (size_t)n;
	assert_true(at >= 500500 && at == s.at);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(n, -1);
		assert_int_equal(e.code, ERR_DAMAGED);
		assert_memory_equal(e.text, "broken at ", 10);
		n = reader_read(&r, buf, sizeof(buf), &e);
	}
	ahead_close(&a);
	wait_until(&s.released);
}

static void ahead_reads_no_further_than_its_ring(void **state)
{
	struct source s = {
		.total = 100 * (size_t)AHEAD_CHUNK, .most = AHEAD_CHUNK, .wait_fd = -1
	};
	struct ahead *a = begin(&s);
	const struct timespec pause = { .tv_nsec = 20000000 };

	(void)state;
	while (s.given < AHEAD_CHUNKS * (size_t)AHEAD_CHUNK)
		nanosleep(&pause, NULL);
	nanosleep(&pause, NULL);
	assert_int_equal(s.given, AHEAD_CHUNKS * (size_t)AHEAD_CHUNK);
	ahead_close(&a);
	wait_until(&s.released);
	assert_int_equal(s.given, AHEAD_CHUNKS * (size_t)AHEAD_CHUNK);
}

/* The source outlives the close for as long as its thread waits in it. */
static void ahead_close_does_not_wait_for_the_source(void **state)
{
	int fds[2];
	struct source s = { .total = 10, .most = 10 };
	struct ahead *a;
	unsigned char buf[16];
	struct reader r;
	struct err e;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	s.wait_fd = fds[0];
	a = begin(&s);
	ahead_close(&a);
	assert_null(a);
	assert_int_equal(write(fds[1], "", 1), 1);
	wait_until(&s.released);

	s.released = 0;
	s.at = 0;
	a = begin(&s);
	r = ahead_as_reader(a);
	assert_int_equal(write(fds[1], "", 1), 1);
	assert_int_equal(reader_read(&r, buf, sizeof(buf), &e), 10);
	ahead_close(&a);
	close(fds[1]);
	wait_until(&s.released);
	close(fds[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ahead_gives_the_very_bytes),
		cmocka_unit_test(ahead_says_an_error_where_it_stood),
		cmocka_unit_test(ahead_reads_no_further_than_its_ring),
		cmocka_unit_test(ahead_close_does_not_wait_for_the_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
