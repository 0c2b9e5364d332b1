/* support.h -- what the tests of this floor share: readers over memory, programs run as
 * judges, tar headers by hand. */
#ifndef TESTS_UNIT_ADAPT_SUPPORT_H
#define TESTS_UNIT_ADAPT_SUPPORT_H

#include "lib/base/buf.h"
#include "lib/base/fs.h"
#include "lib/base/reader.h"
#include "lib/base/spawn.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/mman.h>

#define TEST_MAX ((size_t)64 << 20)

/* A reader that hands out at most `step` bytes at a time. */
struct slice {
	struct bytes rest;
	size_t step;
};

static inline ssize_t slice_read(void *ctx, void *buf, size_t size, struct err *e)
{
	struct slice *s = ctx;
	size_t n = s->rest.len < size ? s->rest.len : size;

	(void)e;
	if (s->step && n > s->step)
		n = s->step;
	if (n)
		memcpy(buf, s->rest.data, n);
	s->rest = bytes_of(s->rest.data + n, s->rest.len - n);
	return (ssize_t)n;
}

static inline struct reader slice_reader(struct slice *s)
{
	return (struct reader){ .read = slice_read, .ctx = s };
}

/* Everything a reader gives: 0 and its bytes, or -1. */
static inline int drain(struct reader r, size_t step, struct buf *out, struct err *e)
{
	auto_free unsigned char *chunk = xmalloc(step);

	for (;;) {
		ssize_t n = reader_read(&r, chunk, step, e);

		if (n <= 0)
			return (int)n;
		buf_add(out, chunk, (size_t)n);
		assert_false(out->over);
	}
}

/* Runs a program with input on stdin; its exit status, its stdout in out. */
static inline int judge(const char *const *argv, struct bytes input, struct buf *out)
{
	auto_fd int fd = memfd_create("input", MFD_CLOEXEC);
	struct spawn s = SPAWN_INIT;
	struct err e = { 0 };
	int status = -1;

	if (input.len && fs_write_all(fd, input.data, input.len, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	s.argv = argv;
	s.stdin_fd = fd;
	if (spawn_capture(&s, out, &status, &e) < 0)
		fail_msg("%s", e.text);
	return status;
}

/* Bytes that compress somewhat, the same for the same seed. */
static inline unsigned char *sample(size_t len, unsigned int seed)
{
	unsigned char *p = xmalloc(len ? len : 1);
	uint32_t x = seed * 2654435761U + 1;

	for (size_t i = 0; i < len; i++) {
		x = x * 1664525U + 1013904223U;
		p[i] = x >> 30 ? (unsigned char)("etaoin shrdlu"[x >> 24 & 7])
			       : (unsigned char)(x >> 16);
	}
	return p;
}

#endif
