/* main.c -- rootyard-fetch: the builder's only network code, an ordinary user's process.
 * In      --max-bytes N -- URL; stdout is a regular file that the caller opened
 * Out     the bytes of URL; of what comes, only a registry's token is parsed here
 * Errors  status 8 not there, 5 too large or disk full, 4 the network's fault, 11 the
 *         server's
 * Source  security chapter SEC-12 to SEC-15 */
#include "builder/fetch/transfer.h"

#include "lib/base/opt.h"

#include <sys/stat.h>

#define AT(member) offsetof(struct fetch_values, member)

struct fetch_values {
	int64_t max_bytes, state_fd, stall_s, tries;
	struct opt_list accept;
	bool registry;
};

static const struct fetch_values fetch_defaults = {
	.state_fd = -1, .stall_s = 30, .tries = 5
};

static const struct opt fetch_opts[] = {
	{ "max-bytes", 0, OPT_INT, AT(max_bytes), "N",
		"end with status 5 when there is more", 1, INT64_C(1) << 40 },
	{ "state-fd", 0, OPT_INT, AT(state_fd), "FD",
		"a file that tells how far stdout is, and will", 3, 1023 },
	{ "stall", 0, OPT_INT, AT(stall_s), "SECONDS",
		"hang up on a server that sends nothing for so long (default: 30)", 1,
		3600 },
	{ "tries", 0, OPT_INT, AT(tries), "N", "ask at most so often (default: 5)", 1,
		100 },
	{ "accept", 0, OPT_LIST, AT(accept), "TYPE", "ask for this media type", 0, 0 },
	{ "registry", 0, OPT_FLAG, AT(registry), NULL,
		"get a token where a container registry wants one", 0, 0 },
	{ 0 },
};

static int check(const struct fetch_values *v, struct err *e)
{
	struct stat st;

	if (geteuid() == 0)
		return err_set(e, ERR_USAGE, "refuses to run as root");
	if (v->max_bytes == 0)
		return err_set(e, ERR_USAGE, "--max-bytes must be given");
	if (fstat(STDOUT_FILENO, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, "stdout must be a regular file");
	if (v->state_fd >= 0 &&
		(fstat((int)v->state_fd, &st) < 0 || !S_ISREG(st.st_mode)))
		return err_set(e, ERR_USAGE, "--state-fd must name a regular file");
	return 0;
}

static int run_fetch(struct call *c, struct err *e)
{
	const struct fetch_values *v = c->values;
	struct transfer t = { .url = c->argv[0],
		.max_bytes = v->max_bytes,
		.state_fd = (int)v->state_fd,
		.stall_s = (long)v->stall_s,
		.tries = (unsigned int)v->tries,
		.accept = v->accept.item,
		.accept_count = v->accept.count,
		.registry = v->registry };

	if (check(v, e) < 0)
		return -1;
	return transfer_run(&t, e) < 0 ? err_wrap(e, "cannot fetch '%s'", t.url) : 0;
}

static const struct command commands[] = {
	{ .name = "",
		.args = "URL",
		.summary = "writes the bytes of URL to stdout, a regular file",
		.opts = fetch_opts,
		.values_size = sizeof(struct fetch_values),
		.defaults = &fetch_defaults,
		.min_args = 1,
		.max_args = 1,
		.run = run_fetch },
	{ 0 },
};

int main(int argc, char **argv)
{
	static const struct program program = {
		.name = "rootyard-fetch",
		.summary = "the builder's only network code, run as an ordinary user",
		.commands = commands,
	};

	return opt_main(&program, argc, argv);
}
