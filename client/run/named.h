/* named.h -- a container that a verb names: what is written down of it and, when it runs,
 * its state.
 * Errors  ERR_USAGE: no name at all; ERR_NOTFOUND: no such container, or (named_running)
 *         it does not run
 * Owns    what config points to, until named_release */
#ifndef CLIENT_RUN_NAMED_H
#define CLIENT_RUN_NAMED_H

#include "client/run/container.h"

struct named {
	const char *name; /* borrowed */
	struct arena memory;
	struct container_config config;
	bool live;
	struct run_state state; /* when live */
};

int named_find(const struct store *s, const char *name, struct named *out,
	struct err *e) must_check nonnull;
int named_running(const struct store *s, const char *name, struct named *out,
	struct err *e) must_check nonnull;
/* Asks a running one to end (again when it reboots meanwhile), waits for its supervisor
 * to have cleaned up, and behind timeout_ms ends it; *killed says so. Ending is what is
 * wanted: that it has ended is no error. */
int named_stop(const struct store *s, const struct named *n, int signal_number,
	int64_t timeout_ms, bool *killed, struct err *e) must_check nonnull;

void named_release(struct named *n) nonnull;
#define auto_named with_cleanup(named_release)

#endif
