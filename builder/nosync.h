/* nosync.h -- what is run from here on may ask for the disk, and is told at once that it
 * was written: for a tree that nobody will look at if the machine fails.
 * Rules   fsync, fdatasync, sync, syncfs and sync_file_range answer 0; needs CAP_SYS_ADMIN
 *         in its user namespace; for between fork and exec
 * Errors  an errno
 * Source  seccomp(2) */
#ifndef BUILDER_NOSYNC_H
#define BUILDER_NOSYNC_H

#include "lib/base/auto.h"

int nosync_enter(void) must_check;

#endif
