/* scrub.h -- what must not be in an image: secrets, traces of this host, and whatever
 * differs between two builds of the same packages.
 * Shape   named checks; each says in build.json how many things it removed or mended
 * Errors  a check that cannot be done fails the build
 * Source  recipes chapter section 10.4 */
#ifndef BUILDER_SCRUB_H
#define BUILDER_SCRUB_H

#include "builder/job.h"

int scrub_tree(struct job *j, struct err *e) must_check nonnull;

/* shadow(5) text with no day of last change later than day; returns how many lines. */
uint64_t scrub_shadow(struct bytes text, int64_t day, struct buf *out) nonnull;

/* Every URL that is `own`, or lies below it, becomes `official`; returns how many. */
uint64_t scrub_urls(struct bytes text, const char *own, const char *official,
	struct buf *out) nonnull;

/* The lines of a text, sorted; the stanzas of a control text. */
void scrub_sort_lines(struct bytes text, struct buf *out) nonnull;
void scrub_sort_stanzas(struct bytes text, struct buf *out) nonnull;

#endif
