/* rootview.h -- a container's files as one descriptor of its root, seen from the holder
 * namespace: nothing of ours is inside, where its processes could touch it.
 * Rules   paths below it are opened with RESOLVE_IN_ROOT; the process has one thread
 * Errors  as join.h and instance.h; ERR_CONFLICT: a layer in memory is gone when it stops
 * Owns    the descriptor is the caller's
 * Source  setns(2), openat2(2), overlayfs.rst */
#ifndef CLIENT_RUN_ROOTVIEW_H
#define CLIENT_RUN_ROOTVIEW_H

#include "client/run/instance.h"

/* Of one that runs; the caller stands in the holder namespace. */
int rootview_running(const struct run_state *s, struct err *e) must_check nonnull;

/* Of one that instance_open_stopped has opened: mounted in a mount namespace that the
 * caller is moved to. */
int rootview_stopped(const struct instance *i, const struct container_config *config,
	struct err *e) must_check nonnull;

/* What the caller makes below it belongs to the container's root from now on, who may do
 * there what he likes. */
int rootview_be_root(const struct holder *h, struct err *e) must_check nonnull;

#endif
