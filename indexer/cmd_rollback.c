#include "indexer/catalog_keep.h"
#include "indexer/choice.h"
#include "indexer/cmd.h"
#include "indexer/publish.h"

#define NEWER_MAX 1024

/* The builds of the image that are newer than where it goes back to. */
struct newer {
	const char *serial;
	int64_t build[NEWER_MAX];
	size_t count;
};

static int take_newer(const struct catalog_build *b, void *ctx, struct err *e)
{
	struct newer *n = ctx;

	if (serial_compare(b->serial, n->serial) <= 0 || strcmp(b->state, "active") != 0)
		return 0;
	if (n->count == NEWER_MAX)
		return err_set(e, ERR_LIMIT, "more than %d builds are newer", NEWER_MAX);
	n->build[n->count++] = b->id;
	return 0;
}

/* The build that is offered behind the newest. */
struct previous {
	size_t seen;
	char serial[SERIAL_MAX];
};

static int take_previous(const struct catalog_build *b, void *ctx, struct err *e)
{
	struct previous *p = ctx;

	(void)e;
	if (strcmp(b->state, "active") == 0 && ++p->seen == 2)
		memcpy(p->serial, b->serial, sizeof(p->serial));
	return 0;
}

static int find_target(
	struct yard *y, const struct call *c, struct choice *out, struct err *e)
{
	auto_free char *named = c->argc > 1 ? xasprintf("%s@%s", c->argv[0], c->argv[1])
					    : xstrdup(c->argv[0]);
	auto_free char *text = NULL;
	struct previous p = { .seen = 0 };

	if (choice_find(y->catalog, named, out, e) < 0)
		return -1;
	if (out->is_named)
		return 0;
	if (catalog_build_walk(y->catalog, &out->image, take_previous, &p, e) < 0)
		return -1;
	if (!p.serial[0])
		return err_set(e, ERR_NOTFOUND, "'%s' has no other build to go back to",
			out->name);
	text = xasprintf("%s@%s", out->name, p.serial);
	return choice_find(y->catalog, text, out, e);
}

static int change(
	struct yard *y, const struct choice *to, const struct newer *n, struct err *e)
{
	struct catalog_event v = { .at_s = y->now_s,
		.kind = "rolled-back",
		.image = to->name,
		.serial = to->serial,
		.message = "" };
	int64_t live = 0;

	if (yard_live(y, &live, e) < 0)
		return -1;
	for (size_t i = 0; i < n->count; i++)
		if (catalog_build_withdraw(
			    y->catalog, n->build[i], false, y->now_s, live, e) < 0)
			return -1;
	if (strcmp(to->state, "active") != 0 &&
		catalog_build_restore(y->catalog, to->build, e) < 0)
		return -1;
	return catalog_event_add(y->catalog, &v, e) < 0 ? -1 : 0;
}

static int roll(struct yard *y, const struct choice *to, struct newer *n, struct err *e)
{
	n->serial = to->serial;
	if (catalog_build_walk(y->catalog, &to->image, take_newer, n, e) < 0 ||
		catalog_begin(y->catalog, e) < 0)
		return -1;
	if (change(y, to, n, e) == 0)
		return catalog_commit(y->catalog, e);
	catalog_rollback(y->catalog);
	return -1;
}

/* Whether it can be signed for is known before anything is taken back. */
static int go_back(
	struct yard *y, const struct choice *to, struct newer *newer, struct err *e)
{
	auto_plan struct plan plan = { 0 };
	auto_notary struct notary n = { 0 };

	if (notary_open(y, NOTARY_SIGN | NOTARY_FRESH, &n, e) < 0 ||
		roll(y, to, newer, e) < 0 || plan_make(y, &plan, e) < 0)
		return -1;
	return plan_is_empty(&plan) ? 0 : publish_run(y, &n, &plan, e);
}

static int run(struct call *c, struct err *e)
{
	const struct cmd_common *common = c->values;
	auto_free struct newer *n = xcalloc(1, sizeof(*n));
	auto_yard struct yard y = YARD_INIT;
	struct choice to;

	if (c->dry_run ? cmd_open(common, &y, e) < 0
		       : cmd_open_writer(c, common, NULL, 0, &y, e) < 0)
		return -1;
	if (find_target(&y, c, &to, e) < 0)
		return -1;
	if (!c->dry_run && go_back(&y, &to, n, e) < 0)
		return err_wrap(e, "cannot go back to '%s@%s'", to.name, to.serial);
	if (c->out->json)
		out_result(c->out,
			"{\"image\":\"%s\",\"serial\":\"%s\",\"withdrawn\":%zu}\n",
			to.name, to.serial, n->count);
	else
		out_result(c->out, "%s %s@%s\n",
			c->dry_run ? "would go back to" : "went back to", to.name,
			to.serial);
	return 0;
}

const struct command cmd_rollback = {
	.name = "rollback",
	.args = "IMAGE [SERIAL]",
	.summary = "Take the newest builds back, and publish an earlier one",
	.opts = cmd_writer_opts,
	.values_size = sizeof(struct cmd_common),
	.defaults = &cmd_writer_defaults,
	.min_args = 1,
	.max_args = 2,
	.can_dry_run = true,
	.run = run,
};
