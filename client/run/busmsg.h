/* busmsg.h -- the few messages of D-Bus that one call needs: bytes in, bytes out.
 * Shape   little-endian what we say, either what we hear; a value stands at a multiple of
 *         its size, counted from the message's begin, and the body begins at a multiple of
 *         eight
 * Errors  a message that is no message, or longer than 64 KiB, is -1
 * Owns    nothing; what was parsed borrows the text
 * Source  D-Bus specification, "Message Protocol" and "Marshaling" */
#ifndef CLIENT_RUN_BUSMSG_H
#define CLIENT_RUN_BUSMSG_H

#include "lib/base/buf.h"

#define BUSMSG_MAX (64U << 10)

/* Values of a body, each at its place. */
void busmsg_u32(struct buf *body, uint32_t value) nonnull;
void busmsg_string(struct buf *body, const char *text) nonnull;
void busmsg_signature(struct buf *body, const char *text) nonnull;

/* An array of what stands at multiples of `align`; the mark ends it. */
size_t busmsg_array_begin(struct buf *body, unsigned int align) nonnull;
void busmsg_array_end(struct buf *body, size_t mark, unsigned int align) nonnull;
void busmsg_align(struct buf *body, unsigned int align) nonnull;

struct busmsg_call {
	uint32_t serial; /* not 0 */
	const char *destination, *path, *interface, *member;
	const char *signature; /* of the body; "": none */
};

void busmsg_call(const struct busmsg_call *c, struct bytes body, struct buf *out) nonnull;

enum { BUSMSG_RETURN = 2, BUSMSG_ERROR = 3 };

struct busmsg {
	unsigned int type;
	uint32_t reply_to;
	char text[200]; /* the first string of the body, "" when it begins otherwise */
};

/* The message that `text` begins with: its length, 0 when the end is missing, or -1. */
long busmsg_parse(struct bytes text, struct busmsg *out) must_check nonnull;

#endif
