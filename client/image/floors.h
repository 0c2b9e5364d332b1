/* floors.h -- the lowest that a remote may show us: what it showed before.
 * Shape   state/<remote>/floors: lines of "key value" (lib/model/start.h); written whole,
 *         synced, 0600
 * Errors  ERR_NOTFOUND when there is none; ERR_DAMAGED, naming the repair, when it is not
 *         what we wrote: never taken for a first use
 * Source  SEC-9, SEC-11; formats chapter section 3 */
#ifndef CLIENT_IMAGE_FLOORS_H
#define CLIENT_IMAGE_FLOORS_H

#include "lib/model/trust.h"

struct floors {
	char repo[33];        /* 32 hex digits */
	int64_t root_version; /* the root we stand on: state/<remote>/root.N */
	int64_t seen_root;    /* `root_version` of the newest current accepted */
	int64_t version, generation, created_s; /* 0: forgotten */
};

int floors_load(int state_fd, const char *remote, struct floors *out,
	struct err *e) must_check nonnull;

/* Writes what is at least as high as what stands there: two processes never lower each
 * other. */
int floors_raise(int state_fd, const char *remote, const struct floors *f,
	struct err *e) must_check nonnull;

/* ERR_UNTRUSTED when current is below, naming both values. */
int floors_check(const struct floors *f, const struct current *c,
	struct err *e) must_check nonnull;

#endif
