/* httphead.h -- what a response's header says that matters to a download.
 * In      header lines one by one, as they arrive, of every response of a redirect chain
 * Out     the facts of the last response
 * Errors  httphead_line returns false when no more may be taken: over 256 KiB in all
 * Source  RFC 9110 8.4, 8.8.3, 10.2.3, 14.4 */
#ifndef CLIENT_IMAGE_HTTPHEAD_H
#define CLIENT_IMAGE_HTTPHEAD_H

#include "lib/base/auto.h"
#include "lib/base/bytes.h"

#define HTTPHEAD_BYTES_MAX (256U << 10)
#define HTTPHEAD_ETAG_MAX  200

struct httphead {
	size_t bytes;                 /* of all header lines so far */
	bool coded;                   /* a Content-Encoding other than identity */
	char etag[HTTPHEAD_ETAG_MAX]; /* a strong one with its quotes, else "" */
	bool has_range;
	uint64_t range_first, range_total;
	int64_t retry_after_s; /* 0 when not given as seconds */
};

bool httphead_line(struct httphead *h, struct bytes line) nonnull_args(1);

#endif
