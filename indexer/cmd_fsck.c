#include "indexer/clock.h"
#include "indexer/cmd.h"
#include "indexer/fsck.h"
#include "lib/base/jsonw.h"

struct values {
	struct cmd_common common;
	bool quick, repair;
};

static const struct opt opts[] = {
	CMD_DIRECTORY,
	{ "quick", 0, OPT_FLAG, offsetof(struct values, quick), NULL,
		"look at sizes and marks, not at contents and signatures", 0, 0 },
	{ "repair", 0, OPT_FLAG, offsetof(struct values, repair), NULL,
		"mend what can be made again; move what is not known to lost/", 0, 0 },
	CMD_WAIT,
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct values defaults = { .common.wait_s = CMD_WAIT_DEFAULT_S };

static void say(const char *line, void *ctx)
{
	struct out *o = ctx;

	if (o->json) {
		auto_buf struct buf text = BUF_INIT(16U << 10);
		struct jsonw w = jsonw_to(&text);

		jsonw_object(&w);
		jsonw_kstr(&w, "finding", line);
		jsonw_end_object(&w);
		out_result(o, "%s\n", buf_str(&text));
	} else {
		out_result(o, "%s\n", line);
	}
}

/* Without a root that can be believed, signatures cannot be checked, which is a finding;
 * without gpg or a clock, which is not the tree's fault. */
static int believe(struct fsck *f, struct notary *n, struct err *e)
{
	struct err why;

	if (f->quick)
		return 0;
	if (clock_check(f->yard, e) < 0)
		return -1;
	if (notary_open(f->yard, 0, n, &why) < 0) {
		if (why.code == ERR_FAILED)
			return err_set(e, ERR_FAILED, "%s", why.text);
		return fsck_find(f, "F11", "trust",
			"untrusted: %s; no signature can be checked", why.text);
	}
	if (!n->publish.count)
		return fsck_find(f, "F11", "trust",
			"untrusted: root version %lld has no publish key that is valid "
			"now; set the clock, or run 'key rotate'",
			(long long)n->root.version);
	f->notary = n;
	return 0;
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	const char *dirs[] = { cmd_directory(&v->common) };
	auto_yard struct yard y = YARD_INIT;
	auto_notary struct notary n = { 0 };
	struct fsck f = {
		.quick = v->quick, .repair = v->repair, .say = say, .ctx = c->out
	};

	if (v->repair ? cmd_open_writer(c, &v->common, NULL, 0, &y, e) < 0
		      : cmd_confine(dirs, 1, NULL, 0, e) < 0 ||
				cmd_open(&v->common, &y, e) < 0)
		return -1;
	f.yard = &y;
	if (believe(&f, &n, e) < 0 || fsck_run(&f, e) < 0)
		return err_wrap(e, "cannot check '%s'", y.path);
	if (f.is_pending)
		out_note(c->out, "a publication is due: the indexes were compared with "
				 "what was signed, "
				 "not with the catalog (F8); run 'publish', then 'fsck'");
	if (f.findings && f.mended == f.findings) {
		out_note(c->out, "'%s' is mended: %zu findings", y.path, f.findings);
		return 0;
	}
	if (f.mended)
		return err_set(e, ERR_DAMAGED,
			"'%s' is damaged: %zu findings, %zu of them mended", y.path,
			f.findings, f.mended);
	if (f.findings)
		return err_set(e, ERR_DAMAGED, "'%s' is damaged: %zu findings", y.path,
			f.findings);
	out_note(c->out, "'%s' is whole: %zu files and documents%s", y.path, f.checked,
		v->quick ? ", contents and signatures not looked at" : "");
	return 0;
}

const struct command cmd_fsck = {
	.name = "fsck",
	.args = "",
	.summary = "Compare everything on disk with the catalog and the signatures",
	.opts = opts,
	.values_size = sizeof(struct values),
	.defaults = &defaults,
	.run = run,
};
