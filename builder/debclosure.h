/* debclosure.h -- of whole Packages files, the part that a bootstrap can come to need: what
 * it starts from, and everything that may satisfy a dependency of it, again and again.
 * apt then decides among a few thousand packages what it would decide among all.
 * In      the texts of the indexes; control text, see stanza.h
 * Bounds  2^20 stanzas
 * Source  deb822(5), Debian policy 5.6, 7.1 */
#ifndef BUILDER_DEBCLOSURE_H
#define BUILDER_DEBCLOSURE_H

#include "lib/base/buf.h"

#define DEBCLOSURE_TEXTS_MAX 32

struct debclosure {
	struct bytes text[DEBCLOSURE_TEXTS_MAX];
	size_t count;
	const char *const *priority; /* NULL-terminated: these are started from, */
	const char *const *wanted;   /* and these, and what is essential */
};

/* out[i] gets the stanzas of text[i] that are in it, in their order, with a blank line
 * behind each. */
int debclosure_run(const struct debclosure *c, struct buf *const *out,
	struct err *e) must_check nonnull;

#endif
