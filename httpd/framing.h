/* framing.h -- does a request head stand in memory as its lines were received?
 * Why     libmicrohttpd 0.9 takes a bare LF for a line end, cuts texts at a NUL, joins a
 *         folded line to the name above it and skips blanks: what a server in front of
 *         us may read as another head, and so another message
 * Rule    the library splits the head where it lies and clears each CRLF: every field
 *         begins two bytes after the end of the line before it, only blanks stand between
 *         a name and its value, and all of it is as long as what was received
 * Owns    nothing; all pointers are into the library's buffer of one head
 * Source  RFC 9112 2.2, 5.1, 5.2; SEC-71 */
#ifndef HTTPD_FRAMING_H
#define HTTPD_FRAMING_H

#include "lib/base/auto.h"
#include "lib/base/bytes.h"

#include <stdbool.h>

struct framing {
	const unsigned char *begin;
	const unsigned char *next; /* where the next line has to begin */
	bool is_broken;
};

/* target up to its first blank, as it was before the library cut its query off. */
void framing_begin(struct framing *f, struct bytes method, struct bytes target,
	struct bytes version) nonnull;
void framing_field(struct framing *f, struct bytes name, struct bytes value) nonnull;

/* After the last field; size is what was received up to the end of the empty line. Is it
 * one head for everybody? */
bool framing_is_sound(const struct framing *f, size_t size) nonnull;

#endif
