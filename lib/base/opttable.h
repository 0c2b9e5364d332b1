/* opttable.h -- the tables of a program's commands and options, from which parser,
 * usage, help and completion are made.
 * Shape   a value lands in the command's own struct at `offset`; tables end with a NULL
 *         name */
#ifndef LIB_BASE_OPTTABLE_H
#define LIB_BASE_OPTTABLE_H

#include "lib/base/out.h"

enum opt_kind {
	OPT_FLAG,   /* bool */
	OPT_STRING, /* const char * */
	OPT_INT,    /* int64_t within min..max */
	OPT_SIZE,   /* int64_t bytes: 10, 64K, 8MiB, 1G (powers of 1024) */
	OPT_LIST,   /* struct opt_list, repeatable */
};

#define OPT_LIST_MAX 64

struct opt_list {
	const char *item[OPT_LIST_MAX];
	size_t count;
};

struct opt {
	const char *name; /* NULL ends the table */
	char letter;      /* 0: none */
	enum opt_kind kind;
	size_t offset;
	const char *arg;  /* what the value is called in help: "DIR" */
	const char *help; /* one line */
	int64_t min, max; /* OPT_INT */
};

struct call {
	const struct program *program;
	const struct command *command;
	struct out *out;
	void *values; /* the command's struct, zeroed before parsing, or a copy of
			 `defaults` */
	char **argv;  /* positional arguments */
	int argc;
	bool dry_run; /* -n/--dry-run, where the command's `can_dry_run` is set */
};

struct command {
	const char *name;
	const char *args; /* "IMAGE [--] COMMAND..."; where NAME comes first and there is
				a verb ps, the shell completes what `ps -a -q` prints */
	const char *summary; /* one line */
	const struct opt *opts;
	size_t values_size;
	const void *defaults;   /* NULL: zeroes */
	int min_args, max_args; /* max -1: any number */
	bool stop_at_first_arg; /* what follows the first positional belongs to somebody
				   else; a "--" right behind it is dropped */
	bool raw; /* another program parses: everything after the verb is positional */
	bool can_dry_run;
	bool hidden;
	/* Returns 0, -1 with e filled, or an exit status above 0 of its own. */
	int (*run)(struct call *c, struct err *e);
};

struct program {
	const char *name;
	const char *summary;
	const struct command *commands; /* ends with name NULL; a program without verbs
					   has one, named "" */
};

#endif
