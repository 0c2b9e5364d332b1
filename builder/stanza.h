/* stanza.h -- Debian control text: stanzas of "Field: value" lines, blank line between.
 * Owns    nothing; slices borrow from the text
 * Source  deb822(5) */
#ifndef BUILDER_STANZA_H
#define BUILDER_STANZA_H

#include "lib/base/auto.h"
#include "lib/base/bytes.h"

/* Cuts the next stanza off *text; false at the end. */
bool stanza_next(struct bytes *text, struct bytes *stanza) nonnull;

/* The first line of a field's value, blanks around it cut; empty when absent. */
struct bytes stanza_get(struct bytes stanza, const char *field) nonnull;

/* The field's value with all its continuation lines, as they stand. */
struct bytes stanza_get_lines(struct bytes stanza, const char *field) nonnull;

#endif
