/* hostview.h -- what a program of this host sees while it makes a tree: itself.
 * Shape   a root directory in the work directory, with /usr and what programs need of
 *         /etc read-only, the work directory as /build, the usual /dev, /proc, /run and
 *         /tmp; nothing of /home, /root, /run, /var, no private key, no shadow
 * Rules   a repository of this host that a `file:` URL names is there, read-only, where it
 *         says, when it is one (it has dists/ or repodata/)
 * Owns    paths, in the job's arena */
#ifndef BUILDER_HOSTVIEW_H
#define BUILDER_HOSTVIEW_H

#include "builder/chroot.h"
#include "builder/job.h"

#define HOSTVIEW_BUILD "build" /* of the view: where the work directory is */

/* The root of such a view, and what is mounted there: c->root and c->bind. */
int hostview_make(struct job *j, struct chroot *c, struct err *e) must_check nonnull;

/* Adds the repositories that the text names. */
int hostview_add_repositories(struct job *j, const char *text, struct chroot *c,
	struct err *e) must_check nonnull;

#endif
