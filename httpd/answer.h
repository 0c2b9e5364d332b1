/* answer.h -- one request into its reply: which file, or which refusal; decided without
 * the HTTP library.
 * Out     a reply, and the file it is made of, with a reference for the caller; NULL when
 *         the reply carries a text of its own
 * Owns    nothing; borrows site and cache
 * Source  protocols sections 0 and 5; SEC-70 to SEC-73 */
#ifndef HTTPD_ANSWER_H
#define HTTPD_ANSWER_H

#include "httpd/cache.h"
#include "httpd/reply.h"
#include "httpd/request.h"
#include "httpd/resolve.h"
#include "httpd/tls.h"

/* What the operator decided; constant while the server runs. */
struct policy {
	const char *prefix;       /* "a/b": the tree stands beneath it; "" at the top */
	const char *payload_base; /* "https://host/dir": payloads are there; NULL: here */
	const struct site *acme;  /* challenges lie here; NULL: in the tree */
	bool autoindex;
	struct tokens *tokens; /* who may read; NULL: everybody */
	struct tls *tls;       /* what a redirect socket sends clients to; NULL: none */
	uint16_t tls_port;
};

struct answers {
	const struct site *site;
	struct cache *cache;
	struct policy policy;
	atomic_size_t no_memory; /* zero: what is not cached is read block by block */
};

bool answer_is_served(const char *method) nonnull;

/* Is this path one that an ACME server asks for, in clear? */
bool answer_is_challenge(const char *path) nonnull;

/* From a path of the URL to one of the tree; false when it is not beneath the prefix. */
bool answer_strip_prefix(const struct answers *a, struct resolved *target) nonnull;

/* Is a token wanted that the request does not carry? Fills its user. */
bool answer_needs_token(const struct answers *a, struct request *q) nonnull;

/* Is the head alone reason to refuse? Then the connection ends with the reply. */
bool answer_refusal(const struct request *q, struct reply *r) nonnull;

void answer_request(struct answers *a, const struct request *q, struct reply *r,
	struct file **file) nonnull;

#endif
