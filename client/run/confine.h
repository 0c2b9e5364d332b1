/* confine.h -- what the processes of a container may not do, whatever they run.
 * Rules   a command: 11 capabilities of the container's own user namespace, no new
 *         privileges, and of the system calls an allow list. A system: all capabilities
 *         of that namespace, and a list of calls that are refused. Both: no core files
 *         (the host's core handler would read them), a session keyring of its own.
 *         confine_filter comes last, just before exec
 * Source  capabilities(7), keyrings(7), seccomp(2) */
#ifndef CLIENT_RUN_CONFINE_H
#define CLIENT_RUN_CONFINE_H

#include "lib/base/err.h"

#include <stdbool.h>

/* At most so many processes for each user of the container; 0: any number. */
int confine_processes(unsigned int most, struct err *e) must_check nonnull;

int confine_rights(bool is_system, struct err *e) must_check nonnull;

/* flags: of a plan. */
int confine_filter(unsigned int flags, struct err *e) must_check nonnull;

#endif
