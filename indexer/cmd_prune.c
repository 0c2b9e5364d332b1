#include "indexer/clock.h"
#include "indexer/cmd.h"
#include "indexer/prune.h"
#include "indexer/publish.h"
#include "lib/base/jsonw.h"

static void print_build_json(struct out *o, const struct prune_build *b)
{
	auto_buf struct buf text = BUF_INIT(4096);
	struct jsonw w = jsonw_to(&text);
	char name[IMAGE_NAME_MAX];

	image_format(&b->image, name);
	jsonw_object(&w);
	jsonw_kstr(&w, "image", name);
	jsonw_kstr(&w, "serial", b->serial);
	jsonw_kstr(&w, "fate", fate_words[b->rule.fate]);
	if (b->rule.fate >= FATE_RETIRES) {
		jsonw_kint(&w, "bytes", (int64_t)b->bytes);
		jsonw_kint(&w, "own_bytes", (int64_t)b->own_bytes);
	}
	if (b->rule.fate == FATE_WAITS)
		jsonw_kint(&w, "until", b->rule.until_s);
	jsonw_end_object(&w);
	out_result(o, "%s\n", buf_str(&text));
}

/* What stays is worth a line to the curious only. */
static void print_build(struct out *o, const struct prune_build *b)
{
	char name[IMAGE_NAME_MAX], own[32], until[40] = "";

	if (b->rule.fate < FATE_RETIRES && o->level < 1)
		return;
	image_format(&b->image, name);
	if (b->rule.fate < FATE_RETIRES) {
		out_result(o, "%-8s %s@%s\n", fate_words[b->rule.fate], name, b->serial);
		return;
	}
	if (b->rule.fate == FATE_WAITS) {
		memcpy(until, " until ", sizeof(" until "));
		cmd_time(b->rule.until_s, until + strlen(until));
	}
	out_result(o, "%-8s %s@%s (%s)%s\n", fate_words[b->rule.fate], name, b->serial,
		out_size(b->own_bytes, own, sizeof(own)), until);
}

static void print(struct call *c, const struct prune *p)
{
	struct out *o = c->out;
	char freed[32];

	for (size_t i = 0; i < p->count; i++)
		if (o->json)
			print_build_json(o, &p->build[i]);
		else
			print_build(o, &p->build[i]);
	if (o->json)
		out_result(o,
			"{\"retires\":%zu,\"waits\":%zu,\"goes\":%zu,\"documents\":%zu,"
			"\"freed\":%llu,\"done\":%s}\n",
			p->retires, p->waits, p->goes, p->documents,
			(unsigned long long)(p->freed + p->doc_bytes),
			c->dry_run ? "false" : "true");
	else
		out_result(o,
			"%s %zu builds and %zu documents, %s; %zu retired, %zu wait\n",
			c->dry_run ? "would remove" : "removed", p->goes, p->documents,
			out_size(p->freed + p->doc_bytes, freed, sizeof(freed)),
			p->retires, p->waits);
}

/* What retires leaves the index at once, unless other changes wait for a 'publish' of
 * their own. */
static int retire(struct call *c, struct yard *y, const struct prune *p, struct err *e)
{
	auto_plan struct plan before = { 0 }, after = { 0 };
	auto_notary struct notary n = { 0 };

	if (!p->retires)
		return 0;
	if (plan_make(y, &before, e) < 0 || prune_retire(y, p, e) < 0)
		return -1;
	if (!plan_is_empty(&before)) {
		out_note(c->out, "what retires leaves the index with the next 'publish'");
		return 0;
	}
	if (plan_make(y, &after, e) < 0 || notary_open(y, NOTARY_SIGN, &n, e) < 0)
		return -1;
	return publish_run(y, &n, &after, e);
}

static int run(struct call *c, struct err *e)
{
	const struct cmd_common *common = c->values;
	auto_yard struct yard y = YARD_INIT;
	auto_prune struct prune p = { 0 };

	if (c->dry_run ? cmd_open(common, &y, e) < 0
		       : cmd_open_writer(c, common, NULL, 0, &y, e) < 0)
		return -1;
	if (!c->dry_run && clock_check_fresh(&y, e) < 0)
		return err_wrap(e, "cannot prune '%s'", y.path);
	if (prune_plan(&y, &p, e) < 0)
		return -1;
	if (!c->dry_run && (retire(c, &y, &p, e) < 0 || prune_remove(&y, &p, e) < 0))
		return err_wrap(e, "cannot prune '%s'", y.path);
	print(c, &p);
	return 0;
}

const struct command cmd_prune = {
	.name = "prune",
	.args = "",
	.summary = "Retire old builds, and remove what nobody may ask for any more",
	.opts = cmd_writer_opts,
	.values_size = sizeof(struct cmd_common),
	.defaults = &cmd_writer_defaults,
	.can_dry_run = true,
	.run = run,
};
