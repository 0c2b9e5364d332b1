/* debplanner.h -- the plan of a Debian tree: from the archive's lines to debplan.h.
 * Shape   CACHE/plans/HEX, HEX the digest of everything that decides: the signed indexes,
 *         suite, architecture, variant, the packages asked for, our version
 * Rules   the indexes are fetched and verified each time; with a plan for them kept,
 *         neither Packages nor apt is looked at; a plan that somebody else could have
 *         written is not believed; a confined child unpacks and searches Packages
 * Errors  1 with a reason for what is not modelled
 * Owns    struct debplanner its indexes and plan */
#ifndef BUILDER_DEBPLANNER_H
#define BUILDER_DEBPLANNER_H

#include "builder/debindex.h"
#include "builder/debplan.h"

struct debplanner {
	struct debindex index[DEBINDEX_MAX];
	size_t index_count;
	size_t order[DEBINDEX_MAX]; /* by URL: whom a package is said to come from */
	struct debplan plan;
	bool was_kept;
};

struct debplanner_wish {
	const char *const *line; /* "deb BASE SUITE COMPONENT..." */
	/* Of each, what is known of its InRelease: mirror.h. */
	const struct digest *const *inrelease;
	size_t line_count;
	const char *suite, *arch, *variant;
	const char *const *wanted; /* NULL-terminated */
};

void debplanner_init(struct debplanner *p) nonnull;
void debplanner_release(struct debplanner *p) nonnull;

int debplanner_run(struct job *j, const struct debplanner_wish *w, struct debplanner *out,
	char reason[REASON_MAX], struct err *e) must_check nonnull;

#endif
