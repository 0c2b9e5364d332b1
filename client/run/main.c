/* rootyard -- the static front: starts containers; what is about images is executed. */
#include "client/run/commands.h"
#include "client/run/sealed.h"

#include <fcntl.h>
#include <sys/syscall.h>

/* A verb of rootyard-image, which reads its own arguments. */
#define IMAGE_VERB(verb, words, what)                                                    \
	{                                                                                \
		.name = (verb), .args = (words), .summary = (what), .max_args = -1,      \
		.raw = true, .run = image_run                                            \
	}

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
	const struct command commands[] = {
		cmd_run,
		cmd_create,
		cmd_start,
		cmd_stop,
		cmd_restart,
		cmd_exec,
		cmd_shell,
		cmd_console,
		cmd_attach,
		cmd_freeze,
		cmd_thaw,
		cmd_rename,
		cmd_copy,
		cmd_cp,
		cmd_snapshot,
		cmd_upgrade,
		cmd_autostart,
		cmd_stats,
		cmd_top,
		cmd_lxc_config,
		cmd_ps,
		cmd_logs,
		cmd_wait,
		cmd_inspect,
		cmd_rm,
		cmd_doctor,
		IMAGE_VERB("list", "[REMOTE:][PATTERN]",
			"list the images that remotes offer"),
		IMAGE_VERB("info", "[REMOTE:]IMAGE", "show the builds of an image"),
		IMAGE_VERB("pull", "[REMOTE:]IMAGE...|--all",
			"fetch an image, verify it and store it"),
		IMAGE_VERB("export", "[REMOTE:]IMAGE DIR|FILE.tar|-",
			"leave an image's files in a directory, or a stored one as a "
			"tar"),
		IMAGE_VERB("import", "ARCHIVE IMAGE", "store an archive of your own"),
		IMAGE_VERB("unpack", "ARCHIVE DIR",
			"unpack an archive as safely as an image"),
		IMAGE_VERB("verify", "[IMAGE...]",
			"compare what is stored with what was signed for, and mend it"),
		IMAGE_VERB("prune", "[--all]", "remove images that nothing needs"),
		IMAGE_VERB("df", "", "show what is stored and how much disk it takes"),
		IMAGE_VERB("mirror", "REMOTE DIR [PATTERN...]",
			"copy a published tree, verified"),
		IMAGE_VERB("verify-mirror", "[URL...]",
			"how far mirrors are behind, and whether they are whole"),
		IMAGE_VERB("remote", "add|list|rm ...", "servers that images come from"),
		{ .name = NULL },
	};
	const struct program program = {
		.name = "rootyard",
		.summary = "Pull container images, verify them, and run them as an "
			   "ordinary user.",
		.commands = commands,
	};

	settle_descriptors();
	sealed_self(argv);
	return opt_main(&program, argc, argv);
}
