/* conns.h -- every open connection, what it is at, and the deadlines that end it.
 * Rules   a head is complete 10 s after accept (25 s after the reply before it); a reply
 *         flows at 2 kB/s or more over each 60 s; what is late is shut down, and the HTTP
 *         library, which owns the socket, closes it
 * Owns    the connections; one thread that looks once a second
 * Source  SEC-74, SEC-79 */
#ifndef HTTPD_CONNS_H
#define HTTPD_CONNS_H

#include "httpd/head.h"
#include "httpd/pair.h"
#include "lib/base/err.h"

#include <stdatomic.h>
#include <sys/socket.h>

#define CONNS_HEAD_MS       10000
#define CONNS_NEXT_HEAD_MS  25000
#define CONNS_KEEPALIVE_S   15
#define CONNS_RATE_WINDOW_S 60
#define CONNS_RATE_MIN      2000 /* bytes a second */
#define CONNS_REQUESTS_MAX  1000 /* on one connection */

enum conn_state {
	CONN_FIRST_HEAD, /* accepted, nothing complete yet */
	CONN_NEXT_HEAD,  /* a reply is done */
	CONN_REPLYING,
};

struct conn {
	struct conn *next, *prev;
	int sock_fd;
	bool is_tls;
	struct address peer;
	_Atomic enum conn_state state;
	_Atomic int64_t since_ms;
	int64_t window_ms;     /* the reaper's: start of the rate window, 0 none */
	uint64_t window_bytes; /* what the peer had then */

	/* the request under way; only its own thread looks at these */
	unsigned int requests;
	struct head head;
	const char *method, *target, *version;
	unsigned int status;
	uint64_t body_bytes;
};

struct conns;

/* Milliseconds of the monotonic clock. */
int64_t conns_now_ms(void);

/* tick, when given, is called about once a second on the reaper's thread. */
int conns_start(void (*tick)(void *ctx), void *ctx, struct conns **out,
	struct err *e) must_check nonnull_args(3, 4);
void conns_stop(struct conns **c) nonnull;

/* peer may be NULL */
struct conn *conns_add(struct conns *c, int sock_fd, bool is_tls,
	const struct sockaddr *peer) must_check nonnull_args(1);
void conns_remove(struct conns *c, struct conn *conn) nonnull;

void conn_begin_reply(struct conn *conn) nonnull;
void conns_end_reply(struct conns *c, struct conn *conn) nonnull;

/* From now on a connection ends with the reply it is at, and at once without one. */
void conns_drain(struct conns *c) nonnull;
bool conns_is_draining(const struct conns *c) nonnull;
size_t conns_count(struct conns *c) nonnull;

#endif
