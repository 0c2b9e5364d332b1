/* agent.h -- the agent that GnuPG starts by itself, and its end.
 * Rules   a home is used by one command at a time (the tree's lock), so whatever agent it
 *         has is ours to end; a watcher ends it also when the command is killed
 * Owns    a watch owns its process */
#ifndef INDEXER_AGENT_H
#define INDEXER_AGENT_H

#include "lib/base/err.h"

#include <sys/types.h>

struct agent_watch {
	pid_t pid;
	int fd; /* its other end tells the watcher that we are gone */
};

#define AGENT_WATCH_INIT                                                                 \
	{                                                                                \
		.pid = -1, .fd = -1                                                      \
	}

/* Ends every agent of this home and waits until it is gone. Never fails: there may be
 * none. */
void agent_end(const char *home) nonnull;

/* Ends what a killed run left running, and removes its locks and sockets. */
int agent_clean(const char *home, struct err *e) must_check nonnull;

/* Starts it, before any worker with its limits would. */
int agent_start(const char *home, struct err *e) must_check nonnull;

/* From here to agent_watch_end the home's agent dies with us. */
int agent_watch_begin(
	const char *home, struct agent_watch *out, struct err *e) must_check nonnull;
void agent_watch_end(struct agent_watch *w, const char *home) nonnull;

#endif
