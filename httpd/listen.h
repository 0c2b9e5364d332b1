/* listen.h -- one listening socket from a word of the command line.
 * In      "[ADDR]:PORT": "127.0.0.1:8080", "[::1]:443", ":0" (every address); port 0
 *         lets the kernel choose
 * Errors  ERR_USAGE: not an address; else the system's reason (port in use ...)
 * Owns    the socket */
#ifndef HTTPD_LISTEN_H
#define HTTPD_LISTEN_H

#include "lib/base/err.h"

#include <stdbool.h>

struct listen_socket {
	int fd;
	bool is_tls;
	char host_port[80]; /* as it stands in a URL, with the real port */
};

/* Plain sockets hand a connection over when it has sent something. */
int listen_open(const char *where, bool is_tls, struct listen_socket *out,
	struct err *e) must_check nonnull;

#endif
