/* debsolve.h -- which packages make a tree, in apt's own judgement: it simulates, as an
 * ordinary user and over the verified indexes alone, the two installations that
 * mmdebstrap makes.
 * In      texts of control stanzas (debclosure.h), in the order in which they are to be
 *         believed when several have a package
 * Errors  1 with a reason for what apt cannot resolve and for what is not modelled
 * Source  apt-get(8) --simulate, apt-patterns(7), mmdebstrap(1) */
#ifndef BUILDER_DEBSOLVE_H
#define BUILDER_DEBSOLVE_H

#include "builder/debindex.h"
#include "builder/debplan.h"

struct debsolve_text {
	size_t index; /* of the indexes */
	const char *component;
	struct buf *text;
};

struct debsolve {
	const struct debindex *index;
	size_t index_count;
	const struct debsolve_text *text;
	size_t text_count;
	const char *suite, *arch, *variant;
	const char *const *wanted; /* names, NULL-terminated */
};

/* The priorities that a variant is made of, NULL-terminated; NULL for a variant that is
 * not modelled. */
const char *const *debsolve_priorities(const char *variant) nonnull;

int debsolve_run(struct job *j, const struct debsolve *s, struct debplan *out,
	char reason[REASON_MAX], struct err *e) must_check nonnull;

/* What a simulation says it would do, added as one stage. 0, -1, or 1 for what a fresh
 * tree never needs. */
int debsolve_parse(const char *text, unsigned int stage, struct debplan *out,
	char reason[REASON_MAX], struct err *e) must_check nonnull;

#endif
