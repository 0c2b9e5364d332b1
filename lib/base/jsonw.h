/* jsonw.h -- write JSON: the same facts give the same bytes.
 * Shape   keys in the order of the calls, no white space, strings as UTF-8 with only the
 *         escapes JSON demands (invalid UTF-8 becomes U+FFFD), integers only
 * Owns    nothing; appends to the buffer, whose ceiling reports overflow
 * Source  RFC 8259 */
#ifndef LIB_BASE_JSONW_H
#define LIB_BASE_JSONW_H

#include "lib/base/buf.h"

struct jsonw {
	struct buf *out;
	bool comma; /* a comma is due before the next value or key */
};

static inline struct jsonw jsonw_to(struct buf *out)
{
	return (struct jsonw){ .out = out };
}

/* A writer that goes on in a text that was begun: a comma is due unless something was
 * just opened; newlines at its end do not matter. */
struct jsonw jsonw_resume(struct buf *out) nonnull;

void jsonw_object(struct jsonw *w) nonnull;
void jsonw_end_object(struct jsonw *w) nonnull;
void jsonw_array(struct jsonw *w) nonnull;
void jsonw_end_array(struct jsonw *w) nonnull;
void jsonw_key(struct jsonw *w, const char *key) nonnull;
void jsonw_str(struct jsonw *w, const char *value) nonnull;
void jsonw_bytes(struct jsonw *w, struct bytes value) nonnull;
void jsonw_int(struct jsonw *w, int64_t value) nonnull;
void jsonw_bool(struct jsonw *w, bool value) nonnull;
void jsonw_null(struct jsonw *w) nonnull;

/* Key and value in one call. */
void jsonw_kstr(struct jsonw *w, const char *key, const char *value) nonnull;
void jsonw_kint(struct jsonw *w, const char *key, int64_t value) nonnull;
void jsonw_kbool(struct jsonw *w, const char *key, bool value) nonnull;

#endif
