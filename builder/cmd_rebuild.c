#include "builder/commands.h"
#include "builder/recorded.h"
#include "builder/treediff.h"
#include "builder/workdir.h"

#include "lib/base/fs.h"
#include "lib/base/jsonw.h"

#define REPORT_MAX (64U << 20)
#define DIFFERS    1
#define AT(member) offsetof(struct rebuild_values, member)

const struct rebuild_values rebuild_defaults = { .cache = NULL };

const struct opt rebuild_opts[] = {
	{ .name = "verify",
		.kind = OPT_FLAG,
		.offset = AT(verify),
		.help = "say whether it is the same, or what differs" },
	{ .name = "cache",
		.kind = OPT_STRING,
		.offset = AT(cache),
		.arg = "DIR",
		.help = "where downloaded packages are kept" },
	{ .name = "threads",
		.kind = OPT_INT,
		.offset = AT(threads),
		.arg = "N",
		.help = "compress on N threads (default: all processors)",
		.min = 1,
		.max = 64 },
	{ .name = "unshare",
		.kind = OPT_FLAG,
		.offset = AT(unshare),
		.help = "build in a user namespace of your own, without root" },
	{ .name = NULL },
};

struct rebuild {
	const struct rebuild_values *values;
	struct out *out;
	int dir; /* of the build */
	struct recorded recorded;
	struct workdir work;
	char *path; /* of the work directory */
};

/* ---- what is different */

static int read_manifest(int dir, struct manifest *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(MANIFEST_BYTES_MAX);

	if (fs_read_at(dir, "rootfs.man", &text, e) < 0)
		return -1;
	return manifest_parse(buf_bytes(&text), out, e);
}

static size_t compare_artifacts(
	const struct build *a, const struct build *b, struct buf *out)
{
	size_t lines = 0;

	for (size_t i = 0; i < a->artifact_count; i++) {
		const struct artifact *other = build_artifact(b, a->artifact[i].name);

		if (other && digest_equal(&other->sha256, &a->artifact[i].sha256))
			continue;
		buf_printf(out, "artifact %s differs\n", a->artifact[i].name);
		lines++;
	}
	return lines;
}

static const struct build_source *find_url(const struct build *b, const char *url)
{
	for (size_t i = 0; i < b->source_count; i++)
		if (strcmp(b->source[i].url, url) == 0)
			return &b->source[i];
	return NULL;
}

/* The archive may have moved on: then the packages say so, before any file does. */
static size_t compare_sources(
	const struct build *a, const struct build *b, struct buf *out)
{
	size_t lines = 0;

	for (size_t i = 0; i < a->source_count; i++)
		if (strcmp(a->source[i].kind, "index") != 0 &&
			!find_url(b, a->source[i].url)) {
			buf_printf(out, "- source %s\n", a->source[i].url);
			lines++;
		}
	for (size_t i = 0; i < b->source_count; i++)
		if (strcmp(b->source[i].kind, "index") != 0 &&
			!find_url(a, b->source[i].url)) {
			buf_printf(out, "+ source %s\n", b->source[i].url);
			lines++;
		}
	return lines;
}

static int compare(const struct rebuild *r, const struct order *o, struct buf *out,
	size_t *lines, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", o->place.variant_path, o->job.serial);
	auto_manifest struct manifest before, now;
	auto_build struct build b;
	auto_fd int dir = fs_open_dir(path, e);

	manifest_init(&before);
	manifest_init(&now);
	build_init(&b);
	if (dir < 0 || order_result(o, &b, e) < 0 ||
		read_manifest(r->dir, &before, e) < 0 || read_manifest(dir, &now, e) < 0)
		return -1;
	*lines = compare_sources(&r->recorded.build, &b, out);
	*lines += treediff(&before, &now, out);
	*lines += compare_artifacts(&r->recorded.build, &b, out);
	return buf_check(out, "the list of differences", e);
}

/* ---- building it again */

