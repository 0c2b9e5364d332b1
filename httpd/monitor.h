/* monitor.h -- the operator's socket: /metrics, /livez, /readyz, and nothing else.
 * Rules   never on a socket that clients reach: what it says is for the operator
 * Owns    one thread; borrows what it tells until stopped; takes the socket
 * Source  Prometheus text format 0.0.4 */
#ifndef HTTPD_MONITOR_H
#define HTTPD_MONITOR_H

#include "lib/base/buf.h"

struct monitor;

struct monitor_tells {
	/* Appends the metrics. */
	void (*metrics)(void *ctx, struct buf *out);
	/* Does everything run that should? */
	bool (*is_alive)(void *ctx);
	/* Could a client be served right now? */
	bool (*is_ready)(void *ctx);
	void *ctx;
};

int monitor_start(int sock_fd, const struct monitor_tells *tells, struct monitor **out,
	struct err *e) must_check nonnull;
void monitor_stop(struct monitor **m) nonnull;

#endif
