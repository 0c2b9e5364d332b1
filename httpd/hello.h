/* hello.h -- the first bytes of a connection: are they of the protocol of its port?
 * Rules   nothing is consumed from a connection that may be right; a wrong one is told so,
 *         where it can read it, and shut down
 * Owns    nothing; the socket belongs to the HTTP library
 * Source  RFC 8446 5.1 (a handshake begins with 0x16); protocols section 0, point 4 */
#ifndef HTTPD_HELLO_H
#define HTTPD_HELLO_H

#include <stdbool.h>

/* What has arrived so far is of the other kind. */
bool hello_is_wrong(int sock_fd, bool is_tls);

void hello_refuse(int sock_fd, bool is_tls);

#endif
