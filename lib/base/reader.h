/* reader.h -- a stream of bytes that somebody pulls: files, decoders and downloads look
 * alike.
 * Shape   read returns bytes delivered (0 at the end) or -1 with e filled
 * Owns    whoever made the stream owns ctx; a reader is only a view */
#ifndef LIB_BASE_READER_H
#define LIB_BASE_READER_H

#include "lib/base/err.h"

#include <sys/types.h>

struct reader {
	ssize_t (*read)(void *ctx, void *buf, size_t size, struct err *e);
	void *ctx;
};

/* The consuming side of the same idea. write takes all or fails. */
struct writer {
	int (*write)(void *ctx, const void *buf, size_t size, struct err *e);
	void *ctx;
};

static inline ssize_t reader_read(
	const struct reader *r, void *buf, size_t size, struct err *e)
{
	return r->read(r->ctx, buf, size, e);
}

static inline int writer_write(
	const struct writer *w, const void *buf, size_t size, struct err *e)
{
	return w->write(w->ctx, buf, size, e);
}

/* A reader over a descriptor (borrowed; fd lives in *slot until the reader is done). */
struct reader reader_of_fd(const int *slot) nonnull;

/* A writer to a descriptor, likewise. */
struct writer writer_of_fd(const int *slot) nonnull;

#endif
