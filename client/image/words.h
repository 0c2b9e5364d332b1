/* words.h -- how facts look to a person.
 * Rules   SEC-19: text from the network is shown with control bytes, bidi controls and
 *         invalid UTF-8 escaped */
#ifndef CLIENT_IMAGE_WORDS_H
#define CLIENT_IMAGE_WORDS_H

#include "lib/base/arena.h"

/* The text, safe for a terminal. */
const char *words_safe(struct arena *arena, const char *text) must_check nonnull;

/* "5m", "3h", "12d": whole units since a time; "-" for one that is not past. */
const char *words_age(int64_t then_s, int64_t now_s, char *out, size_t out_size) nonnull;

#endif
