/* warden.h -- the process that stays with a container in the background.
 * Rules   it alone is the container's supervisor: it holds the lock, the console and the
 *         log, starts it again when it reboots, writes down how it ended, and the
 *         container dies with it. SIGTERM asks it to stop the container as the
 *         container wants to be stopped
 * Shape   containers/<name>/last: "status N", "ended SECONDS" */
#ifndef CLIENT_RUN_WARDEN_H
#define CLIENT_RUN_WARDEN_H

#include "client/run/instance.h"

/* Forks it; returns when the command runs (0) or cannot (-1; *status is the exit status
 * to use; a container marked as ephemeral is then removed). The container is the warden's
 * from then on, and the caller's copy is let go. */
int warden_start(struct instance *i, const struct container_config *c, int *status,
	struct err *e) must_check nonnull;

/* How `name` in containers/ ended last; false when it never did. */
bool warden_last(
	int containers_fd, const char *name, int *status, int64_t *ended) nonnull;

#endif
