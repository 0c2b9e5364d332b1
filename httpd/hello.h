/* hello.h -- the first byte of a connection: is it of the protocol of its port?
 * Rules   on a port for TLS it is judged as gnutls receives it, once, whenever it comes; on
 *         a plain port while it still lies in the kernel; a wrong one is told so, where it
 *         can read it, and shut down
 * Owns    nothing; the socket belongs to the HTTP library
 * Source  RFC 8446 5.1 (a handshake begins with 0x16); protocols section 0, point 4 */
#ifndef HTTPD_HELLO_H
#define HTTPD_HELLO_H

#include "lib/base/auto.h"

#include <stdbool.h>
#include <sys/types.h>

struct hello {
	int sock_fd;
	bool is_heard; /* the first byte was judged */
};

/* recv(2) for a TLS session; of a connection that begins in clear it takes leave. */
ssize_t hello_receive(struct hello *h, void *p, size_t size) nonnull;

/* What waits in the kernel on a plain port begins a handshake. No head holds that byte:
 * nobody honest is cut off even in mid head. */
bool hello_is_handshake(int sock_fd);

#endif
