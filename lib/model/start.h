/* start.h -- line-based facts that create or pull wrote and start reads: no JSON on the
 * start path.
 * Shape   "key value" lines, LF; keys [a-z_]+; the value is the rest of the line (may be
 *         empty); a byte below 0x20, 0x7f or a backslash in a value is \xNN
 *         images/<id>/start: arch init stop_signal epoch
 * Bounds  64 KiB, 8192 lines
 * Owns    nothing: start_get decodes into the caller's buffer */
#ifndef LIB_MODEL_START_H
#define LIB_MODEL_START_H

#include "lib/base/buf.h"

void start_line(struct buf *out, const char *key, const char *value) nonnull;

/* 0 found, ERR_NOTFOUND when the key is absent, ERR_PARSE when malformed. */
int start_get(struct bytes text, const char *key, char *out, size_t out_size,
	struct err *e) must_check nonnull;

/* Value or fallback, for optional keys; malformed text reads as absent. */
const char *start_get_or(struct bytes text, const char *key, char *out, size_t out_size,
	const char *fallback) nonnull;

/* Walks repeated keys ("arg"): *pos starts at 0; 1 found, 0 no more, -1 error. */
int start_next(struct bytes text, const char *key, size_t *pos, char *out,
	size_t out_size, struct err *e) must_check nonnull;

#endif
