/* debconfigure.h -- the scripts of a stage's packages, and dpkg, make what is unpacked
 *         configured, in apt's order: a preinst script when its package would have been
 *         unpacked, dpkg when apt would have called it.
 * Rules   in the tree, without the network, nothing synced (chroot.h); no service is started
 * Errors  1 with a reason when a package moves another one's files aside before it is
 *         unpacked, or is not configured in the end
 * Source  dpkg(1); what apt-get has dpkg do with Debug::pkgDPkgPM and in dpkg.log */
#ifndef BUILDER_DEBCONFIGURE_H
#define BUILDER_DEBCONFIGURE_H

#include "builder/debindex.h"
#include "builder/debplan.h"

int debconfigure_run(struct job *j, const struct debplan *plan, unsigned int stage,
	char reason[REASON_MAX], struct err *e) must_check nonnull;

/* The script that does it, for tests. */
void debconfigure_script(
	const struct debplan *plan, unsigned int stage, struct buf *out) nonnull;

#endif
