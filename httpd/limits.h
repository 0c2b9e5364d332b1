/* limits.h -- how much one process takes on: connections, cached files, threads.
 * Rule    each connection may hold its socket and one file beside the cached ones, and
 *         some descriptors stay free, so that the process never runs out of them
 * Errors  ERR_LIMIT: RLIMIT_NOFILE leaves too little
 * Source  SEC-75 */
#ifndef HTTPD_LIMITS_H
#define HTTPD_LIMITS_H

#include "lib/base/err.h"

struct limits {
	size_t files;       /* in the cache */
	size_t connections; /* on all sockets together */
};

/* As many open files as this process may have. */
void limits_raise(void);
int limits_share(struct limits *out, struct err *e) must_check nonnull;

/* Large blocks come from the kernel and go back to it: by default each file that was let
 * go teaches malloc to keep the next one among the small blocks of whichever thread. */
void limits_settle_memory(void);

/* Processors that this process may use, at least 1. */
unsigned int limits_processors(void);

/* For the HTTP library to tell its troubles to. A thread without connections that finds no
 * descriptor for the first tries again at once, for ever, and tells each time: it waits
 * here for somebody else to close one. */
void limits_wait(void *ctx, const char *format, va_list args);

#endif
