/* build.h -- the phases of one build, from an empty directory to a complete hand-over.
 * Rules   called in the build's own mount and pid namespace
 * Errors  the first failing phase */
#ifndef BUILDER_BUILD_H
#define BUILDER_BUILD_H

#include "builder/job.h"

/* Makes j->root and everything in j->stage_dir; build.json last. */
int build_run(struct job *j, struct err *e) must_check nonnull;

/* Will it call a package manager inside the tree? */
bool build_uses_manager(const struct job *j) must_check nonnull;

#endif
