/* opt.h -- one table per command: parser, usage, help and shell completion come from it.
 * Rules   GNU long options (--name VALUE, --name=VALUE), single letters, "--" ends them;
 *         a value lands in the command's own struct at `offset`; what the table does not
 *         name is ERR_USAGE with the nearest name as a hint
 * Common  every command also takes --help, -q/--quiet, -v/--verbose, --json,
 *         --progress=WHEN; every program --version, --help and --completion=bash */
#ifndef LIB_BASE_OPT_H
#define LIB_BASE_OPT_H

#include "lib/base/opttable.h"
#include "lib/base/optvalue.h"

/* Parses, runs, prints the error, returns the exit status. */
int opt_main(const struct program *p, int argc, char **argv) must_check nonnull;

/* The parsing alone: argv[0] is the verb, argv[argc] is NULL; fills c->values (the
 * caller's, values_size bytes), sets the levels of c->out (the caller's), moves the
 * positionals to the front of argv + 1, where c->argv then points. */
int opt_parse(const struct command *cmd, int argc, char **argv, struct call *c,
	struct err *e) must_check nonnull;

#endif
