/* opt.h -- one table per command: parser, usage, help and shell completion come from it.
 * Rules   GNU long options (--name VALUE, --name=VALUE), single letters, "--" ends them;
 *         a value lands in the command's own struct at `offset`; what the table does not
 * name is ERR_USAGE with the nearest name as a hint Common  every command also takes
 * --help, -q/--quiet, -v/--verbose, --json, --progress=WHEN; every program --version,
 * --help and --completion=bash */
#ifndef LIB_BASE_OPT_H
#define LIB_BASE_OPT_H

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
	const char *args;    /* "IMAGE [--] COMMAND..." */
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

/* Parses, runs, prints the error, returns the exit status. */
int opt_main(const struct program *p, int argc, char **argv) must_check nonnull;

/* The parsing alone: argv[0] is the verb, argv[argc] is NULL; fills c->values (the
 * caller's, values_size bytes), sets the levels of c->out (the caller's), moves the
 * positionals to the front of argv + 1, where c->argv then points. */
int opt_parse(const struct command *cmd, int argc, char **argv, struct call *c,
	struct err *e) must_check nonnull;

/* "64K" -> 65536. */
int opt_parse_size(const char *text, int64_t *out, struct err *e) must_check nonnull;

/* The nearest candidate within a third of its length, or NULL: for "did you mean". */
const char *opt_nearest(
	const char *text, const char *const *candidates, size_t count) nonnull;

#endif
