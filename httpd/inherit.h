/* inherit.h -- sockets that a service manager opened for us.
 * In      LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES of the environment, descriptors from 3 on
 * Rules   the name decides: "https" or "tls", "http" or "plain", "redirect", "metrics";
 *         any other is TLS when there is a certificate
 * Errors  ERR_USAGE: a descriptor that is no listening TCP socket, or too many
 * Source  sd_listen_fds(3) */
#ifndef HTTPD_INHERIT_H
#define HTTPD_INHERIT_H

#include "httpd/listen.h"

#include <stddef.h>

/* Appends to sockets[*count..max). None is no error. The environment forgets them. */
int inherit_sockets(bool has_certificate, struct listen_socket *sockets, size_t max,
	size_t *count, struct err *e) must_check nonnull;

/* What the name of a socket says. */
enum listen_kind inherit_kind(const char *name, size_t len, bool has_certificate) nonnull;

#endif
