#include "indexer/catalog_keep.h"
#include "indexer/choice.h"
#include "indexer/cmd.h"

struct values {
	struct cmd_common common;
	const char *reason;
};

static const struct opt opts[] = {
	CMD_DIRECTORY,
	{ "reason", 0, OPT_STRING, offsetof(struct values, reason), "TEXT",
		"why, for 'events'", 0, 0 },
	CMD_WAIT,
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct values defaults = { .common.wait_s = CMD_WAIT_DEFAULT_S,
	.reason = "" };

/* What one of the four verbs does to a build, within a transaction. */
typedef int change(
	struct yard *y, const struct choice *b, const char *reason, struct err *e);

static int pin(struct yard *y, const struct choice *b, const char *reason, struct err *e)
{
	/* its files are still there: a pin takes it back into the index */
	if (b->is_retired && catalog_build_restore(y->catalog, b->build, e) < 0)
		return -1;
	return catalog_pin_put(y->catalog, b->build, y->now_s, reason, e);
}

static int unpin(
	struct yard *y, const struct choice *b, const char *reason, struct err *e)
{
	(void)reason;
	if (!b->is_pinned)
		return err_set(
			e, ERR_NOTFOUND, "'%s@%s' is not pinned", b->name, b->serial);
	return catalog_pin_drop(y->catalog, b->build, e);
}

struct offered {
	size_t count;
};

static int count_offered(const struct catalog_build *b, void *ctx, struct err *e)
{
	struct offered *o = ctx;

	(void)e;
	o->count += strcmp(b->state, "active") == 0;
	return 0;
}

static int hold(struct yard *y, const struct choice *b, const char *reason, struct err *e)
{
	struct offered o = { .count = 0 };

	(void)reason;
	if (strcmp(b->state, "active") != 0)
		return err_set(e, ERR_CONFLICT, "'%s@%s' is %s already", b->name,
			b->serial, b->state);
	if (catalog_build_walk(y->catalog, &b->image, count_offered, &o, e) < 0)
		return -1;
	if (o.count < 2)
		return err_set(e, ERR_CONFLICT,
			"'%s@%s' is the only build that is offered: the image would "
			"disappear",
			b->name, b->serial);
	return catalog_build_set_state(y->catalog, b->build, "held", e);
}

static int release(
	struct yard *y, const struct choice *b, const char *reason, struct err *e)
{
	(void)reason;
	if (strcmp(b->state, "held") != 0)
		return err_set(e, ERR_CONFLICT,
			"'%s@%s' is not held: name the serial, as 'show' has it", b->name,
			b->serial);
	return catalog_build_set_state(y->catalog, b->build, "active", e);
}

static const struct {
	const struct command *command;
	change *change;
	const char *kind; /* of the event, and the word of the result */
} verbs[] = {
	{ &cmd_pin, pin, "pinned" },
	{ &cmd_unpin, unpin, "unpinned" },
	{ &cmd_hold, hold, "held-back" },
	{ &cmd_release, release, "released" },
};

static int apply(struct yard *y, size_t verb, const struct choice *b, const char *reason,
	struct err *e)
{
	struct catalog_event v = { .at_s = y->now_s,
		.kind = verbs[verb].kind,
		.image = b->name,
		.serial = b->serial,
		.message = reason };

	if (catalog_begin(y->catalog, e) < 0)
		return -1;
	if (verbs[verb].change(y, b, reason, e) < 0 ||
		catalog_event_add(y->catalog, &v, e) < 0) {
		catalog_rollback(y->catalog);
		return -1;
	}
	return catalog_commit(y->catalog, e);
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	auto_yard struct yard y = YARD_INIT;
	struct choice b;
	size_t verb = 0;

	while (strcmp(verbs[verb].command->name, c->command->name) != 0)
		verb++;
	if (cmd_open_writer(c, &v->common, NULL, 0, &y, e) < 0 ||
		choice_find(y.catalog, c->argv[0], &b, e) < 0 ||
		apply(&y, verb, &b, v->reason, e) < 0)
		return -1;
	if (c->out->json)
		out_result(c->out,
			"{\"image\":\"%s\",\"serial\":\"%s\",\"result\":\"%s\"}\n",
			b.name, b.serial, verbs[verb].kind);
	else
		out_result(c->out, "%s %s@%s\n", verbs[verb].kind, b.name, b.serial);
	out_note(c->out, "readers see it after the next 'publish'");
	return 0;
}

#define VERB(word, text)                                                                 \
	{                                                                                \
		.name = word, .args = "IMAGE[@SERIAL]", .summary = (text), .opts = opts, \
		.values_size = sizeof(struct values), .defaults = &defaults,             \
		.min_args = 1, .max_args = 1, .run = run                                 \
	}

const struct command cmd_pin = VERB("pin", "Keep a build whatever retention says");
const struct command cmd_unpin = VERB("unpin", "Let retention have a build again");
const struct command cmd_hold = VERB("hold", "Offer a build no more, but keep it");
const struct command cmd_release = VERB("release", "Offer a held build");
