/* server.h -- HTTP on sockets that are open already, out of one site: one daemon of the
 * HTTP library for each socket; exchange.c is what they call, response.c how bytes go out.
 * Owns    threads, cache, connections; borrows site, what the policy names, and log until stopped
 * Source  performance section 6; SEC-70 to SEC-79 */
#ifndef HTTPD_SERVER_H
#define HTTPD_SERVER_H

#include "httpd/access.h"
#include "httpd/answer.h"
#include "httpd/listen.h"
#include "httpd/metrics.h"
#include "httpd/site.h"

#define SERVER_SOCKETS_MAX 32
#define SERVER_DRAIN_MS    30000

struct server;

struct server_setup {
	const struct site *site;
	struct listen_socket *socket; /* each is taken on success */
	size_t socket_count;
	struct policy policy;
	struct access *access; /* NULL: no log */
	struct metrics *metrics;
	unsigned int threads;     /* per socket; 0: processors of this process */
	unsigned int per_address; /* connections of one address; 0: any number */
};

int server_start(const struct server_setup *setup, struct server **out,
	struct err *e) must_check nonnull;

/* Connections that are open, and whether it is about to end. */
uint64_t server_connections(const struct server *s) nonnull;
bool server_is_draining(const struct server *s) nonnull;

/* Does every thread of it run? */
bool server_is_alive(const struct server *s) nonnull;

/* Accepts nothing more and lets replies under way finish for SERVER_DRAIN_MS. */
void server_drain(struct server *s) nonnull;

/* Drains, when that was not done, and ends. */
void server_stop(struct server **s) nonnull;

#endif
