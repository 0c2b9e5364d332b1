#include "client/run/commands.h"

#include "client/run/named.h"
#include "client/run/warden.h"

#include <poll.h>

/* Until its supervisor has ended: then it has written down how. */
static int wait_for_end(const struct run_state *state, struct err *e)
{
	auto_fd int supervisor = identity_open(&state->supervisor, e);
	struct pollfd p = { supervisor, POLLIN, 0 };

	if (supervisor < 0)
		return e->code == ERR_NOTFOUND ? 0 : -1;
	while (poll(&p, 1, -1) < 0)
		if (errno != EINTR)
			return err_sys(e, "cannot wait");
	return 0;
}

static int run(struct call *c, struct err *e)
{
	auto_store struct store store = STORE_INIT;
	auto_fd int containers = -1;

	if (store_open(&store, e) < 0)
		return -1;
	containers = store_open_containers(&store, e);
	if (containers < 0)
		return -1;
	for (int i = 0; i < c->argc; i++) {
		auto_named struct named n = { 0 };
		int status;
		int64_t ended;

		if (named_find(&store, c->argv[i], &n, e) < 0 ||
			(n.live && wait_for_end(&n.state, e) < 0))
			return -1;
		if (!warden_last(containers, c->argv[i], &status, &ended))
			return err_set(e, ERR_NOTFOUND,
				"how '%s' ended is not known: it never ran in the "
				"background, or is removed",
				c->argv[i]);
		out_result(c->out, "%d\n", status);
	}
	return 0;
}

const struct command cmd_wait = {
	.name = "wait",
	.args = "NAME...",
	.summary = "wait for containers to end, and print their exit statuses",
	.min_args = 1,
	.max_args = -1,
	.run = run,
};
