/* rootyard -- the static front: starts containers; what is about images is executed. */
#include "client/run/commands.h"

#include <fcntl.h>
#include <sys/syscall.h>

#define RUN(field) .offset = offsetof(struct run_options, field)

static const struct opt run_opts[] = {
	{ .name = "rm",
		.kind = OPT_FLAG,
		RUN(rm),
		.help = "remove the container at its end" },
	{ .name = "name",
		.kind = OPT_STRING,
		RUN(name),
		.arg = "NAME",
		.help = "name of the container (default: made up)" },
	{ .name = "hostname",
		.kind = OPT_STRING,
		RUN(hostname),
		.arg = "HOST",
		.help = "its host name (default: its name)" },
	{ .name = "env",
		.kind = OPT_LIST,
		RUN(env),
		.arg = "K=V",
		.help = "set a variable; K alone: the caller's value" },
	{ .name = "workdir",
		.kind = OPT_STRING,
		RUN(workdir),
		.arg = "DIR",
		.help = "start the command in DIR (default: /)" },
	{ .name = "net",
		.kind = OPT_STRING,
		RUN(net),
		.arg = "none|host",
		.help = "its network (default: none)" },
	{ .name = NULL },
};

static const struct run_options run_defaults = { .workdir = "/", .net = "none" };

static const struct opt ps_opts[] = {
	{ .name = "all",
		.letter = 'a',
		.kind = OPT_FLAG,
		.offset = offsetof(struct ps_options, all),
		.help = "stopped ones too" },
	{ .name = NULL },
};

/* A verb of rootyard-image, which reads its own arguments. */
#define IMAGE_VERB(verb, words, what)                                                    \
	{                                                                                \
		.name = (verb), .args = (words), .summary = (what), .max_args = -1,      \
		.raw = true, .run = cmd_image                                            \
	}

static const struct command commands[] = {
	{ .name = "run",
		.args = "[REMOTE:]IMAGE [--] [COMMAND [ARGUMENT]...]",
		.summary = "start a command in a new container",
		.opts = run_opts,
		.values_size = sizeof(struct run_options),
		.defaults = &run_defaults,
		.min_args = 1,
		.max_args = -1,
		.stop_at_first_arg = true,
		.run = cmd_run },
	{ .name = "ps",
		.args = "",
		.summary = "list containers",
		.opts = ps_opts,
		.values_size = sizeof(struct ps_options),
		.run = cmd_ps },
	{ .name = "rm",
		.args = "NAME...",
		.summary = "remove stopped containers",
		.min_args = 1,
		.max_args = -1,
		.run = cmd_rm },
	{ .name = "doctor",
		.args = "",
		.summary = "say what this machine lacks, and how to mend it",
		.run = cmd_doctor },
	IMAGE_VERB("list", "[REMOTE:][PATTERN]", "list the images that remotes offer"),
	IMAGE_VERB("info", "[REMOTE:]IMAGE", "show the builds of an image"),
	IMAGE_VERB("pull", "[REMOTE:]IMAGE", "fetch an image, verify it and store it"),
	IMAGE_VERB("unpack", "ARCHIVE DIR", "unpack an archive as safely as an image"),
	IMAGE_VERB("remote", "add|list|rm ...", "servers that images come from"),
	{ .name = NULL },
};

static const struct program program = {
	.name = "rootyard",
	.summary =
		"Pull container images, verify them, and run them as an ordinary user.",
	.commands = commands,
};

/* Nothing that our caller forgot to close reaches a container, and no file of ours takes
 * the place of a closed stdin, stdout or stderr. */
static void settle_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd < 3);
	if (fd >= 3)
		close(fd);
	syscall(SYS_close_range, 3U, ~0U, 1U << 2 /* CLOSE_RANGE_CLOEXEC */);
}

int main(int argc, char **argv)
{
	settle_descriptors();
	return opt_main(&program, argc, argv);
}
