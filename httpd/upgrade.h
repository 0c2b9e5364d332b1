/* upgrade.h -- what a redirect socket answers: the same place over TLS (308), and ACME
 * challenges, which have to be answered in clear.
 * Rules   the name is one that the certificate carries, so nobody is sent elsewhere
 * Owns    nothing
 * Source  RFC 9110 15.4.9; RFC 8555 8.3 */
#ifndef HTTPD_UPGRADE_H
#define HTTPD_UPGRADE_H

#include "httpd/answer.h"

/* query: what stood behind '?' in the target, "" for nothing. */
void upgrade_request(struct answers *a, const struct request *q, const char *query,
	struct reply *r, struct file **file) nonnull;

#endif
