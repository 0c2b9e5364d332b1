/* debdatabase.h -- packages that are unpacked and not yet configured become known to dpkg,
 * as if it had unpacked them itself.
 * Shape   var/lib/dpkg: status, arch, info/{format,ID.list,ID.SCRIPT,...}, triggers/;
 *         var/lib/apt/extended_states. Of a package with a preinst script, which runs
 *         later, all of control.tar lies in var/lib/dpkg/ci.NAME until then
 * Rules   nothing is synced: the tree is nobody's yet
 * Source  dpkg(1), dpkg-query(1), dpkg's admindir */
#ifndef BUILDER_DEBDATABASE_H
#define BUILDER_DEBDATABASE_H

#include "builder/debpackage.h"

/* packages in the order of the plan; those known already stay. */
int debdatabase_write(int root_dir, const struct debpackage *package, size_t count,
	const char *arch, struct err *e) must_check nonnull;

#endif
