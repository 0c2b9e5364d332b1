#include "lib/base/opt.h"

#include "lib/base/opthelp.h"
#include "lib/base/optvalue.h"

#include <signal.h>

#define NAMES_MAX 128 /* names that a suggestion looks at */

struct parse {
	const struct command *cmd;
	struct call *call;
	struct opt_common common;
	bool program_level; /* --version and --completion are known here */
	int verbose;
};

struct found {
	const struct opt *opt;
	void *base; /* where its value lands */
};

/* ---- names */

/* The tables in which a name is looked up, the command's own first. */
static size_t option_tables(struct parse *p, struct found tables[4])
{
	size_t n = 0;

	if (p->cmd->opts)
		tables[n++] = (struct found){ p->cmd->opts, p->call->values };
	if (p->cmd->can_dry_run)
		tables[n++] = (struct found){ opt_dry_run, &p->common };
	tables[n++] = (struct found){ opt_common, &p->common };
	if (p->program_level)
		tables[n++] = (struct found){ opt_program, &p->common };
	return n;
}

static bool find_option(
	struct parse *p, struct bytes name, char letter, struct found *out)
{
	struct found tables[4];
	size_t count = option_tables(p, tables);

	for (size_t t = 0; t < count; t++)
		for (const struct opt *o = tables[t].opt; o->name; o++)
			if (letter ? o->letter == letter
				   : bytes_equal_str(name, o->name)) {
				*out = (struct found){ o, tables[t].base };
				return true;
			}
	return false;
}

static int unknown_option(struct parse *p, struct bytes name, struct err *e)
{
	char text[256];
	const char *names[NAMES_MAX], *nearest;
	struct found tables[4];
	size_t count = option_tables(p, tables), n = 0;

	for (size_t t = 0; t < count; t++)
		for (const struct opt *o = tables[t].opt; o->name && n < NAMES_MAX; o++)
			names[n++] = o->name;
	snprintf(text, sizeof(text), "%.*s", (int)(name.len < 255 ? name.len : 255),
		(const char *)name.data);
	nearest = opt_nearest(text, names, n);
	if (nearest)
		return err_set(e, ERR_USAGE,
			"unknown option '--%s', did you mean '--%s'?", text, nearest);
	return err_set(e, ERR_USAGE, "unknown option '--%s'", text);
}

static int unknown_command(const struct program *p, const char *verb, struct err *e)
{
	const char *names[NAMES_MAX], *nearest;
	size_t n = 0;

	for (const struct command *c = p->commands; c->name && n < NAMES_MAX; c++)
		if (!c->hidden)
			names[n++] = c->name;
	nearest = opt_nearest(verb, names, n);
	if (nearest)
		return err_set(e, ERR_USAGE, "unknown command '%s', did you mean '%s'?",
			verb, nearest);
	return err_set(e, ERR_USAGE, "unknown command '%s'", verb);
}

/* ---- arguments */

/* One found option; attached is the text behind '=' or the letter, or NULL. */
static int take_option(struct parse *p, const struct found *f, const char *attached,
	int argc, char **argv, int *at, struct err *e)
{
	if (f->base == &p->common &&
		f->opt->offset == offsetof(struct opt_common, verbose))
		p->verbose++;
	if (f->opt->kind == OPT_FLAG) {
		if (attached)
			return err_set(e, ERR_USAGE, "option '--%s' takes no value",
				f->opt->name);
		return opt_store(f->opt, f->base, NULL, e);
	}
	if (!attached) {
		if (*at + 1 >= argc)
			return err_set(e, ERR_USAGE, "option '--%s' needs a value: %s",
				f->opt->name, f->opt->arg ? f->opt->arg : "VALUE");
		attached = argv[++*at];
	}
	return opt_store(f->opt, f->base, attached, e);
}

static int take_long(struct parse *p, int argc, char **argv, int *at, struct err *e)
{
	const char *text = argv[*at] + 2;
	const char *equals = strchr(text, '=');
	struct bytes name =
		bytes_of(text, equals ? (size_t)(equals - text) : strlen(text));
	struct found f;

	if (!find_option(p, name, 0, &f))
		return unknown_option(p, name, e);
	return take_option(p, &f, equals ? equals + 1 : NULL, argc, argv, at, e);
}

