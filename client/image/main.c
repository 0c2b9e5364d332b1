#include "client/image/cmd.h"

int main(int argc, char **argv)
{
	const struct command commands[] = {
		cmd_remote,
		cmd_list,
		cmd_info,
		cmd_pull,
		cmd_export,
		cmd_import,
		cmd_unpack,
		cmd_verify,
		cmd_prune,
		cmd_df,
		cmd_mirror,
		cmd_verify_mirror,
		{ .name = NULL },
	};
	const struct program program = {
		.name = CMD_PROGRAM,
		.summary = "find, verify and store images",
		.commands = commands,
	};

	return opt_main(&program, argc, argv);
}
