#include "client/run/commands.h"

#include "client/run/instance.h"
#include "client/run/settings.h"

extern char **environ;

struct create_options {
	bool tty;
	struct settings settings;
};

static int create(struct instance *i, const struct create_options *o, char *const *argv,
	struct err *e)
{
	const struct settings *s = &o->settings;
	struct container_config config;
	struct settings_command command;
	struct env env;

	if (settings_command(s, i->image_fd, argv, true, &command, e) < 0)
		return -1;
	config = settings_config(s, &i->image);
	config.tty = o->tty || command.is_system;
	settings_apply(&command, &config);
	if (env_make(&s->env, environ, config.tty, &env, e) < 0)
		return -1;
	if (command.is_system)
		env_be_system(&env);
	config.env = env.item;
	if (containers_sweep(&i->store, &i->holder, true, e) < 0)
		return err_wrap(e, "cannot tidy up after a killed container");
	if (container_create(&i->store, s->name ? s->name : "", i->image.distro, &config,
		    &i->container, e) < 0)
		return -1;
	/* Until its ids are given it is nobody's: a failure takes it back. */
	i->container.ephemeral = true;
	if (holder_enter(&i->holder, e) < 0 ||
		container_give(&i->container, i->rootfs_fd, e) < 0)
		return -1;
	i->container.ephemeral = false;
	return 0;
}

static int run(struct call *c, struct err *e)
{
	const struct create_options *o = c->values;
	struct instance i = INSTANCE_INIT(c->out);
	char name[NAME_MAX_LEN + 1];
	struct err ending;
	int rc = settings_check(&o->settings, e);

	if (rc == 0)
		rc = instance_open(&i, e);
	if (rc == 0)
		rc = instance_find_image(&i, c->argv[0], e);
	if (rc == 0)
		rc = create(&i, o, c->argv + 1, e);
	memcpy(name, i.container.name, sizeof(name));
	if (instance_end(&i, &ending) < 0 && rc == 0)
		*e = ending;
	if (rc == 0)
		out_result(c->out, "%s\n", name);
	return rc;
}

static const struct opt opts[] = {
	{ .name = "tty",
		.letter = 't',
		.kind = OPT_FLAG,
		.offset = offsetof(struct create_options, tty),
		.help = "give the command a terminal (a system has one)" },
	SETTINGS_OPTS(offsetof(struct create_options, settings)),
	{ .name = NULL },
};

static const struct create_options defaults = { .settings = SETTINGS_INIT };

const struct command cmd_create = {
	.name = "create",
	.args = "[REMOTE:]IMAGE [--] [COMMAND [ARGUMENT]...]",
	.summary = "make a container without starting it",
	.opts = opts,
	.values_size = sizeof(struct create_options),
	.defaults = &defaults,
	.min_args = 1,
	.max_args = -1,
	.stop_at_first_arg = true,
	.run = run,
};
