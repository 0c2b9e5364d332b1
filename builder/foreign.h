/* foreign.h -- can this machine run the commands of an architecture?
 * Rules   its own, its 32-bit sibling, or one that an enabled binfmt_misc handler with the
 *         F flag runs: without it the interpreter would be looked for inside the tree
 * Source  Documentation/admin-guide/binfmt-misc.rst of Linux */
#ifndef BUILDER_FOREIGN_H
#define BUILDER_FOREIGN_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

bool foreign_runs_here(const char *arch) nonnull;

/* The same with a sentence that says what to install. */
int foreign_check(const char *arch, struct err *e) must_check nonnull;

/* Does a handler's text ("enabled\ninterpreter ...\nflags: OCF\n") do? */
bool foreign_handler_works(const char *text) nonnull;

#endif
