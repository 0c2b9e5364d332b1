/* buf.h -- a growing buffer with a ceiling.
 * Errors  an append beyond the ceiling is dropped and remembered (`over`); buf_check
 * turns it into ERR_LIMIT, so that a writer appends freely and checks once at the end
 * Owns    data; NUL-terminated behind len as a convenience (NULL while empty) */
#ifndef LIB_BASE_BUF_H
#define LIB_BASE_BUF_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

struct buf {
	unsigned char *data;
	size_t len;
	size_t cap;
	size_t ceiling;
	bool over;
};

#define BUF_INIT(max_bytes)                                                              \
	{                                                                                \
		.ceiling = (max_bytes)                                                   \
	}

void buf_release(struct buf *b) nonnull;
#define auto_buf with_cleanup(buf_release)

/* Empties it, keeps the memory. */
void buf_clear(struct buf *b) nonnull;

void buf_add(struct buf *b, const void *p, size_t len) nonnull_args(1);
void buf_add_str(struct buf *b, const char *s) nonnull;
void buf_add_byte(struct buf *b, unsigned char c) nonnull;
void buf_add_fill(struct buf *b, unsigned char c, size_t count) nonnull;
void buf_add_le(struct buf *b, uint64_t value, unsigned int size_bytes) nonnull;
void buf_printf(struct buf *b, const char *fmt, ...) nonnull printf_like(2, 3);
void buf_add_hex(struct buf *b, const unsigned char *p, size_t len) nonnull;
void buf_add_base64(struct buf *b, struct bytes in) nonnull;

/* Makes room for len more bytes and returns where they go, NULL beyond the ceiling;
 * buf_grew says how many were filled. */
unsigned char *buf_reserve(struct buf *b, size_t len) nonnull;
void buf_grew(struct buf *b, size_t len) nonnull;

/* ERR_LIMIT "WHAT is larger than N bytes" when anything was dropped. */
int buf_check(const struct buf *b, const char *what, struct err *e) must_check nonnull;

/* Decodes strict base64 (padding required, no white space); appends to out. */
int buf_decode_base64(
	struct bytes text, struct buf *out, struct err *e) must_check nonnull;

/* The content as a slice, and as a C string ("" when empty); borrowed until the next
 * append. */
struct bytes buf_bytes(const struct buf *b) nonnull;
const char *buf_str(const struct buf *b) nonnull;

/* The content as an owned C string; the buffer is empty afterwards. */
char *buf_steal_str(struct buf *b) must_check nonnull;

#endif
