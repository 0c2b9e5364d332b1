/* mirror.h -- `mirror: debian` as lines for apt.
 * Rules   the host's own configured archive when it carries the suite, else the official
 *         one; whether it does is seen by its InRelease, which stays in the cache for
 *         whoever reads it next; of the additional suites (updates, security) those that are there
 * Errors  ERR_RECIPE for an unknown name, ERR_UPSTREAM when no archive has the suite */
#ifndef BUILDER_MIRROR_H
#define BUILDER_MIRROR_H

#include "builder/job.h"

#define MIRROR_LINES_MAX 8

struct mirror {
	const char *line[MIRROR_LINES_MAX]; /* "deb URI SUITE COMPONENTS" */
	/* What its InRelease was when the archive was looked for; NULL: it was not. */
	const struct digest *inrelease[MIRROR_LINES_MAX];
	size_t count;
};

int mirror_resolve(struct job *j, const char *name, const char *suite,
	const char *components, struct mirror *out, struct err *e) must_check nonnull;

/* From `apt-get indextargets` output, one URI a line: the archive whose path ends in
 * leaf; NULL when none does. Copied into the arena. */
const char *mirror_pick(
	const char *uris, const char *leaf, struct arena *arena) must_check nonnull;

#endif
