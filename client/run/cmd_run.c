#include "client/run/commands.h"

#include "client/run/instance.h"
#include "client/run/settings.h"
#include "client/run/supervise.h"
#include "client/run/warden.h"

#define STATUS_OURS 125

extern char **environ;

struct run_options {
	bool rm, detach;
	struct settings settings;
};

/* One run in the foreground, from its options to its end. */
struct run {
	const struct run_options *options;
	struct out *out;
	struct instance instance;
	struct settings_command command;
	struct container_config config;
	struct relay relay;
	struct env env;
	int signal_fd;
};

static int prepare_container(struct run *r, struct err *e)
{
	struct instance *i = &r->instance;
	const char *name = r->options->settings.name;

	if (instance_begin_net(i, &r->config, e) < 0)
		return -1;
	if (containers_sweep(&i->store, &i->holder, true, e) < 0)
		return err_wrap(e, "cannot tidy up after a killed container");
	if (container_create(&i->store, name ? name : "", i->image.distro, &r->config,
		    &i->container, e) < 0 ||
		holder_enter(&i->holder, e) < 0 ||
		container_give(&i->container, i->rootfs_fd, e) < 0)
		return -1;
	return (r->command.is_system || limits_any(&r->config.limits)) &&
			       !r->options->detach
		       ? instance_make_cgroup(i, &r->config, e)
		       : 0;
}

static int prepare(struct run *r, const char *image, char *const *argv, struct err *e)
{
	const struct settings *s = &r->options->settings;
	struct instance *i = &r->instance;

	if (settings_check(s, e) < 0 || instance_open(i, e) < 0 ||
		instance_find_image(i, image, e) < 0 ||
		settings_command(s, i->image_fd, argv, false, &r->command, e) < 0)
		return -1;
	r->signal_fd = supervise_signals(e);
	if (r->signal_fd < 0 || relay_plan(&r->relay, i->plan.stdio, e) < 0 ||
		env_make(&s->env, environ, r->relay.wants_tty, &r->env, e) < 0)
		return -1;
	r->config = settings_config(s, &i->image);
	r->config.ephemeral = r->options->rm;
	r->config.once = true;
	settings_apply(&r->command, &r->config);
	if (r->options->rm && !s->layer && !r->command.is_system)
		r->config.layer = settings_layer_of_once();
	if (r->command.is_system)
		env_be_system(&r->env);
	r->config.env = r->env.item;
	return prepare_container(r, e);
}

/* The same in the background. */
static int prepare_detached(
	struct run *r, const char *image, char *const *argv, struct err *e)
{
	const struct settings *s = &r->options->settings;
	struct instance *i = &r->instance;

	if (settings_check(s, e) < 0 || instance_open(i, e) < 0 ||
		instance_find_image(i, image, e) < 0 ||
		settings_command(s, i->image_fd, argv, false, &r->command, e) < 0)
		return -1;
	r->config = settings_config(s, &i->image);
	r->config.ephemeral = r->options->rm;
	settings_apply(&r->command, &r->config);
	r->config.tty = r->command.is_system;
	if (env_make(&s->env, environ, r->config.tty, &r->env, e) < 0)
		return -1;
	if (r->command.is_system)
		env_be_system(&r->env);
	r->config.env = r->env.item;
	return prepare_container(r, e);
}

static int run_detached(
	struct run *r, const char *image, char *const *argv, struct err *e)
{
	char name[NAME_MAX_LEN + 1];
	int status = STATUS_OURS;

	if (prepare_detached(r, image, argv, e) < 0)
		return -1;
	snprintf(name, sizeof(name), "%s", r->instance.container.name);
	r->instance.container.ephemeral = true;
	if (warden_start(&r->instance, &r->config, &status, e) == 0) {
		out_result(r->out, "%s\n", name);
		return 0;
	}
	out_error(r->out, e);
	return status;
}

/* From one boot to its end: the exit status, or -1. */
static int run_once(struct run *r, struct err *e)
{
	struct instance *i = &r->instance;
	struct launch_result result;
	int status;

	if (instance_launch(i, &r->config, r->relay.wants_tty, &result, e) < 0)
		return -1;
	if (result.status != 0) {
		out_error(r->out, e);
		return result.status;
	}
	if (relay_begin(&r->relay, result.master_fd, e) < 0 ||
		supervise(&i->launched, &r->relay, r->signal_fd, &status, e) < 0)
		return -1;
	i->launched.pid = -1;
	return status;
}

/* A system that reboots is started again. */
static int run_command(struct run *r, struct err *e)
{
	for (;;) {
		int status = run_once(r, e);

		if (!r->command.is_system || status != INSTANCE_REBOOTS)
			return status;
		relay_end(&r->relay);
		if (instance_make_cgroup(&r->instance, &r->config, e) < 0 ||
			relay_plan(&r->relay, r->instance.plan.stdio, e) < 0)
			return -1;
	}
}

/* Whatever happened, nothing stays behind but a container that was to stay. */
static int finish(struct run *r, struct err *e)
{
	supervise_kill(&r->instance.launched);
	relay_end(&r->relay);
	auto_fd_cleanup(&r->signal_fd);
	if (!r->instance.started)
		r->instance.container.ephemeral = true;
	return instance_end(&r->instance, e);
}

static int run(struct call *c, struct err *e)
{
	struct run r = {
		.options = c->values,
		.out = c->out,
		.instance = INSTANCE_INIT(c->out),
		.relay = { .master_fd = -1, .child_end = { -1, -1, -1 } },
		.signal_fd = -1,
	};
	struct err ending;
	int status;

	if (r.options->detach) {
		status = run_detached(&r, c->argv[0], c->argv + 1, e);
	} else {
		status = prepare(&r, c->argv[0], c->argv + 1, e);
		if (status == 0)
			status = run_command(&r, e);
	}
	if (status < 0) {
		out_error(c->out, e);
		status = e->code == ERR_USAGE ? err_exit_status(e) : STATUS_OURS;
	}
	if (finish(&r, &ending) < 0)
		out_error(c->out, &ending);
	return status;
}

static const struct opt opts[] = {
	{ .name = "rm",
		.kind = OPT_FLAG,
		.offset = offsetof(struct run_options, rm),
		.help = "remove the container at its end" },
	{ .name = "detach",
		.letter = 'd',
		.kind = OPT_FLAG,
		.offset = offsetof(struct run_options, detach),
		.help = "in the background; print the container's name" },
	SETTINGS_OPTS(offsetof(struct run_options, settings)),
	{ .name = NULL },
};

static const struct run_options defaults = { .settings = SETTINGS_INIT };

const struct command cmd_run = {
	.name = "run",
	.args = "[REMOTE:]IMAGE [--] [COMMAND [ARGUMENT]...]",
	.summary = "start a command in a new container",
	.opts = opts,
	.values_size = sizeof(struct run_options),
	.defaults = &defaults,
	.min_args = 1,
	.max_args = -1,
	.stop_at_first_arg = true,
	.run = run,
};
