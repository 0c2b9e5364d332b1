/* rootyard-build -- a recipe becomes a root file system, packed for publishing. */
#include "builder/commands.h"

#include <sys/stat.h>

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
	/* Helpers of other users read what is made here, and an image is the same whoever
	 * builds it; what is private has a mode of its own. */
	umask(022);
	return opt_main(&program, argc, argv);
}
