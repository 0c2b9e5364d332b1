#include "indexer/admitted.h"
#include "indexer/cmd.h"
#include "indexer/incoming.h"

struct values {
	struct cmd_common common;
	const char *all;
	bool force;
};

static const struct opt opts[] = {
	CMD_DIRECTORY,
	{ "all", 0, OPT_STRING, offsetof(struct values, all), "INCOMING",
		"add every complete build beneath this directory", 0, 0 },
	{ "force", 0, OPT_FLAG, offsetof(struct values, force), NULL,
		"hold nothing back, and release what was held", 0, 0 },
	CMD_WAIT,
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct values defaults = { .common.wait_s = CMD_WAIT_DEFAULT_S };

/* One build that cannot be admitted does not keep the others out; the first error decides
 * the exit status. */
static int add_all(struct call *c, struct yard *y, char **dirs, size_t count, bool named,
	struct err *e)
{
	const struct values *v = c->values;
	struct notary_slot slot = { .is_open = false };
	struct admitted a;
	int rc = 0;

	for (size_t i = 0; i < count; i++) {
		struct err one;
		int got = admit_build(
			y, &slot, dirs[i], v->force ? ADMIT_FORCE : 0, &a, &one);

		if (got == 0 && !(named && a.result == ADMIT_FAILED))
			admitted_report(c->out, &a);
		if (got == 0 && named && a.result == ADMIT_FAILED)
			got = err_set(&one, ERR_FAILED,
				"cannot admit '%s@%s': the build had failed (%s)", a.name,
				a.serial, a.message);
		if (got == 0)
			continue;
		if (rc == 0)
			*e = one;
		else
			out_error(c->out, &one);
		rc = -1;
	}
	if (slot.is_open)
		notary_close(&slot.notary);
	return rc;
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	const char *read_dirs[OPT_LIST_MAX];
	size_t count = 0;
	auto_yard struct yard y = YARD_INIT;
	auto_incoming struct incoming found = { .count = 0 };

	if (!v->all == !c->argc)
		return err_set(
			e, ERR_USAGE, "name the builds' directories, or --all INCOMING");
	/* with many directories named, all that is above them may be read */
	for (int i = 0; i < c->argc && c->argc < 32; i++)
		read_dirs[count++] = c->argv[i];
	if (v->all)
		read_dirs[count++] = v->all;
	else if (!count)
		read_dirs[count++] = "/";

	if (cmd_open_writer(c, &v->common, read_dirs, count, &y, e) < 0)
		return -1;
	if (!v->all)
		return add_all(c, &y, c->argv, (size_t)c->argc, true, e);

	if (incoming_find(v->all, "build.json", &found, e) < 0)
		return -1;
	return add_all(c, &y, found.path, found.count, false, e);
}

const struct command cmd_add = {
	.name = "add",
	.args = "DIR... | --all INCOMING",
	.summary = "Check finished builds and take them in",
	.opts = opts,
	.values_size = sizeof(struct values),
	.defaults = &defaults,
	.max_args = -1,
	.run = run,
};