static int take_letters(struct parse *p, int argc, char **argv, int *at, struct err *e)
{
	for (const char *c = argv[*at] + 1; *c; c++) {
		struct found f;
		bool value;

		if (!find_option(p, bytes_of(NULL, 0), *c, &f))
			return err_set(e, ERR_USAGE, "unknown option '-%c'", *c);
		value = f.opt->kind != OPT_FLAG;
		if (take_option(p, &f, value && c[1] ? c + 1 : NULL, argc, argv, at, e) <
			0)
			return -1;
		if (value)
			return 0;
	}
	return 0;
}

/* Options into their places, positionals to the front of argv; returns how many, or -1.
 * Stops at --help: what follows does not matter then. */
static int take_arguments(struct parse *p, int argc, char **argv, struct err *e)
{
	bool only_args = p->cmd->raw, dashes_seen = false;
	int count = 0;

	for (int i = 0; i < argc && !p->common.help; i++) {
		char *arg = argv[i];
		int rc = 0;

		if (!p->cmd->raw && !dashes_seen && strcmp(arg, "--") == 0 &&
			(!only_args || count == 1)) {
			only_args = dashes_seen = true;
		} else if (only_args || arg[0] != '-' || arg[1] == '\0') {
			argv[count++] = arg;
			only_args = only_args || p->cmd->stop_at_first_arg;
		} else if (arg[1] == '-') {
			rc = take_long(p, argc, argv, &i, e);
		} else {
			rc = take_letters(p, argc, argv, &i, e);
		}
		if (rc < 0)
			return -1;
	}
	return count;
}

static int check_count(const struct command *cmd, int count, char **argv, struct err *e)
{
	const char *args = cmd->args ? cmd->args : "";

	if (count < cmd->min_args)
		return err_set(e, ERR_USAGE, "too few arguments: needs %s", args);
	if (cmd->max_args >= 0 && count > cmd->max_args)
		return err_set(
			e, ERR_USAGE, "unexpected argument '%s'", argv[cmd->max_args]);
	return 0;
}

static int progress_kind(const char *word, enum out_progress *out, struct err *e)
{
	static const char *const names[] = { "auto", "plain", "json", "none" };

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (strcmp(word, names[i]) == 0) {
			*out = (enum out_progress)i;
			return 0;
		}
	return err_set(e, ERR_USAGE,
		"option '--progress': '%s' is not auto, plain, json or none", word);
}

static int apply_common(struct parse *p, struct err *e)
{
	enum out_progress progress = OUT_PROGRESS_AUTO;
	struct out *out = p->call->out;

	if (p->common.progress && progress_kind(p->common.progress, &progress, e) < 0)
		return -1;
	out->level = p->common.quiet ? -1 : p->verbose;
	out->json = p->common.json;
	out_set_progress(out, progress);
	p->call->dry_run = p->common.dry_run;
	return 0;
}

static void set_defaults(const struct command *cmd, struct call *c)
{
	if (cmd->values_size == 0)
		return;
	memset(c->values, 0, cmd->values_size);
	if (cmd->defaults)
		memcpy(c->values, cmd->defaults, cmd->values_size);
}

/* lead: options before the verb; rest: what stands behind it. */
static int parse_call(struct parse *p, int lead_count, char **lead, int rest_count,
	char **rest, struct err *e)
{
	struct call *c = p->call;
	int count;

	c->command = p->cmd;
	set_defaults(p->cmd, c);
	if (lead_count > 0 && p->cmd->raw)
		return err_set(e, ERR_USAGE, "put '%s' behind the command '%s'", lead[0],
			p->cmd->name);
	if (lead_count > 0) {
		bool program_level = p->program_level;

		p->program_level = true;
		if (take_arguments(p, lead_count, lead, e) < 0)
			return -1;
		p->program_level = program_level;
	}
	count = take_arguments(p, rest_count, rest, e);
	if (count < 0 || apply_common(p, e) < 0)
		return -1;
	c->argv = rest;
	c->argc = count;
	if (p->common.help || p->common.version || p->common.completion)
		return 0;
	if (count < rest_count)
		rest[count] = NULL;
	return check_count(p->cmd, count, rest, e);
}

int opt_parse(
	const struct command *cmd, int argc, char **argv, struct call *c, struct err *e)
{
	struct parse p = { .cmd = cmd, .call = c };

	return parse_call(&p, 0, NULL, argc - 1, argv + 1, e);
}

/* ---- the program */

