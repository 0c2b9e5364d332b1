/* nightrun.h -- builds the images of a night, a few at a time, each in a process of its
 * own, so that whatever happens to one stays there.
 * Rules   what the upstream failed to deliver is tried again after a growing pause while
 *         others are built; a failed test once; all else not. Results are in the journal
 *         before they count
 * Errors  ERR_INTERRUPTED after a signal: all that ran has ended */
#ifndef BUILDER_NIGHTRUN_H
#define BUILDER_NIGHTRUN_H

#include "builder/night.h"

int nightrun_all(struct night *n, struct err *e) must_check nonnull;

#endif
