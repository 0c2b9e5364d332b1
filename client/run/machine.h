/* machine.h -- what a system finds that a command does not: a /run of its own, who its
 * manager is, its machine id, a boot id of this boot.
 * Rules   as special.h, behind special_mount
 * Source  systemd's "The Container Interface"; random(4) */
#ifndef CLIENT_RUN_MACHINE_H
#define CLIENT_RUN_MACHINE_H

#include "client/run/plan.h"
#include "lib/base/err.h"

int machine_mount(int root_fd, const struct plan *p, struct err *e) must_check nonnull;

#endif
