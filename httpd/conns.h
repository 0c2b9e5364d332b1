/* conns.h -- every open connection, what it is at, and the deadlines that end it.
 * Rules   a head is complete 10 s after accept (25 s after the reply before it, and
 *         something of it came within 15 s); a reply flows at 2 kB/s or more over each
 *         60 s; what is late is shut down, and the HTTP
 *         library, which owns the socket, closes it
 * Owns    the connections; one thread that looks once a second
 * Source  SEC-74, SEC-79 */
#ifndef HTTPD_CONNS_H
#define HTTPD_CONNS_H

#include "httpd/hello.h"
#include "httpd/request.h"
#include "lib/base/err.h"

#include <stdatomic.h>
#include <sys/socket.h>

#define CONNS_HEAD_MS       10000
#define CONNS_DRAIN_HEAD_MS 2000 /* when we are about to end */
#define CONNS_NEXT_HEAD_MS  25000
#define CONNS_KEEPALIVE_MS  15000
#define CONNS_RATE_WINDOW_S 60
#define CONNS_RATE_MIN      2000        /* bytes a second */
#define CONNS_STUCK_MS      10000       /* from shutdown to close */
#define CONNS_REQUESTS_MAX  1000        /* on one connection */
#define CONNS_LOCAL_QUEUE   (128 << 10) /* unsent bytes for a peer on this machine */

enum conn_state {
	CONN_FIRST_HEAD, /* accepted, nothing complete yet */
	CONN_NEXT_HEAD,  /* a reply is done */
	CONN_REPLYING,
};

/* How fast the peer takes a reply: what it had when the window began. */
struct rate {
	int64_t window_ms;
	uint64_t window_bytes;
};

/* Is the reply that began at since_ms flowing too slowly, `arrived` being what the peer
 * has acknowledged of the whole connection? Pure; moves the window on. */
bool rate_is_low(
	struct rate *r, int64_t since_ms, int64_t now_ms, uint64_t arrived) nonnull;

struct conn {
	struct conn *next, *prev;
	int sock_fd;
	bool is_tls;
	bool is_refused;    /* told so; ends with its head, or soon */
	struct hello hello; /* the TLS session's */
	void *identity;     /* what its TLS session began with; the exchange's */
	_Atomic enum conn_state state;
	_Atomic int64_t since_ms;
	struct rate rate; /* the reaper's */
	int64_t ended_ms; /* the reaper's: when it was shut down; 0: it was not */

	/* the request under way; only its own thread looks at these */
	unsigned int requests;
	struct request request; /* its peer is known from the start */
	size_t target_len;      /* with the query, up to a blank */
	unsigned int status;
	uint64_t body_bytes;
	bool reaches_end; /* the last byte of a file goes out with it */
};

struct conns;

/* Milliseconds of the monotonic clock. */
int64_t conns_now_ms(void);

struct conns_setup {
	void (*tick)(void *ctx); /* about once a second on the reaper's thread, or NULL */
	void *ctx;
	unsigned int per_address; /* connections of one; 0: any number */
};

int conns_start(const struct conns_setup *setup, struct conns **out,
	struct err *e) must_check nonnull;
void conns_stop(struct conns **c) nonnull;

/* peer may be NULL */
struct conn *conns_add(struct conns *c, int sock_fd, bool is_tls,
	const struct sockaddr *peer) must_check nonnull_args(1);
void conns_remove(struct conns *c, struct conn *conn) nonnull;

void conn_begin_reply(struct conn *conn) nonnull;
void conns_end_reply(struct conns *c, struct conn *conn) nonnull;

/* From now on a connection ends with the reply it is at; an idle one at once, a new one
 * without a head soon. */
void conns_drain(struct conns *c) nonnull;
bool conns_is_draining(const struct conns *c) nonnull;
size_t conns_count(struct conns *c) nonnull;

/* Do all threads run? One that does not close what was shut down long ago is stuck,
 * wherever that is; so is the reaper when it did not look for as long. */
bool conns_is_alive(const struct conns *c, int64_t now_ms) nonnull;

#endif
