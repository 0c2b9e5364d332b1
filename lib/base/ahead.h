/* ahead.h -- a stream that a thread of its own reads ahead of whoever reads it, so that
 * making the bytes and using them take two processors.
 * Shape   a ring of AHEAD_CHUNKS chunks of AHEAD_CHUNK bytes; each is filled before it is
 *         handed on
 * Errors  what the source said comes out where it stood in the stream, and again each time
 *         after
 * Owns    the thread, and from ahead_open on the source: it is released when the thread
 *         reads it no more, which may be after ahead_close where the source is waited for */
#ifndef LIB_BASE_AHEAD_H
#define LIB_BASE_AHEAD_H

#include "lib/base/reader.h"

#define AHEAD_CHUNK  (256U << 10)
#define AHEAD_CHUNKS 8

struct ahead;

/* Takes the source, also on failure; release gets its ctx. */
int ahead_open(const struct reader *source, void (*release)(void *ctx),
	struct ahead **out, struct err *e) must_check nonnull;
struct reader ahead_as_reader(struct ahead *a) nonnull;

/* Does not wait for a source that waits itself. */
void ahead_close(struct ahead **a) nonnull;
#define auto_ahead with_cleanup(ahead_close)

#endif