/* Does this option before the verb take the next word? Some command's table knows. */
static bool takes_next(const struct program *p, const char *arg)
{
	static const struct opt *const shared[] = { opt_common, opt_program };
	const struct command *c = p->commands;
	size_t s = 0;
	bool is_long = arg[1] == '-';

	while (c->name || s < ARRAY_COUNT(shared)) {
		const struct opt *o = c->name ? (c++)->opts : shared[s++];

		for (; o && o->name; o++)
			if (is_long ? strcmp(o->name, arg + 2) == 0
				    : o->letter && o->letter == arg[1] && !arg[2])
				return o->kind != OPT_FLAG;
	}
	return false;
}

static int find_verb(const struct program *p, int argc, char **argv)
{
	int i = 1;

	while (i < argc && argv[i][0] == '-' && argv[i][1] != '\0')
		i += takes_next(p, argv[i]) ? 2 : 1;
	return i < argc ? i : argc;
}

static const struct command *find_command(const struct program *p, const char *name)
{
	for (const struct command *c = p->commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* What was asked about the program instead of a command: true when it was answered. */
static bool answer_questions(struct parse *p, struct err *e, int *status)
{
	const struct program *program = p->call->program;
	struct out *out = p->call->out;

	*status = 0;
	if (p->common.help && *p->cmd->name)
		opt_print_command_help(program, p->cmd, out);
	else if (p->common.help)
		opt_print_help(program, out);
	else if (p->common.version)
		out_result(out, "%s %s\n", program->name, VERSION);
	else if (p->common.completion && strcmp(p->common.completion, "bash") == 0)
		opt_print_bash(program, out);
	else if (p->common.completion)
		*status = err_set(e, ERR_USAGE, "option '--completion': '%s' is not bash",
			p->common.completion);
	else
		return false;
	return true;
}

static int usage_error(const struct parse *p, const struct err *e)
{
	const struct out *out = p->call->out;
	const char *verb = p->cmd ? p->cmd->name : "";

	out_error(p->call->out, e);
	fprintf(out->messages, "try '%s%s%s --help'\n", p->call->program->name,
		*verb ? " " : "", verb);
	return err_exit_status(e);
}

static int run_command(struct parse *p, struct err *e)
{
	int status = p->cmd->run(p->call, e);

	if (status >= 0)
		return status;
	out_error(p->call->out, e);
	return err_exit_status(e);
}

static int flush_results(struct out *out, int status)
{
	struct err e;

	if (out_flush(out, &e) == 0)
		return status;
	if (e.sys != EPIPE) /* whoever closed it has read enough */
		out_error(out, &e);
	return status != 0 ? status : err_exit_status(&e);
}

/* Finds the command and parses; ERR_USAGE says that there is none. */
static int parse_program(struct parse *p, int argc, char **argv, struct err *e)
{
	/* Stands in while only the program itself is asked about. */
	static const struct command nobody = { .name = "" };
	const struct program *program = p->call->program;
	int verb = find_verb(program, argc, argv);

	if (!opt_has_verbs(program)) {
		p->program_level = true;
		p->cmd = &program->commands[0];
		p->call->values = xcalloc(1, p->cmd->values_size + 1);
		return parse_call(p, 0, NULL, argc - 1, argv + 1, e);
	}
	p->cmd = verb < argc ? find_command(program, argv[verb]) : &nobody;
	if (!p->cmd)
		return unknown_command(program, argv[verb], e);
	p->call->values = xcalloc(1, p->cmd->values_size + 1);
	if (verb < argc)
		return parse_call(
			p, verb - 1, argv + 1, argc - verb - 1, argv + verb + 1, e);
	if (parse_call(p, argc - 1, argv + 1, 0, argv + argc, e) < 0)
		return -1;
	if (p->common.help || p->common.version || p->common.completion)
		return 0;
	return err_set(e, ERR_USAGE, "no command given");
}

int opt_main(const struct program *program, int argc, char **argv)
{
	struct out out;
	struct call call = { .program = program, .out = &out };
	struct parse p = { .call = &call };
	struct err e;
	int status;

	/* A closed pipe is an error of write, not a death in the middle of work. */
	signal(SIGPIPE, SIG_IGN);
	out_init(&out, program->name);
	if (argc < 1)
		argc = 0;
	if (parse_program(&p, argc, argv, &e) < 0)
		status = usage_error(&p, &e);
	else if (!answer_questions(&p, &e, &status))
		status = run_command(&p, &e);
	else if (status < 0)
		status = usage_error(&p, &e);
	status = flush_results(&out, status);
	free(call.values);
	return status;
}
