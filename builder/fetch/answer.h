/* answer.h -- the header lines of one HTTP answer, as far as a download needs them.
 * In      one line at a time, as the network sent it
 * Bounds  256 KiB of header lines an answer
 * Source  RFC 9110 8.8.3 ETag, 10.2.3 Retry-After, 11.6.1 WWW-Authenticate, 14.4
 *         Content-Range; RFC 6750 3 */
#ifndef BUILDER_FETCH_ANSWER_H
#define BUILDER_FETCH_ANSWER_H

#include "lib/base/auto.h"
#include "lib/base/bytes.h"

#define ETAG_MAX  200
#define REALM_MAX 1024

struct answer {
	size_t header_bytes;
	char etag[ETAG_MAX]; /* strong, with its quotes; "" if there is none */
	bool coded;          /* a content coding that nobody asked for */
	bool has_range;
	long long range_first;
	long retry_after_s; /* 0: not said */
	/* "Bearer realm=...,service=...,scope=...": where a token is to be had */
	char realm[REALM_MAX], service[REALM_MAX], scope[REALM_MAX];
};

/* A status line begins anew. false when there are too many bytes of header. */
bool answer_line(struct answer *a, struct bytes line) nonnull_args(1);

#endif
