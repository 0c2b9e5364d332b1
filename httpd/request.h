/* request.h -- one request as it was read, before anything is decided.
 * Owns    nothing: the texts belong to the HTTP library until the request is over
 * Source  RFC 9112 3 */
#ifndef HTTPD_REQUEST_H
#define HTTPD_REQUEST_H

#include "httpd/head.h"
#include "httpd/pair.h"

struct request {
	struct head head;
	const char *method, *target, *version;
	struct address peer;
};

#endif
