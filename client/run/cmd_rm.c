#include "client/run/commands.h"
#include "client/run/container.h"

static int run(struct call *c, struct err *e)
{
	auto_store struct store store = STORE_INIT;
	struct holder holder;

	for (int i = 0; i < c->argc; i++)
		if (!container_name_is_valid(c->argv[i]))
			return err_set(e, ERR_USAGE, "'%s' is no name of a container",
				c->argv[i]);
	if (store_open(&store, e) < 0)
		return -1;
	holder_find(&holder, store.run_fd);
	if (containers_sweep(&store, &holder, false, e) < 0 ||
		holder_enter(&holder, e) < 0)
		return -1;
	for (int i = 0; i < c->argc; i++)
		if (container_remove(&store, c->argv[i], e) < 0)
			return -1;
	return 0;
}

const struct command cmd_rm = {
	.name = "rm",
	.args = "NAME...",
	.summary = "remove stopped containers",
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
