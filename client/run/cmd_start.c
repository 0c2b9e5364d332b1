#include "client/run/commands.h"

#include "client/run/member.h"
#include "client/run/named.h"
#include "client/run/warden.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <signal.h>

/* Leaves *status alone when it went well. */
static int start_one(struct out *out, const char *name, int *status, struct err *e)
{
	struct instance i = INSTANCE_INIT(out);
	auto_arena struct arena memory = { 0 };
	struct container_config config;
	struct err ending;
	int rc, failed = 1;

	if (!container_name_is_valid(name))
		return err_set(e, ERR_USAGE, "'%s' is no name of a container", name);
	rc = instance_open(&i, e);
	if (rc == 0)
		rc = containers_sweep(&i.store, &i.holder, true, e);
	if (rc == 0)
		rc = container_open(&i.store, name, &i.container, e);
	if (rc == 0)
		rc = config_read(i.container.dir_fd, &memory, &config, e);
	if (rc == 0 && !config.argv[0])
		rc = err_set(e, ERR_LIMIT, "its command was too long to be written down");
	if (rc == 0)
		rc = instance_use_image(&i, config.id, config.ref, e);
	if (rc == 0)
		rc = warden_start(&i, &config, &failed, e);
	if (instance_end(&i, &ending) < 0 && rc == 0)
		*e = ending;
	if (rc < 0) {
		*status = failed;
		return err_wrap(e, "cannot start '%s'", name);
	}
	return 0;
}

static int run_start(struct call *c, struct err *e)
{
	for (int i = 0; i < c->argc; i++) {
		int status = 0;

		if (start_one(c->out, c->argv[i], &status, e) == 0)
			continue;
		if (status <= 1)
			return -1;
		out_error(c->out, e);
		return status;
	}
	return 0;
}

/* ---- stop */

struct stop_options {
	int64_t timeout_s;
	bool kill;
};

static int stop_one(const struct store *s, const char *name, const struct stop_options *o,
	struct out *out, struct err *e)
{
	auto_named struct named n = { 0 };
	bool killed;
	int number;

	if (named_find(s, name, &n, e) < 0)
		return -1;
	if (!n.live)
		return 0;
	if (member_is_frozen(&n.state) && member_freeze(&n.state, false, e) < 0)
		return err_wrap(e, "cannot thaw '%s'", name);
	number = o->kill ? SIGKILL : config_stop_signal(&n.config);
	if (named_stop(s, &n, number, o->timeout_s * 1000, &killed, e) < 0)
		return err_wrap(e, "cannot stop '%s'", name);
	if (killed && !o->kill)
		out_warn(out,
			"'%s' did not end within %lld s of signal %d; it was killed",
			name, (long long)o->timeout_s, number);
	return 0;
}

static int stop_all(struct call *c, struct err *e)
{
	auto_store struct store store = STORE_INIT;

	if (store_open(&store, e) < 0)
		return -1;
	for (int i = 0; i < c->argc; i++)
		if (stop_one(&store, c->argv[i], c->values, c->out, e) < 0)
			return -1;
	return 0;
}

static int run_restart(struct call *c, struct err *e)
{
	return stop_all(c, e) < 0 ? -1 : run_start(c, e);
}

/* ---- autostart */

struct autostart_options {
	bool off, list, start, entry;
};

