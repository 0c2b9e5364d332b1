/* supervise.h -- stays with a running container until its end.
 * Rules   signals that end programs are handed on to the command, so that it decides; the
 *         container dies with its supervisor (PDEATHSIG of pid 1)
 * Source  signalfd(2), pidfd_open(2) */
#ifndef CLIENT_RUN_SUPERVISE_H
#define CLIENT_RUN_SUPERVISE_H

#include "client/run/launch.h"
#include "client/run/relay.h"

/* Blocks what is handed on; returns a descriptor that receives it. Call before anything
 * is started that must not be left behind. */
int supervise_signals(struct err *e) must_check nonnull;

/* Relays and waits; *status is the command's: 0..255, 128+signal. */
int supervise(const struct launched *c, struct relay *relay, int signal_fd, int *status,
	struct err *e) must_check nonnull;

/* What became of it: 0..255, or 128+signal. */
int supervise_reap(
	const struct launched *c, int *status, struct err *e) must_check nonnull;

/* Ends it at once and reaps it; nothing when there is none. */
void supervise_kill(struct launched *c) nonnull;

#endif
