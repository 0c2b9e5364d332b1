/* rootyard-index -- admits builds, signs them, publishes the tree. */
#include "indexer/cmd.h"

#include <sys/stat.h>

int main(int argc, char **argv)
{
	const struct command commands[] = {
		cmd_init,
		cmd_add,
		cmd_import,
		cmd_publish,
		cmd_refresh,
		cmd_list,
		cmd_show,
		cmd_delta,
		cmd_diff,
		cmd_events,
		cmd_rollback,
		cmd_pin,
		cmd_unpin,
		cmd_hold,
		cmd_release,
		cmd_prune,
		cmd_key,
		cmd_status,
		cmd_fsck,
		cmd_rebuild,
		cmd_backup,
		cmd_restore,
		{ .name = NULL },
	};
	const struct program program = {
		.name = "rootyard-index",
		.summary = "Admit, sign and publish container images",
		.commands = commands,
	};

	/* what is published is for everybody; modes are exact where they are not */
	umask(022);
	return opt_main(&program, argc, argv);
}