static int mark(const struct store *s, const char *name, bool on, struct err *e)
{
	auto_named struct named n = { 0 };
	auto_fd int containers = store_open_containers(s, e), dir = -1;

	if (containers < 0 || named_find(s, name, &n, e) < 0)
		return -1;
	dir = openat(containers, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_set(e, ERR_USAGE, "'%s' goes away at its end", name);
	n.config.autostart = on;
	return config_write(dir, &n.config, e);
}

/* All that are marked: started, or printed. One that fails does not keep the others. */
static int for_marked(const struct store *s, bool start, struct out *out, struct err *e)
{
	auto_fd int containers = store_open_containers(s, e);
	auto_names struct fs_names names = { 0 };
	struct err first = { 0 };
	int status = 0;

	if (containers < 0 || fs_list_dir(containers, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		auto_named struct named n = { 0 };

		if (named_find(s, names.name[i], &n, e) < 0 || !n.config.autostart)
			continue;
		if (!start)
			out_result(out, "%s\n", n.name);
		else if (!n.live && start_one(out, n.name, &status, e) < 0) {
			out_error(out, e);
			first = *e;
		}
	}
	return first.code ? err_set(e, ERR_FAILED, "not all containers were started") : 0;
}

/* For systemd's user manager where that runs, else for cron. */
static void print_entry(struct out *out)
{
	if (access("/run/systemd/system", F_OK) < 0) {
		out_result(out, "@reboot %s/rootyard autostart --start\n", BINDIR);
		return;
	}
	out_result(out,
		"# ~/.config/systemd/user/rootyard.service\n"
		"# then: systemctl --user enable rootyard; loginctl enable-linger\n"
		"[Unit]\nDescription=containers of rootyard\n\n"
		"[Service]\nType=oneshot\nRemainAfterExit=yes\nDelegate=yes\n"
		"ExecStart=%s/rootyard autostart --start\n\n"
		"[Install]\nWantedBy=default.target\n",
		BINDIR);
}

static int run_autostart(struct call *c, struct err *e)
{
	const struct autostart_options *o = c->values;
	auto_store struct store store = STORE_INIT;

	if ((c->argc > 0) + o->list + o->start + o->entry != 1)
		return err_set(e, ERR_USAGE,
			"give names, or one of --list, --start and --entry");
	if (o->entry) {
		print_entry(c->out);
		return 0;
	}
	if (store_open(&store, e) < 0)
		return -1;
	for (int i = 0; i < c->argc; i++)
		if (mark(&store, c->argv[i], !o->off, e) < 0)
			return -1;
	return c->argc > 0 ? 0 : for_marked(&store, o->start, c->out, e);
}

#define AUTOSTART(field) .offset = offsetof(struct autostart_options, field)

static const struct opt autostart_opts[] = {
	{ .name = "off", .kind = OPT_FLAG, AUTOSTART(off), .help = "no longer" },
	{ .name = "list",
		.kind = OPT_FLAG,
		AUTOSTART(list),
		.help = "list those that are to start" },
	{ .name = "start",
		.kind = OPT_FLAG,
		AUTOSTART(start),
		.help = "start them, now" },
	{ .name = "entry",
		.kind = OPT_FLAG,
		AUTOSTART(entry),
		.help = "print what makes this host do so: a user unit, or a crontab "
			"line" },
	{ .name = NULL },
};

const struct command cmd_autostart = {
	.name = "autostart",
	.args = "[NAME]...",
	.summary = "start containers with the host",
	.opts = autostart_opts,
	.values_size = sizeof(struct autostart_options),
	.max_args = -1,
	.run = run_autostart,
};

static const struct opt stop_opts[] = {
	{ .name = "timeout",
		.letter = 't',
		.kind = OPT_INT,
		.offset = offsetof(struct stop_options, timeout_s),
		.arg = "SECONDS",
		.min = 0,
		.max = 86400,
		.help = "kill it when it has not ended by then (default: 10)" },
	{ .name = "kill",
		.kind = OPT_FLAG,
		.offset = offsetof(struct stop_options, kill),
		.help = "kill it at once" },
	{ .name = NULL },
};

static const struct stop_options stop_defaults = { .timeout_s = 10 };

const struct command cmd_start = {
	.name = "start",
	.args = "NAME...",
	.summary = "start containers in the background",
	.min_args = 1,
	.max_args = -1,
	.run = run_start,
};

const struct command cmd_stop = {
	.name = "stop",
	.args = "NAME...",
	.summary = "ask containers to end, and wait for it",
	.opts = stop_opts,
	.values_size = sizeof(struct stop_options),
	.defaults = &stop_defaults,
	.min_args = 1,
	.max_args = -1,
	.run = stop_all,
};

const struct command cmd_restart = {
	.name = "restart",
	.args = "NAME...",
	.summary = "stop containers and start them again",
	.opts = stop_opts,
	.values_size = sizeof(struct stop_options),
	.defaults = &stop_defaults,
	.min_args = 1,
	.max_args = -1,
	.run = run_restart,
};
