#include "lib/base/opthelp.h"

#include <ctype.h>

#define HELP_COLUMN 28

#define COMMON(field) .offset = offsetof(struct opt_common, field)

const struct opt opt_common[] = {
	{ .name = "help", .kind = OPT_FLAG, COMMON(help), .help = "show this and exit" },
	{ .name = "quiet",
		.letter = 'q',
		.kind = OPT_FLAG,
		COMMON(quiet),
		.help = "say nothing but errors and warnings" },
	{ .name = "verbose",
		.letter = 'v',
		.kind = OPT_FLAG,
		COMMON(verbose),
		.help = "say more" },
	{ .name = "json",
		.kind = OPT_FLAG,
		COMMON(json),
		.help = "print results as JSON" },
	{ .name = "progress",
		.kind = OPT_STRING,
		COMMON(progress),
		.arg = "WHEN",
		.help = "auto, plain, json or none" },
	{ .name = NULL },
};

const struct opt opt_dry_run[] = {
	{ .name = "dry-run",
		.letter = 'n',
		.kind = OPT_FLAG,
		COMMON(dry_run),
		.help = "say what would be done, change nothing" },
	{ .name = NULL },
};

const struct opt opt_program[] = {
	{ .name = "version",
		.kind = OPT_FLAG,
		COMMON(version),
		.help = "show the version and exit" },
	{ .name = "completion",
		.kind = OPT_STRING,
		COMMON(completion),
		.arg = "bash",
		.help = "print shell completion and exit" },
	{ .name = NULL },
};

bool opt_has_verbs(const struct program *p)
{
	return p->commands[0].name && *p->commands[0].name;
}

static void print_options(struct out *out, const struct opt *opts)
{
	char left[128];

	for (const struct opt *o = opts; o && o->name; o++) {
		char letter[8] = "   ";

		if (o->letter)
			snprintf(letter, sizeof(letter), "-%c,", o->letter);
		snprintf(left, sizeof(left), "  %s --%s%s%s", letter, o->name,
			o->kind == OPT_FLAG ? "" : " ",
			o->kind == OPT_FLAG ? ""
			: o->arg            ? o->arg
					    : "VALUE");
		if (strlen(left) >= HELP_COLUMN)
			out_result(out, "%s\n%*s%s\n", left, HELP_COLUMN, "", o->help);
		else
			out_result(out, "%-*s%s\n", HELP_COLUMN, left, o->help);
	}
}

void opt_print_help(const struct program *p, struct out *out)
{
	if (!opt_has_verbs(p)) {
		opt_print_command_help(p, &p->commands[0], out);
		return;
	}
	out_result(out,
		"usage: %s COMMAND [OPTION]... [ARGUMENT]...\n\n%s\n\ncommands:\n",
		p->name, p->summary);
	for (const struct command *c = p->commands; c->name; c++)
		if (!c->hidden)
			out_result(out, "  %-14s%s\n", c->name, c->summary);
	out_result(out, "\noptions of every command:\n");
	print_options(out, opt_common);
	out_result(out, "\noptions of the program:\n");
	print_options(out, opt_program);
	out_result(out, "\n'%s COMMAND --help' says more about one command.\n", p->name);
}

void opt_print_command_help(
	const struct program *p, const struct command *cmd, struct out *out)
{
	bool own = (cmd->opts && cmd->opts->name) || cmd->can_dry_run;

	out_result(out, "usage: %s%s%s [OPTION]...%s%s\n\n%s\n", p->name,
		*cmd->name ? " " : "", cmd->name, cmd->args && *cmd->args ? " " : "",
		cmd->args ? cmd->args : "", cmd->summary);
	if (own)
		out_result(out, "\noptions:\n");
	print_options(out, cmd->opts);
	if (cmd->can_dry_run)
		print_options(out, opt_dry_run);
	out_result(out, "\noptions of every command:\n");
	print_options(out, opt_common);
	if (!opt_has_verbs(p))
		print_options(out, opt_program);
}

/* ---- bash: one function per program, the words as a case over the verb */

static void print_words(struct out *out, const struct opt *opts)
{
	for (const struct opt *o = opts; o && o->name; o++) {
		out_result(out, " --%s", o->name);
		if (o->letter)
			out_result(out, " -%c", o->letter);
	}
}

static void print_verbs(struct out *out, const struct program *p, const char *between)
{
	const char *lead = "";

	for (const struct command *c = p->commands; c->name; c++) {
		if (c->hidden || !*c->name)
			continue;
		out_result(out, "%s%s", lead, c->name);
		lead = between;
	}
}

