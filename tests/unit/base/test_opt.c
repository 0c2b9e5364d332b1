#include "lib/base/opt.h"
#include "lib/base/spawn.h"
#include "tests/unit/base/capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct values {
	bool all;
	const char *name;
	int64_t threads, size;
	struct opt_list list;
};

static const struct opt opts[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct values, all), NULL, "everything", 0, 0 },
	{ "name", 'N', OPT_STRING, offsetof(struct values, name), "NAME", "a name", 0,
		0 },
	{ "threads", 't', OPT_INT, offsetof(struct values, threads), "N", "how many", 1,
		64 },
	{ "max-size", 0, OPT_SIZE, offsetof(struct values, size), "SIZE", "how much", 0,
		0 },
	{ "option", 'o', OPT_LIST, offsetof(struct values, list), "K=V", "repeatable", 0,
		0 },
	{ .name = NULL },
};

static const struct values defaults = { .threads = 2, .name = "none" };

/* Says what it was given. */
static int show(struct call *c, struct err *e)
{
	const struct values *v = c->values;

	(void)e;
	out_result(c->out, "%s all=%d name=%s threads=%lld level=%d dry=%d json=%d:",
		c->command->name, v->all, v->name, (long long)v->threads, c->out->level,
		c->dry_run, c->out->json);
	for (int i = 0; i < c->argc; i++)
		out_result(c->out, " %s", c->argv[i]);
	out_result(c->out, "%s\n", c->argv[c->argc] ? " and more" : "");
	return 0;
}

static int distrust(struct call *c, struct err *e)
{
	(void)c;
	return err_set(e, ERR_UNTRUSTED, "cannot believe '%s'", "it");
}

static int seven(struct call *c, struct err *e)
{
	(void)c;
	(void)e;
	return 77;
}

static int much(struct call *c, struct err *e)
{
	(void)e;
	for (int i = 0; i < 100000; i++)
		out_result(c->out, "line %d\n", i);
	return 0;
}

static const struct command commands[] = {
	{ .name = "show",
		.args = "A [B]...",
		.summary = "show what was given",
		.opts = opts,
		.values_size = sizeof(struct values),
		.defaults = &defaults,
		.min_args = 1,
		.max_args = 3,
		.can_dry_run = true,
		.run = show },
	{ .name = "run",
		.args = "IMAGE [--] COMMAND...",
		.summary = "run something",
		.opts = opts,
		.values_size = sizeof(struct values),
		.defaults = &defaults,
		.min_args = 1,
		.max_args = -1,
		.stop_at_first_arg = true,
		.run = show },
	{ .name = "pass",
		.summary = "another program parses",
		.opts = opts,
		.values_size = sizeof(struct values),
		.defaults = &defaults,
		.max_args = -1,
		.raw = true,
		.run = show },
	{ .name = "fail", .summary = "fail", .run = distrust },
	{ .name = "seven", .summary = "end with 77", .run = seven },
	{ .name = "much", .summary = "print much", .run = much },
	{ .name = "secret", .summary = "hidden", .hidden = true, .run = seven },
	{ .name = NULL },
};

static const struct program program = { "prog", "A program for tests.", commands };

static const struct command alone[] = {
	{ .name = "",
		.args = "",
		.summary = "Serve a tree.",
		.opts = opts,
		.values_size = sizeof(struct values),
		.defaults = &defaults,
		.max_args = 0,
		.run = show },
	{ .name = NULL },
};

static const struct program server = { "srv", "A server.", alone };

struct line {
	const struct program *program;
	int argc;
	char *argv[80];
};

static int run_line(void *ctx)
{
	struct line *l = ctx;

	return opt_main(l->program, l->argc, l->argv);
}

/* Runs words separated by blanks. */
static struct captured *ran(const struct program *p, const char *words)
{
	static struct captured c;
	struct line l = { .program = p };
	char *text = xstrdup(words), *save = NULL;

	for (char *w = strtok_r(text, " ", &save); w; w = strtok_r(NULL, " ", &save))
		l.argv[l.argc++] = w;
	capture(&c, run_line, &l);
	free(text);
	return &c;
}

#define shows(words, expected)                                                           \
	do {                                                                             \
		struct captured *shown = ran(&program, words);                           \
		assert_string_equal(shown->out, expected);                               \
		assert_int_equal(shown->status, 0);                                      \
	} while (0)

#define refuses(p, words, sentence)                                                      \
	do {                                                                             \
		struct captured *said = ran(p, words);                                   \
		assert_string_equal(said->err, sentence);                                \
		assert_string_equal(said->out, "");                                      \
		assert_int_equal(said->status, 2);                                       \
	} while (0)

