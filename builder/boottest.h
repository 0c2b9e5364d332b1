/* boottest.h -- does a build boot? It is started as a container of an ordinary user by the
 * installed rootyard, asked, and stopped.
 * Shape   kind "systemd" (waits until systemctl says running or degraded, then no unit may
 *         have failed) or "command" (an init whose system answers a command); then its own
 *         host name resolves, root is a user, and it stops by itself; for the variant
 *         cloud the NoCloud seed was read
 * Rules   polls; INT, TERM and HUP end it; whatever happened, the container is gone
 *         afterwards, or, after a kill, when the next one sweeps
 * Errors  ERR_TEST says which check; ERR_INTERRUPTED; others when it could not be tried
 * Owns    a private directory of that user below base, while it runs */
#ifndef BUILDER_BOOTTEST_H
#define BUILDER_BOOTTEST_H

#include "lib/model/build.h"

#include <sys/types.h>

struct boottest {
	const struct build *build;
	int build_dir;    /* with rootfs.tar.zst and meta.tar.xz */
	const char *base; /* absolute; its user can pass through it */
	const char *user; /* by name; NULL: the caller, who is not root then */
	int log_fd;
	int64_t timeout_s;
	const char *kind; /* out: "systemd" or "command"; "" until known */
};

int boottest_run(struct boottest *t, struct err *e) must_check nonnull;

#endif
