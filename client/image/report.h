/* report.h -- what a confined child tells its parent, over a pipe.
 * Shape   frames: u32 kind, u32 length, payload (at most 1 MiB and a name)
 * Rules   the child handles hostile bytes, so the parent believes none of its lengths,
 *         kinds or texts
 * Errors  ERR_DAMAGED for a frame that is none */
#ifndef CLIENT_IMAGE_REPORT_H
#define CLIENT_IMAGE_REPORT_H

#include "lib/base/buf.h"

#define REPORT_MAX ((1U << 20) + 256)

enum report_kind {
	REPORT_PROGRESS = 1, /* u64 bytes unpacked */
	REPORT_META,         /* name, NUL, content */
	REPORT_DONE,         /* struct unpack_done */
	REPORT_DAMAGE,       /* text: what is not as it should be */
	REPORT_USAGE, /* struct usage_row, one an image; the last one is all of them */
	REPORT_FAIL,  /* struct err */
};

int report_send(int fd, enum report_kind kind, const void *p, size_t len,
	struct err *e) must_check nonnull_args(5);

/* 1 a frame, 0 the end, -1. */
int report_next(int fd, enum report_kind *kind, struct buf *payload,
	struct err *e) must_check nonnull;

/* The child's error as ours: the text is escaped, the code is one that exists. */
int report_error(struct bytes payload, struct err *e) must_check nonnull;

#endif
