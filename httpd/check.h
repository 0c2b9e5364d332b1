/* check.h -- what a server with these options would serve, said before it does.
 * Out     one line per fact, or one JSON object with --json
 * Errors  what opening everything found; ERR_DAMAGED: the live generation is not there
 * Owns    nothing */
#ifndef HTTPD_CHECK_H
#define HTTPD_CHECK_H

#include "httpd/service.h"

/* s is open and serves nothing. */
int check_print(
	const struct service *s, struct out *out, struct err *e) must_check nonnull;

#endif
