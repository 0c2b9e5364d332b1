/* service.h -- everything that is open while the server serves.
 * Order   service_open with the rights of who started us, service_confine gives them up,
 *         service_start begins; service_close ends it all in the right order
 * Owns    sockets, tree, secrets, log, threads; borrows the options
 * Source  design section 1; SEC-78 */
#ifndef HTTPD_SERVICE_H
#define HTTPD_SERVICE_H

#include "httpd/monitor.h"
#include "httpd/notify.h"
#include "httpd/options.h"
#include "httpd/secrets.h"
#include "httpd/server.h"

#define SERVICE_LOOK_MS 10000 /* at certificates and tokens */

struct service {
	const struct options *options;
	struct site site;
	bool has_site;
	struct site acme;
	bool has_acme;
	struct secrets secrets;
	struct access *access;
	struct metrics *metrics;
	struct notify notify;
	struct listen_socket socket[SERVER_SOCKETS_MAX]; /* those for metrics last */
	size_t socket_count;
	size_t client_count; /* without them */
	struct monitor *monitor[SERVER_SOCKETS_MAX];
	int64_t started_s;
	struct server *server;
	int64_t looked_ms;
	bool complained; /* about the files as they are now */
};

/* Everything that needs more rights than serving does. */
int service_open(
	struct service *s, const struct options *o, struct err *e) must_check nonnull;

/* For good. Returns 1 where the kernel has no Landlock and all else was done. */
int service_confine(struct service *s, struct err *e) must_check nonnull;

int service_start(struct service *s, struct err *e) must_check nonnull;

/* What SIGHUP asks for: files are read again, the log is opened again. Says on out what
 * could not be done; what was there before stays then. */
void service_reload(struct service *s, struct out *out) nonnull;

/* Once a second: looks whether files were replaced, renews what grows old. */
void service_tick(struct service *s, struct out *out) nonnull;

void service_close(struct service *s) nonnull;

#endif
