#include "client/run/commands.h"

#include "client/run/member.h"
#include "client/run/named.h"

static int set_all(struct call *c, bool frozen, struct err *e)
{
	auto_store struct store store = STORE_INIT;

	if (store_open(&store, e) < 0)
		return -1;
	for (int i = 0; i < c->argc; i++) {
		auto_named struct named n = { 0 };

		if (named_running(&store, c->argv[i], &n, e) < 0)
			return -1;
		if (member_freeze(&n.state, frozen, e) < 0)
			return err_wrap(e, "cannot %s '%s'", frozen ? "freeze" : "thaw",
				c->argv[i]);
	}
	return 0;
}

static int run_freeze(struct call *c, struct err *e)
{
	return set_all(c, true, e);
}

static int run_thaw(struct call *c, struct err *e)
{
	return set_all(c, false, e);
}

const struct command cmd_freeze = {
	.name = "freeze",
	.args = "NAME...",
	.summary = "stop the clock of running containers",
	.min_args = 1,
	.max_args = -1,
	.run = run_freeze,
};

const struct command cmd_thaw = {
	.name = "thaw",
	.args = "NAME...",
	.summary = "let frozen containers go on",
	.min_args = 1,
	.max_args = -1,
	.run = run_thaw,
};
