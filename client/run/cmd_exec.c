#include "client/run/commands.h"

#include "client/run/env.h"
#include "client/run/join.h"
#include "client/run/named.h"
#include "client/run/passwd.h"
#include "client/run/supervise.h"

#define STATUS_OURS 125

extern char **environ;

struct exec_options {
	const char *workdir, *user;
	struct opt_list env;
};

/* One command in a container that runs, from its options to its end. */
struct exec {
	const struct exec_options *options;
	struct out *out;
	struct named named;
	struct join join;
	struct relay relay;
	struct env env;
	struct passwd_user user;
	struct passwd_entry entry; /* of user */
	char home[PASSWD_FIELD_MAX + 8];
	struct plan plan;
	struct launched launched;
	int signal_fd;
};

static int find(struct exec *x, const char *name, struct err *e)
{
	auto_store struct store store = STORE_INIT;
	struct named *n = &x->named;

	if (store_open(&store, e) < 0 || named_running(&store, name, n, e) < 0)
		return -1;
	if (join_open(&n->state, strcmp(n->config.net, "host") == 0, &x->join, e) < 0)
		return err_wrap(e, "cannot enter container '%s'", name);
	x->plan.flags = (strlen(n->state.id) > 64 ? 0U : PLAN_FULL_MAP) |
			(config_is_system(&n->config) ? PLAN_SYSTEM : 0U);
	x->plan.cgroup_fd = cgroup_open(n->state.cgroup);
	if (*n->state.cgroup && x->plan.cgroup_fd < 0)
		return err_sys(e, "cannot open the cgroup of '%s'", name);
	return 0;
}

/* By the container's own files, which we see now. */
static int choose_user(struct exec *x, const char *who, struct err *e)
{
	if (passwd_become(who, &x->user, &x->entry, e) < 0)
		return -1;
	x->plan.user = &x->user;
	snprintf(x->home, sizeof(x->home), "HOME=%s", x->entry.home);
	return 0;
}

static int prepare(struct exec *x, const char *name, struct err *e)
{
	const struct exec_options *o = x->options;

	if (o->workdir && o->workdir[0] != '/')
		return err_set(e, ERR_USAGE, "option '--workdir': '%s' is not absolute",
			o->workdir);
	if (find(x, name, e) < 0)
		return -1;
	x->signal_fd = supervise_signals(e);
	if (x->signal_fd < 0 || relay_plan(&x->relay, x->plan.stdio, e) < 0)
		return -1;
	if (x->relay.wants_tty) {
		ioctl(0, TIOCGWINSZ, &x->plan.window);
		x->plan.flags |= PLAN_TTY;
	}
	x->plan.workdir = o->workdir ? o->workdir : x->named.config.workdir;
	x->plan.env = x->env.item;
	if (join_enter(&x->join, e) < 0)
		return err_wrap(e, "cannot enter container '%s'", name);
	if (o->user && choose_user(x, o->user, e) < 0)
		return -1;
	return env_join(x->named.config.env, o->user ? x->home : NULL, &o->env, environ,
		x->relay.wants_tty, &x->env, e);
}

static int run_command(struct exec *x, char *const *argv, struct err *e)
{
	struct launch_result result;
	int status;

	x->plan.argv = argv;
	if (join_start(&x->join, &x->plan, &x->launched, e) < 0 ||
		launch_wait(&x->launched, &result, e) < 0)
		return -1;
	auto_fd_cleanup(&x->launched.sock_fd);
	x->launched.sock_fd = -1;
	if (result.status != 0) {
		auto_fd_cleanup(&result.master_fd);
		out_error(x->out, e);
		return result.status;
	}
	if (relay_begin(&x->relay, result.master_fd, e) < 0 ||
		supervise(&x->launched, &x->relay, x->signal_fd, &status, e) < 0)
		return -1;
	x->launched.pid = -1;
	return status;
}

static void finish(struct exec *x)
{
	supervise_kill(&x->launched);
	relay_end(&x->relay);
	auto_fd_cleanup(&x->signal_fd);
	auto_fd_cleanup(&x->join.target_fd);
	auto_fd_cleanup(&x->plan.cgroup_fd);
	auto_fd_cleanup(&x->launched.pid_fd);
	auto_fd_cleanup(&x->launched.sock_fd);
	named_release(&x->named);
}

/* The user's own shell, root's when none is named, as a login shell. */
static char *const *shell_argv(struct exec *x)
{
	static char login[] = "-l";
	static char *argv[] = { NULL, login, NULL };
	struct passwd_entry *p = &x->entry;

	if (!x->plan.user && !passwd_look_up("root", p))
		p->shell[0] = '\0';
	if (p->shell[0] != '/')
		snprintf(p->shell, sizeof(p->shell), "/bin/sh");
	argv[0] = p->shell;
	return argv;
}

static int exec(struct call *c, bool shell, struct err *e)
{
	struct exec x = {
		.options = c->values,
		.out = c->out,
		.join = { .target_fd = -1 },
		.plan = { .cgroup_fd = -1 },
		.relay = { .master_fd = -1, .child_end = { -1, -1, -1 } },
		.launched = LAUNCHED_INIT,
		.signal_fd = -1,
	};
	int status = prepare(&x, c->argv[0], e);

	if (status == 0)
		status = run_command(&x, shell ? shell_argv(&x) : c->argv + 1, e);
	if (status < 0) {
		out_error(c->out, e);
		status = e->code == ERR_USAGE ? err_exit_status(e) : STATUS_OURS;
	}
	finish(&x);
	return status;
}

static int run_exec(struct call *c, struct err *e)
{
	return exec(c, false, e);
}

static int run_shell(struct call *c, struct err *e)
{
	return exec(c, true, e);
}

static const struct opt opts[] = {
	{ .name = "env",
		.kind = OPT_LIST,
		.offset = offsetof(struct exec_options, env),
		.arg = "K=V",
		.help = "set a variable; K alone: the caller's value" },
	{ .name = "workdir",
		.kind = OPT_STRING,
		.offset = offsetof(struct exec_options, workdir),
		.arg = "DIR",
		.help = "start the command in DIR (default: the container's)" },
	{ .name = "user",
		.kind = OPT_STRING,
		.offset = offsetof(struct exec_options, user),
		.arg = "NAME|ID",
		.help = "a user of the container (default: root)" },
	{ .name = NULL },
};

const struct command cmd_exec = {
	.name = "exec",
	.args = "NAME [--] COMMAND [ARGUMENT]...",
	.summary = "run a command in a running container",
	.opts = opts,
	.values_size = sizeof(struct exec_options),
	.min_args = 2,
	.max_args = -1,
	.stop_at_first_arg = true,
	.run = run_exec,
};

const struct command cmd_shell = {
	.name = "shell",
	.args = "NAME",
	.summary = "open root's shell in a running container",
	.opts = opts,
	.values_size = sizeof(struct exec_options),
	.min_args = 1,
	.max_args = 1,
	.run = run_shell,
};
