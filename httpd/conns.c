#include "httpd/conns.h"

#include "httpd/crowd.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <time.h>

#define TICK_MS 500

struct conns {
	struct crowd *crowd;
	struct conns_setup setup;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t reaper;
	struct conn *head;
	size_t count;
	atomic_bool draining;
	atomic_bool stuck;
	_Atomic int64_t looked_ms;
	bool stop;
};

int64_t conns_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool ask_tcp(int sock_fd, struct tcp_info *out)
{
	socklen_t len = sizeof(*out);

	memset(out, 0, sizeof(*out));
	return getsockopt(sock_fd, IPPROTO_TCP, TCP_INFO, out, &len) == 0 &&
	       len >= offsetof(struct tcp_info, tcpi_bytes_received);
}

bool rate_is_low(struct rate *r, int64_t since_ms, int64_t now_ms, uint64_t arrived)
{
	bool is_new = r->window_ms < since_ms; /* a reply that was not looked at yet */

	if (!is_new && now_ms - r->window_ms < CONNS_RATE_WINDOW_S * 1000)
		return false;
	if (!is_new && arrived - r->window_bytes < CONNS_RATE_WINDOW_S * CONNS_RATE_MIN)
		return true;
	*r = (struct rate){ now_ms, arrived };
	return false;
}

/* What counts is what the peer acknowledged, not what lies in our buffers; the kernel is
 * asked only when the answer matters. */
static bool is_too_slow(struct conn *conn, int64_t since_ms, int64_t now_ms)
{
	struct tcp_info info;

	if (conn->rate.window_ms >= since_ms &&
		now_ms - conn->rate.window_ms < CONNS_RATE_WINDOW_S * 1000)
		return false;
	return !ask_tcp(conn->sock_fd, &info) ||
	       rate_is_low(&conn->rate, since_ms, now_ms, info.tcpi_bytes_acked);
}

