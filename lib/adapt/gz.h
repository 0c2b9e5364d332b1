/* gz.h -- gzip, where a client knows nothing newer. Reading is lib/adapt/tar.h's.
 * Shape   one member, without time and without name: the same input and level give the
 *         same bytes
 * Source  RFC 1952 */
#ifndef LIB_ADAPT_GZ_H
#define LIB_ADAPT_GZ_H

#include "lib/base/buf.h"
#include "lib/base/reader.h"

struct gz_writer;

/* Everything written comes out of `sink`, compressed. level 1..9. */
int gz_open(const struct writer *sink, int level, struct gz_writer **out,
	struct err *e) must_check nonnull;
int gz_write(struct gz_writer *g, const void *p, size_t len, struct err *e) must_check
	nonnull_args(1, 4);

/* The rest and the trailer; without it the stream is cut. */
int gz_finish(struct gz_writer *g, struct err *e) must_check nonnull;
void gz_close(struct gz_writer **g) nonnull;
#define auto_gz with_cleanup(gz_close)

/* A small document whole; appends. */
int gz_encode(
	struct bytes raw, int level, struct buf *out, struct err *e) must_check nonnull;

#endif
