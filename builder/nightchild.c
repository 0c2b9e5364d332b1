#include "builder/nightchild.h"

#include "builder/handover.h"
#include "builder/record.h"

#include <time.h>

static void fill_built(
	struct night_result *r, const struct order *o, const struct build *b)
{
	const struct artifact *a = build_artifact(b, "rootfs.tar.xz");

	snprintf(r->outcome, sizeof(r->outcome), "built");
	snprintf(r->class, sizeof(r->class), "%s", b->class);
	snprintf(r->serial, sizeof(r->serial), "%s", o->job.serial);
	digest_hex(&b->id, r->id);
	r->size_bytes = a ? (int64_t)a->size : 0;
}

static void fill_unchanged(struct night_result *r, const struct record *record)
{
	snprintf(r->outcome, sizeof(r->outcome), "unchanged");
	snprintf(r->class, sizeof(r->class), "ok");
	snprintf(r->serial, sizeof(r->serial), "%s", record->build.serial);
	digest_hex(&record->build.id, r->id);
}

static void fill_failed(
	struct night_result *r, const struct order *o, const struct err *e)
{
	snprintf(r->outcome, sizeof(r->outcome), "failed");
	snprintf(r->class, sizeof(r->class), "%s", handover_class(e->code));
	snprintf(r->serial, sizeof(r->serial), "%s", o->job.serial);
	r->code = e->code;
	r->status = err_exit_status(e);
	snprintf(r->message, sizeof(r->message), "%s", e->text);
}

static int build_due(
	struct order *o, const struct night *n, struct night_result *r, struct err *e)
{
	struct night_result failed = { .tries = r->tries };
	auto_build struct build b;

	build_init(&b);
	/* Its record is kept only when it is not tried again. */
	o->job.is_retry = r->tries > 1;
	if (order_build(o, false, e) < 0) {
		fill_failed(&failed, o, e);
		if (!night_may_retry(&failed, n->values->tries))
			order_keep_failure(o, e);
		return -1;
	}
	if (order_result(o, &b, e) < 0 || record_keep(n->dir, &o->job, &b, e) < 0)
		return -1;
	fill_built(r, o, &b);
	return 0;
}

static int run(struct order *o, const struct night *n, const struct cell *cell,
	struct night_result *r, struct err *e)
{
	auto_record struct record record;

	record_init(&record);
	if (order_open(o, &n->values->build, cell->dir, cell->target, n->out, e) < 0)
		return -1;
	record_load(&record, n->dir, &cell->image);
	if (!n->values->force && !record_is_due(&record, &o->job, (int64_t)time(NULL),
					 r->message, sizeof(r->message))) {
		fill_unchanged(r, &record);
		return 0;
	}
	return build_due(o, n, r, e);
}

void nightchild_run(const struct night *n, const struct cell *cell, int64_t tries,
	struct night_result *out)
{
	auto_order struct order o;
	struct err e = { 0 };

	order_init(&o);
	*out = (struct night_result){ .tries = tries };
	if (run(&o, n, cell, out, &e) < 0)
		fill_failed(out, &o, &e);
}
