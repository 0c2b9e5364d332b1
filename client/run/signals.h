/* signals.h -- names of signals, as images' metadata and people write them.
 * Shape   TERM, SIGTERM, 15, RTMIN+3, SIGRTMIN+3
 * Source  signal(7) */
#ifndef CLIENT_RUN_SIGNALS_H
#define CLIENT_RUN_SIGNALS_H

#include "lib/base/auto.h"

/* -1: no signal. */
int signal_number(const char *name) nonnull;

#endif
