#include "client/run/commands.h"

#include "client/run/named.h"

/* A line of a configuration has no room for a newline, and quoting does not exist. */
static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20)
			return false;
	return true;
}

static int print_paths(const struct store *s, const char *name, const char *id,
	struct out *out, struct err *e)
{
	if (strcspn(s->data, ":,\\ \n") != strlen(s->data))
		return err_set(e, ERR_USAGE,
			"the data directory '%s' has a character that LXC cannot write "
			"in "
			"an overlay's path",
			s->data);
	out_result(out,
		"lxc.rootfs.path = overlay:%s/images/%s/rootfs:%s/containers/%s/upper\n"
		"lxc.rootfs.options = userxattr\n",
		s->data, id, s->data, name);
	return 0;
}

/* The command: LXC executes an init as it is and everything else with its own. */
static int print_command(const struct container_config *c, struct out *out, struct err *e)
{
	const char *key = config_is_system(c) ? "lxc.init.cmd" : "lxc.execute.cmd";

	for (char *const *arg = c->argv; *arg; arg++)
		if (!is_plain(*arg))
			return err_set(e, ERR_USAGE,
				"its command has a control character, which LXC's "
				"configuration cannot hold");
	out_result(out, "%s =", key);
	for (char *const *arg = c->argv; *arg; arg++)
		out_result(
			out, strpbrk(*arg, " \t\"'") || !**arg ? " \"%s\"" : " %s", *arg);
	out_result(out, "\n");
	if (config_is_system(c))
		out_result(out, "lxc.signal.halt = %d\n", config_stop_signal(c));
	if (strcmp(c->workdir, "/") != 0 && is_plain(c->workdir))
		out_result(out, "lxc.init.cwd = %s\n", c->workdir);
	for (const char *const *env = c->env; *env; env++)
		if (is_plain(*env) && strncmp(*env, "container", 9) != 0)
			out_result(out, "lxc.environment = %s\n", *env);
	return 0;
}

static void print_ids(const struct subids *ids, struct out *out)
{
	unsigned int count = ids->full ? USERNS_IDS : 1;

	out_result(out, "lxc.idmap = u 0 %u %u\nlxc.idmap = g 0 %u %u\n",
		ids->full ? (unsigned int)ids->uid_start : (unsigned int)geteuid(), count,
		ids->full ? (unsigned int)ids->gid_start : (unsigned int)getegid(),
		count);
}

static int run(struct call *c, struct err *e)
{
	auto_store struct store store = STORE_INIT;
	auto_named struct named n = { 0 };
	struct subids ids;

	if (store_open(&store, e) < 0 || named_find(&store, c->argv[0], &n, e) < 0)
		return -1;
	subids_find(geteuid(), &ids);
	ids.full = ids.full && strlen(n.config.id) <= 64;
	out_result(c->out, "# %s, from %s (%.12s)\nlxc.uts.name = %s\n", n.name,
		n.config.ref, n.config.id,
		*n.config.hostname ? n.config.hostname : n.name);
	if (print_paths(&store, n.name, n.config.id, c->out, e) < 0)
		return -1;
	print_ids(&ids, c->out);
	out_result(c->out,
		"lxc.net.0.type = %s\n"
		"lxc.mount.auto = proc:mixed sys:mixed cgroup:mixed\n"
		"lxc.pty.max = 1024\n"
		"lxc.tty.max = 0\n"
		"lxc.apparmor.profile = unconfined\n",
		strcmp(n.config.net, "host") == 0 ? "none" : "empty");
	return print_command(&n.config, c->out, e);
}

const struct command cmd_lxc_config = {
	.name = "lxc-config",
	.args = "NAME",
	.summary = "print a configuration with which lxc-start starts a container",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
