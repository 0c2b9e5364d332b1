#include "indexer/cmd.h"
#include "indexer/rebuild.h"
#include "indexer/swap.h"
#include "lib/base/jsonw.h"

struct values {
	struct cmd_common common;
	bool force, site_changed;
};

static const struct opt opts[] = {
	CMD_DIRECTORY,
	{ "force", 0, OPT_FLAG, offsetof(struct values, force), NULL,
		"also in the place of a catalog that is whole", 0, 0 },
	{ "site-changed", 0, OPT_FLAG, offsetof(struct values, site_changed), NULL,
		"site.yaml or releases/ are not those of the last publication", 0, 0 },
	CMD_WAIT,
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct values defaults = { .common.wait_s = CMD_WAIT_DEFAULT_S };

/* What nothing in public/ says. */
static const char lost[] = "not in the tree, and so not known any more: events, why "
			   "builds are pinned, since "
			   "when withdrawn builds are gone, deltas that did not pay, "
			   "keys that were made and "
			   "not installed yet";

static void say(const char *line, void *ctx)
{
	out_result(ctx, "%s\n", line);
}

static void say_json(const char *line, void *ctx)
{
	auto_buf struct buf text = BUF_INIT(16U << 10);
	struct jsonw w = jsonw_to(&text);

	jsonw_object(&w);
	jsonw_kstr(&w, "finding", line);
	jsonw_end_object(&w);
	out_result(ctx, "%s\n", buf_str(&text));
}

static void warn(const char *line, void *ctx)
{
	out_warn(ctx, "%s", line);
}

static void report(struct call *c, const struct rebuild *r)
{
	auto_buf struct buf text = BUF_INIT(1024);
	struct jsonw w = jsonw_to(&text);

	if (!c->out->json) {
		out_result(c->out,
			"%s of generation %lld: %zu images, %zu builds, %zu files\n",
			c->dry_run ? "would make the catalog" : "made the catalog",
			(long long)r->live, r->images, r->builds, r->files);
		return;
	}
	jsonw_object(&w);
	jsonw_kint(&w, "generation", r->live);
	jsonw_kint(&w, "version", r->version);
	jsonw_kint(&w, "images", (int64_t)r->images);
	jsonw_kint(&w, "builds", (int64_t)r->builds);
	jsonw_kint(&w, "files", (int64_t)r->files);
	jsonw_kint(&w, "held", (int64_t)r->held);
	jsonw_end_object(&w);
	out_result(c->out, "%s\n", buf_str(&text));
}

static void note(struct call *c, const struct rebuild *r)
{
	if (r->unmarked)
		out_warn(c->out,
			"%zu files have lost the attribute that holds their digest, as "
			"copies do: 'fsck --repair' sets it",
			r->unmarked);
	if (r->held)
		out_warn(c->out,
			"%zu builds are in public/ and nothing that is published names "
			"them: they are held, 'release' offers them",
			r->held);
	out_note(c->out, "%s", lost);
}

static int make(struct call *c, struct yard *y, struct rebuild *r, struct err *e)
{
	if (notary_open(y, 0, r->notary, e) < 0 || rebuild_run(r, e) < 0)
		return -1;
	if (r->findings)
		return err_set(e, ERR_DAMAGED, "%zu findings, and no catalog was made",
			r->findings);
	return c->dry_run ? 0 : swap_commit(y, e);
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	const char *dirs[] = { cmd_directory(&v->common) };
	auto_yard struct yard y = YARD_INIT;
	auto_notary struct notary n = { 0 };
	auto_rebuild struct rebuild r = { .yard = &y,
		.notary = &n,
		.site_changed = v->site_changed,
		.say = c->out->json ? say_json : say,
		.warn = warn,
		.ctx = c->out };

	if (cmd_confine(dirs, 1, NULL, 0, e) < 0 ||
		yard_open_bare(dirs[0], (int)(v->common.wait_s * 1000), &y, e) < 0 ||
		(!v->force && swap_check_old(&y, e) < 0) || swap_begin(&y, e) < 0)
		return -1;
	if (make(c, &y, &r, e) < 0) {
		swap_cancel(&y);
		return err_wrap(e, "cannot make the catalog of '%s' again", y.path);
	}
	if (c->dry_run)
		swap_cancel(&y);
	report(c, &r);
	note(c, &r);
	return 0;
}

const struct command cmd_rebuild = {
	.name = "rebuild",
	.args = "",
	.summary = "Make the catalog again from what is published",
	.opts = opts,
	.values_size = sizeof(struct values),
	.defaults = &defaults,
	.can_dry_run = true,
	.run = run,
};
