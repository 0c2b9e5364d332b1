/* state.h -- what a download's state file says: transfer.h has its lines. */
#ifndef BUILDER_FETCH_STATE_H
#define BUILDER_FETCH_STATE_H

#include "builder/fetch/answer.h"

#include "lib/base/err.h"

struct state {
	int64_t have;         /* bytes that stand in stdout */
	char etag[ETAG_MAX];  /* of those bytes; "" if they cannot be continued */
	char known[ETAG_MAX]; /* of what the caller has; "" if nothing */
};

/* Fills out (zeroed), and places stdout where it goes on. fd -1: nothing is known. */
int state_read(int fd, struct state *out, struct err *e) must_check nonnull;

/* word "" empties it. fd -1: nothing to do. */
int state_write(
	int fd, const char *word, const char *etag, struct err *e) must_check nonnull;

#endif
