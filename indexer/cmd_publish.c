#include "indexer/cmd.h"
#include "indexer/deltas.h"
#include "indexer/emission.h"
#include "indexer/publish.h"
#include "lib/base/jsonw.h"

static void print_json(struct call *c, const struct plan *p, bool done)
{
	auto_buf struct buf text = BUF_INIT(1U << 20);
	struct jsonw w = jsonw_to(&text);

	jsonw_object(&w);
	jsonw_kbool(&w, "published", done);
	jsonw_kint(&w, "generation", p->generation - (plan_is_empty(p) ? 1 : 0));
	jsonw_kint(&w, "images", (int64_t)p->count);
	jsonw_kint(&w, "changed", (int64_t)p->changed);
	jsonw_kint(&w, "dropped", p->dropped);
	if (done) {
		jsonw_kint(&w, "index_bytes", (int64_t)p->index_bytes);
		jsonw_kint(&w, "index_ms", p->index_ms);
	}
	jsonw_end_object(&w);
	out_result(c->out, "%s\n", buf_str(&text));
}

static void print(struct call *c, const struct plan *p, bool done)
{
	if (c->out->json) {
		print_json(c, p, done);
		return;
	}
	for (size_t i = 0; i < p->count; i++) {
		auto_buf struct buf line = BUF_INIT(1024);

		if (p->image[i].kind == PLAN_SAME)
			continue;
		plan_describe(&p->image[i], &line);
		out_result(c->out, "%s\n", buf_str(&line));
	}
	if (p->dropped)
		out_result(c->out, "%lld images are listed no more\n",
			(long long)p->dropped);
	out_result(c->out, "%s generation %lld: %zu images, %zu changed\n",
		done ? "published" : "would publish", (long long)p->generation, p->count,
		p->changed);
}

/* One line, until the operator says where people find the tree. */
static void note_skipped(struct call *c, const struct site *site)
{
	auto_buf struct buf names = BUF_INIT(256);

	emission_skipped(site, &names);
	if (names.len)
		out_note(c->out, "skipped %s: they need base_url in site.yaml",
			buf_str(&names));
}

static int publish(struct call *c, struct yard *y, struct err *e)
{
	auto_plan struct plan plan = { 0 };
	auto_notary struct notary n = { 0 };

	if (plan_make(y, &plan, e) < 0)
		return -1;
	if (plan_is_empty(&plan)) {
		if (c->out->json)
			print_json(c, &plan, false);
		else
			out_result(c->out, "nothing to publish\n");
		return 0;
	}
	if (c->dry_run) {
		print(c, &plan, false);
		return 0;
	}
	if (deltas_run(y, &plan, c->out, e) < 0)
		return err_wrap(e, "cannot make deltas");
	if (notary_open(y, NOTARY_SIGN | NOTARY_FRESH, &n, e) < 0 ||
		publish_run(y, &n, &plan, e) < 0)
		return err_wrap(
			e, "cannot publish generation %lld", (long long)plan.generation);
	print(c, &plan, true);
	note_skipped(c, &y->site);
	return 0;
}

static int run(struct call *c, struct err *e)
{
	const struct cmd_common *common = c->values;
	auto_yard struct yard y = YARD_INIT;

	/* without the lock and without recovery: nothing may change */
	if (c->dry_run) {
		if (cmd_open(common, &y, e) < 0)
			return -1;
	} else if (cmd_open_writer(c, common, NULL, 0, &y, e) < 0) {
		return -1;
	}
	return publish(c, &y, e);
}

const struct command cmd_publish = {
	.name = "publish",
	.args = "",
	.summary = "Make everything that was added visible, at once",
	.opts = cmd_writer_opts,
	.values_size = sizeof(struct cmd_common),
	.defaults = &cmd_writer_defaults,
	.can_dry_run = true,
	.run = run,
};

struct refresh {
	struct cmd_common common;
	bool clock_is_right;
};

static const struct opt refresh_opts[] = {
	CMD_DIRECTORY,
	{ "clock-is-right", 0, OPT_FLAG, offsetof(struct refresh, clock_is_right), NULL,
		"sign although everything published has expired", 0, 0 },
	CMD_WAIT,
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct refresh refresh_defaults = { .common.wait_s = CMD_WAIT_DEFAULT_S };

static int run_refresh(struct call *c, struct err *e)
{
	const struct refresh *v = c->values;
	auto_yard struct yard y = YARD_INIT;
	auto_notary struct notary n = { 0 };
	struct catalog_signing s;
	char expires[32];

	if (cmd_open_writer(c, &v->common, NULL, 0, &y, e) < 0 ||
		notary_open(&y, NOTARY_SIGN | (v->clock_is_right ? 0 : NOTARY_FRESH), &n,
			e) < 0 ||
		publish_refresh(&y, &n, &s, e) < 0)
		return -1;
	cmd_time(s.expires_s, expires);
	if (c->out->json)
		out_result(c->out,
			"{\"version\":%lld,\"generation\":%lld,\"expires\":%lld}\n",
			(long long)s.version, (long long)s.generation,
			(long long)s.expires_s);
	else
		out_result(c->out,
			"signed version %lld of generation %lld, good until %s\n",
			(long long)s.version, (long long)s.generation, expires);
	return 0;
}

const struct command cmd_refresh = {
	.name = "refresh",
	.args = "",
	.summary = "Sign the published metadata anew, with a new expiry",
	.opts = refresh_opts,
	.values_size = sizeof(struct refresh),
	.defaults = &refresh_defaults,
	.run = run_refresh,
};
