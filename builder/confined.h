/* confined.h -- a function over foreign bytes, in a child that can do nothing else.
 * Rules   no network, no new privileges, no core, dies with us; an ordinary user's ids and
 *         no capability, or, with a tree to write, that tree as its root and the
 *         capabilities that ownership, modes and file capabilities need
 * Shape   what the child found out is a struct without pointers: it comes back byte by
 *         byte, and only its own bounds are relied on
 * Errors  the child's own; ERR_FAILED when it died */
#ifndef BUILDER_CONFINED_H
#define BUILDER_CONFINED_H

#include "lib/base/err.h"

struct confined {
	int (*run)(void *ctx, void *out, struct err *e);
	void *ctx;
	void *out; /* of out_size bytes; the child's becomes ours */
	size_t out_size;
	int tree_dir; /* -1: none */
};

int confined_run(const struct confined *c, struct err *e) must_check nonnull;

#endif
