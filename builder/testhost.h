/* testhost.h -- an ordinary user's place in which the installed rootyard runs: home, store
 * and state are thrown away together.
 * Shape   BASE/rootyard-test.XXXXXX, ours, with u/ in it, the user's
 * Rules   the commands run as that user with a clean environment; a cgroup of his own
 *         where we may make one
 *         INT, TERM and HUP wait from open to close: testhost_interrupted tells of them
 * Owns    everything until testhost_close, which ends containers first; what a kill left
 *         is ended and removed by the next testhost_open */
#ifndef BUILDER_TESTHOST_H
#define BUILDER_TESTHOST_H

#include "builder/workdir.h"

#include "lib/base/buf.h"

#include <signal.h>

#define TESTHOST_CONTAINER "boot" /* what is ended with it */

struct testhost {
	struct workdir work;
	int dir;                     /* u/ */
	char *path, *archive, *meta; /* absolute */
	uid_t uid;
	gid_t gid;
	int log_fd, cgroup_fd;
	sigset_t before;
	bool holds_signals;
};

#define TESTHOST_INIT                                                                    \
	{                                                                                \
		.work = WORKDIR_INIT, .dir = -1, .log_fd = -1, .cgroup_fd = -1           \
	}

/* user: a name of /etc/passwd, or NULL for the caller. */
int testhost_open(struct testhost *h, const char *base, const char *user, int build_dir,
	int log_fd, struct err *e) must_check nonnull_args(1, 2, 6);

/* `rootyard ARGS`: what it prints goes to out, all of it to the log. */
int testhost_run(struct testhost *h, const char *const *args, struct buf *out,
	int *status, struct err *e) must_check nonnull;

/* ERR_INTERRUPTED when a signal came. */
bool testhost_interrupted(struct err *e) nonnull;

/* Ends and removes what killed ones left below base; _open does too. */
void testhost_sweep(const char *base) nonnull;

void testhost_close(struct testhost *h) nonnull;

#endif
