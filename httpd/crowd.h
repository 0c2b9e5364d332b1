/* crowd.h -- how many connections each client address holds.
 * Rules   of IPv6 a network of 64 bits is one address: a client has all of it
 * Owns    its counts; the caller serializes
 * Source  SEC-74; RFC 6177 */
#ifndef HTTPD_CROWD_H
#define HTTPD_CROWD_H

#include "httpd/request.h"
#include "lib/base/auto.h"

struct crowd;

struct crowd *crowd_new(void) must_check;
void crowd_free(struct crowd **c) nonnull;

/* One more, one less; returns how many it holds with this one. */
unsigned int crowd_enter(struct crowd *c, const struct address *who) nonnull;
void crowd_leave(struct crowd *c, const struct address *who) nonnull;

#endif
