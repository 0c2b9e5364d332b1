/* source_debian.h -- a Debian tree made by ourselves: apt's plan, the signed packages
 * unpacked side by side, dpkg's database written, and each script run once.
 * Rules   what is made is what mmdebstrap makes of the same indexes
 * Errors  1 with a reason for what is not modelled: the tree is empty again, and
 *         mmdebstrap is to make it
 * Source  docs of debplanner.h, debunpack.h, debconfigure.h */
#ifndef BUILDER_SOURCE_DEBIAN_H
#define BUILDER_SOURCE_DEBIAN_H

#include "builder/debplanner.h"

int source_debian(struct job *j, const struct debplanner_wish *w, char reason[REASON_MAX],
	struct err *e) must_check nonnull;

#endif
