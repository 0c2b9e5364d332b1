/* transfer.h -- one URL into stdout: tried again, continued where it stopped.
 * Shape   stdout and state_fd are regular files at the caller's; the state is one line:
 *           partial ETAG   stdout holds the beginning of what the server calls so
 *           whole ETAG     stdout holds all of it; where it is empty, the caller has it
 *           same           the server still has what `whole` said: nothing was written
 * Rules   https never becomes http; at most 5 redirects; no content coding; a file goes
 *         on only behind a strong ETag (If-Range), and a 200 begins it anew; pauses grow
 *         and are scattered; the server's Retry-After counts up to a minute
 * Errors  ERR_NOTFOUND; ERR_UPSTREAM for what trying again will not change; ERR_NETWORK;
 *         ERR_LIMIT; disk errors as they are
 * Source  RFC 9110 13.1.5 If-Range, 14.2 Range; RFC 6750; OCI distribution-spec 1.1 */
#ifndef BUILDER_FETCH_TRANSFER_H
#define BUILDER_FETCH_TRANSFER_H

#include "builder/fetch/state.h"

struct transfer {
	/* what is asked for */
	const char *url;
	int64_t max_bytes;
	int state_fd; /* -1: nothing is known, nothing is kept */
	long stall_s;
	unsigned int tries;
	const char *const *accept;
	size_t accept_count;
	bool registry; /* a token is fetched where one is wanted */

	/* what is known so far */
	void *curl;
	struct state at;
	char *token;
	struct answer answer;
	bool started; /* this answer's body has begun */
	bool asked_to_go_on;
	long status;
	struct err failure; /* of our own making, code 0 while all is well */
};

/* Fills `what is asked for`; the rest is zeroes. */
int transfer_run(struct transfer *t, struct err *e) must_check nonnull;

#endif