/* The options of one command that take a value, as a case pattern "verb:--name|...". */
static void print_value_options(
	struct out *out, const struct command *cmd, const struct opt *opts)
{
	for (const struct opt *o = opts; o && o->name; o++) {
		if (o->kind == OPT_FLAG)
			continue;
		out_result(out, "|%s:--%s", cmd->name, o->name);
		if (o->letter)
			out_result(out, "|%s:-%c", cmd->name, o->letter);
	}
}

static void print_command_words(struct out *out, const struct command *cmd)
{
	print_words(out, cmd->opts);
	if (cmd->can_dry_run)
		print_words(out, opt_dry_run);
	print_words(out, opt_common);
}

static void print_verb_search(const struct program *p, struct out *out)
{
	if (!opt_has_verbs(p))
		return;
	out_result(out, "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
			"\t\tcase ${COMP_WORDS[i]} in\n\t\t");
	print_verbs(out, p, "|");
	out_result(out, ") verb=${COMP_WORDS[i]}; break ;;\n\t\tesac\n\tdone\n");
}

static bool takes_names(const struct command *c)
{
	return strncmp(c->args, "NAME", 4) == 0 || strncmp(c->args, "[NAME]", 6) == 0;
}

/* What another parser knows of its options and verbs is in its help. */
static void print_asking(const struct program *p, struct out *out)
{
	const char *bar = "\t";

	for (const struct command *c = p->commands; c->name; c++)
		if (c->raw && !c->hidden) {
			out_result(out, "%s%s", bar, c->name);
			bar = "|";
		}
	if (*bar == '|')
		out_result(out,
			")\n"
			"\t\task=(\"${COMP_WORDS[0]}\")\n"
			"\t\tfor word in \"${COMP_WORDS[@]:i:COMP_CWORD-i}\"; do\n"
			"\t\t\t[[ $word == -* ]] || ask+=(\"$word\")\n\t\tdone\n"
			"\t\twords=$(\"${ask[@]}\" --help 2>/dev/null | sed -n \\\n"
			"\t\t\t-e '/^commands:/,/^$/s/^  \\([a-z][a-z-]*\\) .*/\\1/p' "
			"\\\n"
			"\t\t\t-e 's/^  .\\{0,4\\}\\(--[a-z-]*\\).*/\\1/p')\n"
			"\t\t[[ $cur == -* ]] || words=$(grep -v '^-' <<<\"$words\")"
			" ;;\n");
}

/* What exists is known to the program alone: it is asked. */
static void print_name_completion(const struct program *p, struct out *out)
{
	bool lists = false;

	for (const struct command *c = p->commands; c->name; c++)
		lists = lists || strcmp(c->name, "ps") == 0;
	for (const struct command *c = p->commands; lists && c->name; c++)
		if (takes_names(c))
			out_result(out,
				"\t[[ $verb == %s && $cur != -* ]] &&\n"
				"\t\tCOMPREPLY=($(compgen -W \"$(%s ps -a -q "
				"2>/dev/null)\" -- \"$cur\"))\n",
				c->name, p->name);
}

void opt_print_bash(const struct program *p, struct out *out)
{
	char function[64];

	snprintf(function, sizeof(function), "_%s", p->name);
	for (char *c = function; *c; c++)
		if (!isalnum((unsigned char)*c))
			*c = '_';
	out_result(out,
		"# bash completion of %s\n%s()\n{\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
		"\tlocal verb= words= word i ask=()\n\n\tCOMPREPLY=()\n",
		p->name, function);
	print_verb_search(p, out);
	/* A value: leave it to the shell's own file names. */
	out_result(out,
		"\tcase $verb:$prev in\n\t*:--progress)\n"
		"\t\tCOMPREPLY=($(compgen -W 'auto plain json none' -- \"$cur\"))\n"
		"\t\treturn ;;\n\t-");
	for (const struct command *c = p->commands; c->name; c++)
		print_value_options(out, c, c->opts);
	out_result(out, ")\n\t\treturn ;;\n\tesac\n\tcase $verb in\n");
	for (const struct command *c = p->commands; c->name; c++) {
		if (c->hidden || c->raw || !*c->name)
			continue;
		out_result(out, "\t%s) words='", c->name);
		print_command_words(out, c);
		out_result(out, "' ;;\n");
	}
	print_asking(p, out);
	out_result(out, "\t*) words='");
	print_verbs(out, p, " ");
	if (!opt_has_verbs(p))
		print_words(out, p->commands[0].opts);
	print_words(out, opt_common);
	print_words(out, opt_program);
	out_result(out,
		"' ;;\n\tesac\n"
		"\t[[ $cur == -* || ${ask-} || ( -z $verb && $words != ' -'* ) ]] "
		"&&\n"
		"\t\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n");
	print_name_completion(p, out);
	out_result(out, "\treturn 0\n}\ncomplete -o bashdefault -o default -F %s %s\n",
		function, p->name);
}
