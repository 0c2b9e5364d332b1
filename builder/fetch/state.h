/* state.h -- what a download's state file says: transfer.h has its lines. */
#ifndef BUILDER_FETCH_STATE_H
#define BUILDER_FETCH_STATE_H

#include "builder/fetch/transfer.h"

/* Fills `have`, `etag` and `known`, and places stdout where it goes on. */
int state_read(struct transfer *t, struct err *e) must_check nonnull;

/* word "" empties it. fd -1: nothing to do. */
int state_write(
	int fd, const char *word, const char *etag, struct err *e) must_check nonnull;

#endif