static void values_land_where_the_table_says(void **state)
{
	(void)state;
	shows("prog show x", "show all=0 name=none threads=2 level=0 dry=0 json=0: x\n");
	shows("prog show --all --name=joe --threads 7 x",
		"show all=1 name=joe threads=7 level=0 dry=0 json=0: x\n");
	shows("prog show -aN joe -t7 x",
		"show all=1 name=joe threads=7 level=0 dry=0 json=0: x\n");
	shows("prog show --name= x",
		"show all=0 name= threads=2 level=0 dry=0 json=0: x\n");
}

static void options_may_follow_arguments(void **state)
{
	(void)state;
	shows("prog show x -n y --json -vv z",
		"show all=0 name=none threads=2 level=2 dry=1 json=1: x y z\n");
}

static void dashes_end_options(void **state)
{
	(void)state;
	shows("prog show -- --all -", "show all=0 name=none threads=2 level=0 dry=0 "
				      "json=0: --all -\n");
}

static void options_before_the_verb_are_the_commands(void **state)
{
	(void)state;
	shows("prog -q --name joe show x",
		"show all=0 name=joe threads=2 level=-1 dry=0 json=0: x\n");
}

static void first_argument_ends_options_where_the_rest_is_foreign(void **state)
{
	(void)state;
	shows("prog run --all image ls -l --all", "run all=1 name=none threads=2 level=0 "
						  "dry=0 json=0: image ls -l --all\n");
	shows("prog run image -- ls -- x",
		"run all=0 name=none threads=2 level=0 dry=0 json=0: image ls -- x\n");
	shows("prog run -- image -- ls",
		"run all=0 name=none threads=2 level=0 dry=0 json=0: image -- ls\n");
}

static void raw_commands_hand_everything_on(void **state)
{
	(void)state;
	shows("prog pass --help -- --nonsense",
		"pass all=0 name=none threads=2 level=0 dry=0 json=0: --help -- "
		"--nonsense\n");
	refuses(&program, "prog -q pass x",
		"prog: put '-q' behind the command 'pass'\ntry 'prog pass --help'\n");
}

static void unknown_names_get_a_hint(void **state)
{
	(void)state;
	refuses(&program, "prog shwo x",
		"prog: unknown command 'shwo', did you mean 'show'?\n"
		"try 'prog --help'\n");
	refuses(&program, "prog show --thread=3 x",
		"prog: unknown option '--thread', did you mean '--threads'?\n"
		"try 'prog show --help'\n");
	refuses(&program, "prog show -x",
		"prog: unknown option '-x'\ntry 'prog show --help'\n");
	refuses(&program, "prog frobnicate",
		"prog: unknown command 'frobnicate'\ntry 'prog --help'\n");
	refuses(&program, "prog run --dry-run x",
		"prog: unknown option '--dry-run'\ntry 'prog run --help'\n");
}

static void hidden_commands_run_and_are_not_suggested(void **state)
{
	(void)state;
	assert_int_equal(ran(&program, "prog secret")->status, 77);
	refuses(&program, "prog secre",
		"prog: unknown command 'secre'\ntry 'prog --help'\n");
}

static void wrong_values_are_named(void **state)
{
	(void)state;
	refuses(&program, "prog show --threads 65 x",
		"prog: option '--threads': '65' is not within 1..64\n"
		"try 'prog show --help'\n");
	refuses(&program, "prog show --threads 1x x",
		"prog: option '--threads': '1x' is not a number\n"
		"try 'prog show --help'\n");
	refuses(&program, "prog show --threads 99999999999999999999 x",
		"prog: option '--threads': '99999999999999999999' is not a number\n"
		"try 'prog show --help'\n");
	refuses(&program, "prog show x --name",
		"prog: option '--name' needs a value: NAME\ntry 'prog show --help'\n");
	refuses(&program, "prog show --all=yes x",
		"prog: option '--all' takes no value\ntry 'prog show --help'\n");
	refuses(&program, "prog show --progress=loud x",
		"prog: option '--progress': 'loud' is not auto, plain, json or none\n"
		"try 'prog show --help'\n");
}

static void argument_counts_are_checked(void **state)
{
	(void)state;
	refuses(&program, "prog show",
		"prog: too few arguments: needs A [B]...\ntry 'prog show --help'\n");
	refuses(&program, "prog show 1 2 3 4",
		"prog: unexpected argument '4'\ntry 'prog show --help'\n");
	refuses(&program, "prog", "prog: no command given\ntry 'prog --help'\n");
}

