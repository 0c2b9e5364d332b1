/* debunpack.h -- the verified packages of one stage become part of a tree, and of dpkg's
 * database in it, on several threads of a child that can do nothing else.
 * Rules   confined to the tree (confined.h); "base-files" goes first, because the links
 *         into usr/ may be its; the result does not depend on threads; directories
 *         end as mmdebstrap leaves them. In the first stage, where it uses tar: owner, mode
 *         and time of the last package that has it, but the present time where something
 *         that is no directory was put into it. In the second, where it uses dpkg: one that
 *         was there stays, else owner and mode of the first package, and its time only if
 *         nothing was put into it
 * Errors  1 with a reason for what is not modelled: the tree is to be emptied then; two
 *         packages with one file, a file in no package's directory, ... */
#ifndef BUILDER_DEBUNPACK_H
#define BUILDER_DEBUNPACK_H

#include "builder/debindex.h"
#include "builder/debplan.h"

struct debunpack {
	const struct debplan *plan;
	const int *fd; /* of each package of the plan */
	unsigned int stage;
	const char *arch;
	unsigned int threads; /* 0: as many as processors */
};

int debunpack_run(const struct debunpack *u, int root_dir, char reason[REASON_MAX],
	struct err *e) must_check nonnull;

#endif
