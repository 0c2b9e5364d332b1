/* scope.h -- a delegated cgroup from systemd's user manager.
 * Rules   only for what needs one (a limit, a system): the call takes milliseconds. The
 *         unit goes when its last process ends
 * Errors  ERR_NOTFOUND: no user manager is to be reached; else why it refused
 * Source  org.freedesktop.systemd1(5), StartTransientUnit; systemd's CGROUP_DELEGATION */
#ifndef CLIENT_RUN_SCOPE_H
#define CLIENT_RUN_SCOPE_H

#include "lib/base/err.h"

/* Moves this process into a scope of its own, named after the container, and there into
 * "supervisor", so that the container's cgroup can stand beside it. */
int scope_enter(const char *name, struct err *e) must_check nonnull;

#endif
