/* memory_reader.h -- a slice as a stream, in pieces of any size.
 * Owns    nothing; borrows the bytes */
#ifndef TESTS_UNIT_MEMORY_READER_H
#define TESTS_UNIT_MEMORY_READER_H

#include "lib/base/bytes.h"
#include "lib/base/reader.h"

struct memory_reader {
	struct bytes rest;
	size_t piece; /* 0: as much as is asked for */
};

static inline ssize_t memory_read(void *ctx, void *buf, size_t size, struct err *e)
{
	struct memory_reader *m = ctx;
	size_t n = m->rest.len < size ? m->rest.len : size;

	(void)e;
	if (m->piece && n > m->piece)
		n = m->piece;
	if (n)
		memcpy(buf, m->rest.data, n);
	m->rest = bytes_of(m->rest.data + n, m->rest.len - n);
	return (ssize_t)n;
}

static inline struct reader memory_reader_of(struct memory_reader *m)
{
	return (struct reader){ .read = memory_read, .ctx = m };
}

#endif
