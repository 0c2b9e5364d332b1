/* pair.h -- an index and its signature come out of one generation for one client.
 * Rules   a client is an address. Who read an index gets its signatures from the same
 *         generation for 60 s; reading the index again looks at the live one again
 *         an address that several clients share is seen by its signatures: two in a row
 *         after two indexes. It then stays at one generation for all of them until no
 *         index waits for its signature, or for 60 s
 *         so does a network in which a signature is asked for from another address than
 *         its index was: clients behind a pool of addresses
 *         at any time there is one generation, and it only moves forward: what a move
 *         tears apart fits when both halves are read once more
 * Shape   a bounded table; a slot taken by somebody else only costs him the promise
 * Owns    its memory; safe for any number of threads
 * Source  SEC-21; RFC 6888 (shared addresses), RFC 6177 */
#ifndef HTTPD_PAIR_H
#define HTTPD_PAIR_H

#include "lib/base/auto.h"
#include "lib/base/bytes.h"

#define PAIR_PROMISE_MS 60000
#define PAIR_SHARED_MS  600000 /* since it was seen last that an address is shared */

struct address {
	unsigned char byte[16]; /* IPv6, or IPv4 mapped into it */
};

/* Who asks for a half, and when. */
struct asker {
	struct address address;
	int64_t now_ms;
	bool only_looks; /* HEAD: it takes nothing that the other half has to fit */
};

struct pairs;

struct pairs *pairs_new(void) must_check;
void pairs_free(struct pairs **p) nonnull;
#define auto_pairs with_cleanup(pairs_free)

/* Is path one half of a legacy pair? */
bool pair_is_half(const char *path) nonnull;

/* The generation to answer path from, `live` being the newest. */
uint64_t pairs_choose(struct pairs *p, const struct asker *who, const char *path,
	uint64_t live) nonnull;

#endif