static int report(const struct rebuild *r, size_t lines, const struct buf *text)
{
	auto_buf struct buf line = BUF_INIT(REPORT_MAX);
	struct jsonw w = jsonw_to(&line);
	char name[IMAGE_NAME_MAX];

	image_format(&r->recorded.build.image, name);
	if (r->out->json) {
		jsonw_object(&w);
		jsonw_kstr(&w, "image", name);
		jsonw_kstr(&w, "serial", r->recorded.build.serial);
		jsonw_kbool(&w, "identical", lines == 0);
		jsonw_kint(&w, "differences", (int64_t)lines);
		jsonw_kstr(&w, "text", buf_str(text));
		jsonw_end_object(&w);
		out_result(r->out, "%s\n", buf_str(&line));
	} else {
		out_result(r->out, "%s%s %s: %s\n", buf_str(text), name,
			r->recorded.build.serial, lines ? "differs" : "identical");
	}
	return lines ? DIFFERS : 0;
}

static int build_again(struct rebuild *r, const char *recipe, struct err *e)
{
	const struct recorded *rec = &r->recorded;
	auto_free char *out_dir = xasprintf("%s/out", r->path);
	auto_free char *compress = xasprintf("xz=%lld,zstd=%lld",
		(long long)rec->settings.xz_level, (long long)rec->settings.zst_level);
	auto_free char *target = xasprintf("%s/%s/%s", rec->build.image.release,
		rec->build.image.arch, rec->build.image.variant);
	const struct build_values v = { .out_dir = out_dir,
		.compress = compress,
		.serial = rec->build.serial,
		.cache = r->values->cache,
		.cache_max = ORDER_CACHE_MAX,
		.compress_anew = true,
		.threads = r->values->threads,
		.allow_unverified = rec->settings.allow_unverified,
		.unshare = r->values->unshare };
	auto_buf struct buf text = BUF_INIT(REPORT_MAX);
	auto_order struct order o;
	size_t lines;

	order_init(&o);
	if (order_open(&o, &v, recipe, target, r->out, e) < 0)
		return -1;
	if (!digest_equal(&o.job.recipe_digest, &rec->build.recipe))
		return err_set(e, ERR_FAILED,
			"this version reads the recipe differently (it was built by %s)",
			rec->build.tool);
	o.job.epoch_fixed = rec->settings.epoch_fixed;
	if (rec->settings.epoch_fixed)
		o.job.epoch_s = rec->build.epoch_s;
	if (order_build(&o, false, e) < 0 || compare(r, &o, &text, &lines, e) < 0)
		return -1;
	return report(r, lines, &text);
}

static int run(struct rebuild *r, const char *build, struct err *e)
{
	const char *tmpdir = getenv("TMPDIR");
	const char *base = tmpdir && tmpdir[0] == '/' ? tmpdir : "/var/tmp";
	auto_fd int base_dir = fs_open_dir(base, e), recipe_dir = -1;
	auto_free char *recipe = NULL;

	if (base_dir < 0)
		return -1;
	r->dir = fs_open_dir(build, e);
	if (r->dir < 0 || recorded_read(&r->recorded, r->dir, e) < 0)
		return -1;
	workdir_sweep(base_dir, "rootyard-rebuild", NULL, NULL);
	if (workdir_make(base_dir, "rootyard-rebuild", &r->work, e) < 0 ||
		fs_mkdirs(r->work.dir, "recipe", 0755, e) < 0)
		return -1;
	r->path = xasprintf("%s/%s", base, r->work.name);
	recipe = xasprintf("%s/recipe", r->path);
	recipe_dir = fs_open_dir_at(r->work.dir, "recipe", e);
	if (recipe_dir < 0 ||
		recorded_write_recipe(&r->recorded, r->dir, recipe_dir, e) < 0)
		return -1;
	return build_again(r, recipe, e);
}

int cmd_rebuild(struct call *c, struct err *e)
{
	struct rebuild r = {
		.values = c->values, .out = c->out, .dir = -1, .work = WORKDIR_INIT
	};
	int rc;

	if (!r.values->verify)
		return err_set(e, ERR_USAGE, "say --verify: only that is done");
	recorded_init(&r.recorded);
	rc = run(&r, c->argv[0], e);
	if (rc < 0)
		err_wrap(e, "cannot rebuild '%s'", c->argv[0]);
	workdir_remove(&r.work);
	free(r.path);
	recorded_release(&r.recorded);
	if (r.dir >= 0)
		close(r.dir);
	return rc;
}
