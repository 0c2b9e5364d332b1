/* rootyard-build -- a recipe becomes a root file system, packed for publishing. */
#include "builder/commands.h"

static const struct command commands[] = {
	COMMAND_BUILD,
	COMMAND_NIGHTLY,
	COMMAND_TEST,
	COMMAND_REBUILD,
	COMMAND_VALIDATE,
	COMMAND_PLAN,
	{ .name = NULL },
};

static const struct program program = {
	.name = "rootyard-build",
	.summary = "build images from recipes",
	.commands = commands,
};

int main(int argc, char **argv)
{
	return opt_main(&program, argc, argv);
}
