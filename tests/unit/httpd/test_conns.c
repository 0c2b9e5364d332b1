#include "httpd/conns.h"

#include "tests/unit/unit.h"

#include <netinet/in.h>
#include <unistd.h>

#define WINDOW (CONNS_RATE_WINDOW_S * 1000)
#define ENOUGH (CONNS_RATE_WINDOW_S * CONNS_RATE_MIN)

static void rate_is_judged_once_a_window(void **state)
{
	struct rate r = { 0, 0 };

	(void)state;
	assert_false(rate_is_low(&r, 1000, 1500, 7));
	assert_int_equal(r.window_ms, 1500);
	assert_false(rate_is_low(&r, 1000, 1500 + WINDOW - 1, 7));
	assert_true(rate_is_low(&r, 1000, 1500 + WINDOW, 7));
}

static void rate_of_two_kilobytes_is_enough(void **state)
{
	struct rate r = { 0, 0 };

	(void)state;
	assert_false(rate_is_low(&r, 1000, 1500, 100));
	assert_false(rate_is_low(&r, 1000, 1500 + WINDOW, 100 + ENOUGH));
	assert_true(rate_is_low(&r, 1000, 1500 + 2 * WINDOW, 100 + 2 * ENOUGH - 1));
}

static void rate_begins_anew_with_each_reply(void **state)
{
	struct rate r = { 0, 0 };

	(void)state;
	assert_false(rate_is_low(&r, 1000, 1500, 100));
	assert_false(rate_is_low(&r, 1500 + WINDOW, 1600 + WINDOW, 101));
	assert_false(rate_is_low(&r, 1500 + WINDOW, 1600 + 2 * WINDOW - 1, 101));
	assert_true(rate_is_low(&r, 1500 + WINDOW, 1600 + 2 * WINDOW, 101));
}

static bool is_shut(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT) == 0;
}

struct fixture {
	struct conns *conns;
	int ours[3], theirs[3];
	struct conn *conn[3];
};

static void fixture_open(struct fixture *f)
{
	struct sockaddr_in peer = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct err e;

	assert_int_equal(
		conns_start(&(struct conns_setup){ .tick = NULL }, &f->conns, &e), 0);
	for (int i = 0; i < 3; i++) {
		int pair[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		f->ours[i] = pair[0];
		f->theirs[i] = pair[1];
		f->conn[i] = conns_add(
			f->conns, pair[0], true, (const struct sockaddr *)&peer);
	}
}

static void fixture_close(struct fixture *f)
{
	conns_stop(&f->conns);
	for (int i = 0; i < 3; i++) {
		close(f->ours[i]);
		close(f->theirs[i]);
	}
}

static void conns_drain_ends_idle_ones_at_once_and_replies_when_done(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f);
	conn_begin_reply(f.conn[0]);
	conn_begin_reply(f.conn[1]);
	conns_end_reply(f.conns, f.conn[1]);
	assert_false(is_shut(f.theirs[1]));
	conns_drain(f.conns);
	assert_true(conns_is_draining(f.conns));
	assert_false(is_shut(f.theirs[0]));
	assert_true(is_shut(f.theirs[1]));
	conns_end_reply(f.conns, f.conn[0]);
	assert_true(is_shut(f.theirs[0]));
	fixture_close(&f);
}

static void conns_count_what_is_open(void **state)
{
	struct fixture f;

	(void)state;
	fixture_open(&f);
	assert_int_equal(conns_count(f.conns), 3);
	conns_remove(f.conns, f.conn[1]);
	conns_remove(f.conns, f.conn[2]);
	assert_int_equal(conns_count(f.conns), 1);
	fixture_close(&f);
}

static void conns_know_a_v4_peer(void **state)
{
	static const unsigned char want[16] = { [10] = 0xff, 0xff, 127, 0, 0, 1 };
	struct fixture f;

	(void)state;
	fixture_open(&f);
	assert_memory_equal(f.conn[0]->request.peer.byte, want, 16);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rate_is_judged_once_a_window),
		cmocka_unit_test(rate_of_two_kilobytes_is_enough),
		cmocka_unit_test(rate_begins_anew_with_each_reply),
		cmocka_unit_test(
			conns_drain_ends_idle_ones_at_once_and_replies_when_done),
		cmocka_unit_test(conns_count_what_is_open),
		cmocka_unit_test(conns_know_a_v4_peer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