/* An end that arrived together with half a head is not noticed by the library. */
static bool has_left(int sock_fd)
{
	char next;

	return recv(sock_fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* Nothing came for a while, or a head comes too slowly. */
static bool is_idle(int sock_fd, int64_t age_ms)
{
	struct tcp_info info;

	if (age_ms <= CONNS_KEEPALIVE_MS)
		return false;
	return age_ms > CONNS_NEXT_HEAD_MS || !ask_tcp(sock_fd, &info) ||
	       info.tcpi_last_data_recv > CONNS_KEEPALIVE_MS;
}

/* What lies in the kernel for a peer that does not take it goes too: closing then resets. */
static void drop_unsent(int sock_fd)
{
	const struct linger none = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(sock_fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
}

static bool is_late(struct conn *conn, int64_t now_ms, bool draining)
{
	int64_t since_ms = atomic_load(&conn->since_ms);

	switch (atomic_load(&conn->state)) {
	case CONN_FIRST_HEAD:
		return conn->is_refused ||
		       now_ms - since_ms >
			       (draining ? CONNS_DRAIN_HEAD_MS : CONNS_HEAD_MS) ||
		       (!conn->is_tls && hello_is_handshake(conn->sock_fd)) ||
		       has_left(conn->sock_fd);
	case CONN_NEXT_HEAD:
		return is_idle(conn->sock_fd, now_ms - since_ms);
	case CONN_REPLYING:
		if (!is_too_slow(conn, since_ms, now_ms))
			return false;
		drop_unsent(conn->sock_fd);
		return true;
	}
	return false;
}

/* Ends what is late; true when something that was ended long ago is still there. */
static bool reap_once(struct conns *c, int64_t now_ms)
{
	bool is_stuck = false;

	for (struct conn *conn = c->head; conn; conn = conn->next) {
		if (!is_late(conn, now_ms, atomic_load(&c->draining)))
			continue;
		shutdown(conn->sock_fd, SHUT_RDWR);
		if (conn->ended_ms == 0)
			conn->ended_ms = now_ms;
		is_stuck = is_stuck || now_ms - conn->ended_ms > CONNS_STUCK_MS;
	}
	return is_stuck;
}

static void *reap(void *arg)
{
	struct conns *c = arg;

	pthread_mutex_lock(&c->lock);
	while (!c->stop) {
		int64_t now_ms = conns_now_ms();
		struct timespec until;

		atomic_store(&c->stuck, reap_once(c, now_ms));
		atomic_store(&c->looked_ms, now_ms);
		if (c->setup.tick) {
			pthread_mutex_unlock(&c->lock);
			c->setup.tick(c->setup.ctx);
			pthread_mutex_lock(&c->lock);
		}
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += TICK_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		if (!c->stop)
			pthread_cond_timedwait(&c->wake, &c->lock, &until);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

int conns_start(const struct conns_setup *setup, struct conns **out, struct err *e)
{
	struct conns *c = xcalloc(1, sizeof(*c));
	pthread_condattr_t attr;

	c->setup = *setup;
	c->looked_ms = conns_now_ms();
	c->crowd = crowd_new();
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->wake, &attr);
	pthread_condattr_destroy(&attr);
	errno = pthread_create(&c->reaper, NULL, reap, c);
	if (errno) {
		crowd_free(&c->crowd);
		free(c);
		return err_sys(e, "cannot start a thread");
	}
	*out = c;
	return 0;
}

void conns_stop(struct conns **slot)
{
	struct conns *c = *slot;

	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->stop = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->reaper, NULL);
	while (c->head)
		conns_remove(c, c->head);
	crowd_free(&c->crowd);
	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->lock);
	free(c);
	*slot = NULL;
}

static void address_of(const struct sockaddr *peer, struct address *out)
{
	memset(out, 0, sizeof(*out));
	if (!peer)
		return;
	if (peer->sa_family == AF_INET6) {
		const void *p = peer;
		const struct sockaddr_in6 *in6 = p;

		memcpy(out->byte, &in6->sin6_addr, 16);
	} else if (peer->sa_family == AF_INET) {
		const void *p = peer;
		const struct sockaddr_in *in = p;

		out->byte[10] = out->byte[11] = 0xff;
		memcpy(out->byte + 12, &in->sin_addr, 4);
	}
}

static bool is_loopback(const struct address *a)
{
	static const unsigned char v4[13] = { [10] = 0xff, [11] = 0xff, [12] = 127 };
	static const unsigned char v6[16] = { [15] = 1 };

	return memcmp(a->byte, v4, sizeof(v4)) == 0 ||
	       memcmp(a->byte, v6, sizeof(v6)) == 0;
}

/* A front server on this machine needs no long queue, and copies what is still in the
 * processor's cache: half as dear as what was written megabytes ago. */
static void shorten_queue(int sock_fd)
{
	const int bytes = CONNS_LOCAL_QUEUE;

	setsockopt(sock_fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

/* In clear it is told, and may send the request it has at hand before it is closed: a
 * reset would take the answer with it. Not so a whole crowd. */
static void refuse(struct conn *conn, bool is_crowd)
{
	static const char answer[] = "HTTP/1.1 503 Service Unavailable\r\n"
				     "Content-Type: text/plain; charset=utf-8\r\n"
				     "Content-Length: 39\r\n"
				     "Retry-After: 5\r\n"
				     "Connection: close\r\n\r\n"
				     "too many connections from this address\n";

	conn->is_refused = true;
	if (!conn->is_tls)
		send(conn->sock_fd, answer, sizeof(answer) - 1,
			MSG_DONTWAIT | MSG_NOSIGNAL);
	shutdown(conn->sock_fd, conn->is_tls || is_crowd ? SHUT_RDWR : SHUT_WR);
}

struct conn *conns_add(
	struct conns *c, int sock_fd, bool is_tls, const struct sockaddr *peer)
{
	struct conn *conn = xcalloc(1, sizeof(*conn));
	unsigned int held;

	conn->sock_fd = sock_fd;
	conn->is_tls = is_tls;
	conn->since_ms = conns_now_ms();
	address_of(peer, &conn->request.peer);
	conn->hello = (struct hello){ .sock_fd = sock_fd };
	if (!is_tls && hello_is_handshake(sock_fd))
		shutdown(sock_fd, SHUT_RDWR);
	if (is_loopback(&conn->request.peer))
		shorten_queue(sock_fd);
	pthread_mutex_lock(&c->lock);
	conn->next = c->head;
	if (conn->next)
		conn->next->prev = conn;
	c->head = conn;
	c->count++;
	held = crowd_enter(c->crowd, &conn->request.peer);
	pthread_mutex_unlock(&c->lock);
	if (c->setup.per_address > 0 && held > c->setup.per_address)
		refuse(conn, held > 2 * c->setup.per_address);
	return conn;
}

void conns_remove(struct conns *c, struct conn *conn)
{
	pthread_mutex_lock(&c->lock);
	if (conn->next)
		conn->next->prev = conn->prev;
	if (conn->prev)
		conn->prev->next = conn->next;
	else
		c->head = conn->next;
	c->count--;
	crowd_leave(c->crowd, &conn->request.peer);
	pthread_mutex_unlock(&c->lock);
	free(conn);
}

void conn_begin_reply(struct conn *conn)
{
	conn->requests++;
	atomic_store(&conn->since_ms, conns_now_ms());
	atomic_store(&conn->state, CONN_REPLYING);
}

void conns_end_reply(struct conns *c, struct conn *conn)
{
	atomic_store(&conn->since_ms, conns_now_ms());
	atomic_store(&conn->state, CONN_NEXT_HEAD);
	if (atomic_load(&c->draining))
		shutdown(conn->sock_fd, SHUT_RDWR);
}

void conns_drain(struct conns *c)
{
	pthread_mutex_lock(&c->lock);
	atomic_store(&c->draining, true);
	for (struct conn *conn = c->head; conn; conn = conn->next)
		if (atomic_load(&conn->state) == CONN_NEXT_HEAD)
			shutdown(conn->sock_fd, SHUT_RDWR);
	pthread_mutex_unlock(&c->lock);
}

bool conns_is_draining(const struct conns *c)
{
	return atomic_load(&c->draining);
}

size_t conns_count(struct conns *c)
{
	size_t count;

	pthread_mutex_lock(&c->lock);
	count = c->count;
	pthread_mutex_unlock(&c->lock);
	return count;
}

bool conns_is_alive(const struct conns *c, int64_t now_ms)
{
	return !atomic_load(&c->stuck) &&
	       now_ms - atomic_load(&c->looked_ms) < CONNS_STUCK_MS;
}
