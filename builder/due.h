/* due.h -- would today's sources give the packages that a recorded build was made of?
 * Rules   an archive's signed index that is the same names the same packages; an archive
 *         without one is fetched and compared; packages that no recorded index names are
 *         not known in advance and count as changed
 * Source  recipes chapter section 13; apt-secure(8) */
#ifndef BUILDER_DUE_H
#define BUILDER_DUE_H

#include "builder/job.h"

/* NULL: nothing changed; else what did, in a few words. */
const char *due_sources(struct job *j, const struct build *last) must_check nonnull;

#endif
