/* opthelp.h -- what a program says about itself: help and completion from its tables.
 * In      the tables of opt.h, and the options that every command and program has
 * Out     results of struct out */
#ifndef LIB_BASE_OPTHELP_H
#define LIB_BASE_OPTHELP_H

#include "lib/base/opttable.h"

/* Where the options land that are common to all. */
struct opt_common {
	bool help, quiet, verbose, json, dry_run, version;
	const char *progress, *completion;
};

extern const struct opt opt_common[];  /* of every command */
extern const struct opt opt_dry_run[]; /* of a command that can_dry_run */
extern const struct opt opt_program[]; /* of the program itself */

/* A program without verbs has one command, named "". */
bool opt_has_verbs(const struct program *p) nonnull;

void opt_print_help(const struct program *p, struct out *out) nonnull;
void opt_print_command_help(
	const struct program *p, const struct command *cmd, struct out *out) nonnull;
void opt_print_bash(const struct program *p, struct out *out) nonnull;

#endif
