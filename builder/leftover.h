/* leftover.h -- what scrubbing cannot mend, because nobody knows what it is for: it fails
 * the build.
 * Shape   every regular file, link target and name in the tree is searched for the secrets
 *         that actions were given; what configures the system also for private keys, the
 *         caller's proxies and the build's own paths
 * Errors  ERR_RECIPE names the check and the file */
#ifndef BUILDER_LEFTOVER_H
#define BUILDER_LEFTOVER_H

#include "builder/job.h"

int leftover_check(struct job *j, struct err *e) must_check nonnull;

#endif
