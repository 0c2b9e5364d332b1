/* download.h -- fetch something by an ordinary user's process; this one parses nothing.
 * Rules   ROOTYARD_FETCH_STALL_S and ROOTYARD_FETCH_TRIES of the environment say how long
 *         a silent server is borne and how often it is asked
 * Errors  ERR_NOTFOUND, ERR_NETWORK, ERR_UPSTREAM, ERR_LIMIT, ERR_NOSPACE, in
 *         rootyard-fetch's own words */
#ifndef BUILDER_DOWNLOAD_H
#define BUILDER_DOWNLOAD_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct download {
	const char *url;
	int64_t max_bytes;
	int out_fd;   /* a regular file */
	int state_fd; /* builder/fetch/transfer.h has its lines; -1: start anew */
	int log_fd;   /* hears what rootyard-fetch says */
	const char *const *accept; /* media types to ask for, NULL-terminated, or NULL */
	bool registry;             /* a container registry, which may want a token */
};

int download_run(const struct download *d, struct err *e) must_check nonnull;

/* Anew into out_fd, at most max_bytes. */
int download(const char *url, int out_fd, int64_t max_bytes, int log_fd,
	struct err *e) must_check nonnull;

#endif
