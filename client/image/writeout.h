/* writeout.h -- what a tree has so far goes to the disk while more of it is written, so that
 * the one sync at its end, which everybody waits for, finds little left to do.
 * Errors  of the disk: a sync later through the same descriptor does not say them again
 * Owns    a thread, until writeout_close, which waits for what was begun; borrows the
 *         descriptor */
#ifndef CLIENT_IMAGE_WRITEOUT_H
#define CLIENT_IMAGE_WRITEOUT_H

#include "lib/base/err.h"

#include <stdint.h>

struct writeout;

/* fd: anything on the file system. */
int writeout_open(int fd, struct writeout **out, struct err *e) must_check nonnull;

/* So many bytes were written in all; begins, or does nothing while the last is under way. */
void writeout_at(struct writeout *w, uint64_t bytes) nonnull;

/* Waits for what was begun; what could not be written is said here. */
int writeout_finish(struct writeout **w, struct err *e) must_check nonnull;

void writeout_close(struct writeout **w) nonnull;
#define auto_writeout with_cleanup(writeout_close)

#endif
