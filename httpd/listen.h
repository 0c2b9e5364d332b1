/* listen.h -- one listening socket from a word of the command line.
 * In      "[ADDR]:PORT": "127.0.0.1:8080", "[::1]:443", ":0" (every address); port 0
 *         lets the kernel choose
 * Errors  ERR_USAGE: not an address; else the system's reason (port in use ...)
 * Owns    the socket */
#ifndef HTTPD_LISTEN_H
#define HTTPD_LISTEN_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum listen_kind {
	LISTEN_PLAIN,
	LISTEN_TLS,
	LISTEN_REDIRECT, /* plain: sends everybody to the TLS socket */
	LISTEN_METRICS,  /* plain: for the operator, not for clients */
};

struct listen_socket {
	int fd;
	enum listen_kind kind;
	uint16_t port;
	char host_port[80]; /* as it stands in a URL, with the real port */
};

/* A connection is handed over when it has sent something. */
int listen_open(const char *where, enum listen_kind kind, struct listen_socket *out,
	struct err *e) must_check nonnull;

/* A socket that listens already, from somebody else; takes it on success. */
int listen_adopt(int fd, enum listen_kind kind, struct listen_socket *out,
	struct err *e) must_check nonnull;

#endif
