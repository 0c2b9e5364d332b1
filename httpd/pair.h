/* pair.h -- an index and its signature come out of one generation for one client.
 * Rule    who got one half gets the other half from the same generation for 60 s; asking
 *         for the same half of an index again looks at the live generation again
 * Shape   a bounded table; a slot taken by somebody else only costs him the promise
 * Owns    its memory; safe for any number of threads
 * Source  SEC-21 */
#ifndef HTTPD_PAIR_H
#define HTTPD_PAIR_H

#include "lib/base/auto.h"
#include "lib/base/bytes.h"

#define PAIR_PROMISE_MS 60000

struct address {
	unsigned char byte[16]; /* IPv6, or IPv4 mapped into it */
};

struct pairs;

struct pairs *pairs_new(void) must_check;
void pairs_free(struct pairs **p) nonnull;
#define auto_pairs with_cleanup(pairs_free)

/* Is path one half of a legacy pair? */
bool pair_is_half(const char *path) nonnull;

/* The generation to answer path from, `live` being the newest. */
uint64_t pairs_choose(struct pairs *p, const struct address *client, const char *path,
	uint64_t live, int64_t now_ms) nonnull;

#endif