static void status_follows_the_error(void **state)
{
	struct captured *c = ran(&program, "prog fail");

	(void)state;
	assert_int_equal(c->status, 3);
	assert_string_equal(c->err, "prog: cannot believe 'it'\n");
	assert_int_equal(ran(&program, "prog seven")->status, 77);
}

static void help_lists_commands_and_options(void **state)
{
	struct captured *c = ran(&program, "prog --help");

	(void)state;
	assert_int_equal(c->status, 0);
	assert_string_equal(c->err, "");
	assert_non_null(strstr(c->out, "usage: prog COMMAND"));
	assert_non_null(strstr(c->out, "  show          show what was given\n"));
	assert_non_null(strstr(c->out, "--completion bash"));
	assert_null(strstr(c->out, "secret"));
	c = ran(&program, "prog show --nonsense-is-not-reached --help");
	assert_int_equal(c->status, 2);
	c = ran(&program, "prog show --help --nonsense");
	assert_int_equal(c->status, 0);
	assert_non_null(strstr(c->out, "usage: prog show [OPTION]... A [B]...\n"));
	assert_non_null(strstr(c->out, "  -t, --threads N           how many\n"));
	assert_non_null(strstr(c->out, "-n, --dry-run"));
	assert_non_null(strstr(c->out, "-v, --verbose"));
	assert_null(strstr(c->out, "--version"));
}

static void version_is_the_programs(void **state)
{
	(void)state;
	assert_string_equal(ran(&program, "prog --version")->out, "prog " VERSION "\n");
	assert_string_equal(ran(&server, "srv --version")->out, "srv " VERSION "\n");
	refuses(&program, "prog show --version x",
		"prog: unknown option '--version'\ntry 'prog show --help'\n");
}

static void program_without_verbs_has_options_only(void **state)
{
	struct captured *c = ran(&server, "srv --threads 3");

	(void)state;
	assert_string_equal(c->out, " all=0 name=none threads=3 level=0 dry=0 json=0:\n");
	c = ran(&server, "srv --help");
	assert_non_null(strstr(c->out, "usage: srv [OPTION]...\n\nServe a tree.\n"));
	assert_non_null(strstr(c->out, "--version"));
	refuses(&server, "srv x", "srv: unexpected argument 'x'\ntry 'srv --help'\n");
}

static void lists_collect_and_end(void **state)
{
	char text[] = "show", option[] = "-oK=V", arg[] = "x";
	char *argv[80] = { text, option, option, arg, NULL };
	struct values v;
	struct out out;
	struct call c = { .values = &v, .out = &out };
	struct err e;

	(void)state;
	out_init(&out, "prog");
	assert_int_equal(opt_parse(&commands[0], 4, argv, &c, &e), 0);
	assert_int_equal(v.list.count, 2);
	assert_string_equal(v.list.item[1], "K=V");
	assert_int_equal(c.argc, 1);
	for (int i = 1; i < 70; i++)
		argv[i] = option;
	argv[70] = NULL;
	assert_int_equal(opt_parse(&commands[0], 70, argv, &c, &e), -1);
	assert_int_equal(e.code, ERR_USAGE);
}

static void sizes_are_powers_of_1024(void **state)
{
	static const struct {
		const char *text;
		int64_t bytes; /* -1: refused */
	} facts[] = { { "10", 10 }, { "64K", 65536 }, { "64KiB", 65536 },
		{ "8MiB", 8 << 20 }, { "1G", 1 << 30 }, { "1k", 1024 }, { "0", 0 },
		{ "2T", INT64_C(2) << 40 }, { "", -1 }, { "K", -1 }, { "-1", -1 },
		{ "1.5M", -1 }, { "64KB", -1 }, { "64Kx", -1 }, { "1X", -1 },
		{ "9223372036854775808", -1 }, { "8388608T", -1 } };
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(facts); i++) {
		int64_t bytes = -1;
		int rc = opt_parse_size(facts[i].text, &bytes, &e);

		assert_int_equal(rc, facts[i].bytes < 0 ? -1 : 0);
		assert_int_equal(bytes, facts[i].bytes);
		if (rc < 0)
			assert_int_equal(e.code, ERR_USAGE);
	}
}

static void nearest_name_is_within_a_third(void **state)
{
	static const char *const names[] = { "publish", "prune", "list", "rm" };

	(void)state;
	assert_string_equal(opt_nearest("pubilsh", names, 4), "publish");
	assert_string_equal(opt_nearest("publis", names, 4), "publish");
	assert_string_equal(opt_nearest("lst", names, 4), "list");
	assert_string_equal(opt_nearest("rn", names, 4), "rm");
	assert_null(opt_nearest("xyzzy", names, 4));
	assert_null(opt_nearest("pabloxh", names, 4));
	assert_null(opt_nearest("", names, 4));
	assert_null(opt_nearest("list", names, 0));
}

