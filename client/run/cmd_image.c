#include "client/run/commands.h"

#include <signal.h>

int image_run(struct call *c, struct err *e)
{
	static const char path[] = LIBEXECDIR "/rootyard-image";
	char **argv = xcalloc((size_t)c->argc + 3, sizeof(*argv));
	char program[] = "rootyard";
	auto_free char *verb = xstrdup(c->command->name);

	argv[0] = program;
	argv[1] = verb;
	for (int i = 0; i < c->argc; i++)
		argv[i + 2] = c->argv[i];
	signal(SIGPIPE, SIG_DFL);
	execv(path, argv);
	err_sys(e, "cannot execute '%s'", path);
	free(argv);
	return -1;
}
