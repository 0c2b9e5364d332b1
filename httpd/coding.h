/* coding.h -- which of a file's ready-made encodings a client takes.
 * In      one Accept-Encoding as it came (data NULL: absent)
 * Shape   a q-value is 0 to 1000; what does not parse counts as not accepted
 * Rules   the highest q wins, among equals the smallest encoding of the same text; the
 *         file as it is when nothing was asked for, or when it is said to be liked better
 * Owns    nothing
 * Source  RFC 9110 12.4.2, 12.5.3; RFC 8878; RFC 7932 */
#ifndef HTTPD_CODING_H
#define HTTPD_CODING_H

#include "lib/base/auto.h"
#include "lib/base/bytes.h"

enum coding {
	CODING_NONE,
	CODING_BR,
	CODING_ZSTD,
	CODING_GZIP,
	CODING_COUNT,
};

struct coding_name {
	const char *token;  /* in Content-Encoding */
	const char *suffix; /* of the companion file */
};
extern const struct coding_name coding_names[CODING_COUNT];

/* The codings the client takes, best first; returns how many. */
size_t coding_accepted(
	struct bytes accept_encoding, enum coding out[CODING_COUNT]) nonnull;

#endif
