/* request.h -- one request as it was read, before anything is decided.
 * Owns    nothing: the texts belong to the HTTP library until the request is over
 * Source  RFC 9112 3 */
#ifndef HTTPD_REQUEST_H
#define HTTPD_REQUEST_H

#include "httpd/head.h"
#include "httpd/pair.h"
#include "httpd/tokens.h"

struct request {
	struct head head;
	const char *method, *target, *version;
	struct address peer;
	char user[TOKENS_LABEL_MAX]; /* the label of its token; "" */
};

#endif