static void nearest_survives_long_names(void **state)
{
	char text[600], other[600];
	const char *const names[] = { other };

	(void)state;
	memset(text, 'a', sizeof(text));
	memset(other, 'a', sizeof(other));
	text[599] = other[598] = other[599] = '\0';
	assert_null(opt_nearest(text, names, 1));
	text[255] = '\0';
	other[254] = '\0';
	assert_ptr_equal(opt_nearest(text, names, 1), other);
}

/* What bash offers for a line whose last word is being typed. */
static void completes(const char *words, const char *expected)
{
	static const char script[] = "eval \"$1\"; COMP_WORDS=($2); "
				     "[[ $2 != *' ' ]] || COMP_WORDS+=(''); "
				     "COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _prog; "
				     "echo \"${COMPREPLY[*]}\"";
	struct buf out auto_buf = BUF_INIT(4096);
	char *code = xstrdup(ran(&program, "prog --completion=bash")->out);
	const char *argv[] = { "bash", "-c", script, "bash", code, words, NULL };
	struct spawn s = SPAWN_INIT;
	struct err e;
	int status;

	s.argv = argv;
	s.stderr_fd = STDERR_FILENO;
	assert_int_equal(spawn_capture(&s, &out, &status, &e), 0);
	assert_int_equal(status, 0);
	assert_string_equal(buf_str(&out), expected);
	free(code);
}

static void completion_knows_verbs_and_options(void **state)
{
	(void)state;
	completes("prog s", "show seven\n");
	completes("prog show --t", "--threads\n");
	completes("prog show --dr", "--dry-run\n");
	completes("prog run --dr", "\n");
	completes("prog show --progress p", "plain\n");
	completes("prog show --name --t", "\n"); /* a value, not an option */
	completes("prog show ", "\n");           /* file names are the shell's */
	completes("prog --ver", "--verbose --version\n");
}

static void completion_of_another_shell_is_refused(void **state)
{
	(void)state;
	refuses(&program, "prog --completion=fish",
		"prog: option '--completion': 'fish' is not bash\n"
		"try 'prog --help'\n");
}

static int into_full(void *ctx)
{
	if (!freopen("/dev/full", "we", stdout))
		return 99;
	return run_line(ctx);
}

static int into_closed_pipe(void *ctx)
{
	int fds[2];

	if (pipe(fds) < 0)
		return 99;
	close(fds[0]);
	dup2(fds[1], STDOUT_FILENO);
	return run_line(ctx);
}

static void lost_results_are_a_failure(void **state)
{
	char prog[] = "prog", verb[] = "much";
	struct line l = { .program = &program, .argc = 2, .argv = { prog, verb, NULL } };
	struct captured c;

	(void)state;
	capture(&c, into_full, &l);
	assert_int_equal(c.status, 5);
	assert_string_equal(
		c.err, "prog: cannot write the results: No space left on device\n");
	/* Whoever closed the pipe has read enough: no death, no complaint. */
	capture(&c, into_closed_pipe, &l);
	assert_int_equal(c.status, 1);
	assert_string_equal(c.err, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_land_where_the_table_says),
		cmocka_unit_test(options_may_follow_arguments),
		cmocka_unit_test(dashes_end_options),
		cmocka_unit_test(options_before_the_verb_are_the_commands),
		cmocka_unit_test(first_argument_ends_options_where_the_rest_is_foreign),
		cmocka_unit_test(raw_commands_hand_everything_on),
		cmocka_unit_test(unknown_names_get_a_hint),
		cmocka_unit_test(hidden_commands_run_and_are_not_suggested),
		cmocka_unit_test(wrong_values_are_named),
		cmocka_unit_test(argument_counts_are_checked),
		cmocka_unit_test(status_follows_the_error),
		cmocka_unit_test(help_lists_commands_and_options),
		cmocka_unit_test(version_is_the_programs),
		cmocka_unit_test(program_without_verbs_has_options_only),
		cmocka_unit_test(lists_collect_and_end),
		cmocka_unit_test(sizes_are_powers_of_1024),
		cmocka_unit_test(nearest_name_is_within_a_third),
		cmocka_unit_test(nearest_survives_long_names),
		cmocka_unit_test(completion_knows_verbs_and_options),
		cmocka_unit_test(completion_of_another_shell_is_refused),
		cmocka_unit_test(lost_results_are_a_failure),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
