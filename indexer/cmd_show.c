#include "indexer/cmd.h"
#include "lib/base/jsonw.h"

struct values {
	struct cmd_common common;
};

static const struct opt opts[] = {
	CMD_DIRECTORY,
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

struct showing {
	struct out *out;
	struct catalog *catalog;
	const struct image_ref *ref;
	struct jsonw *json; /* of the build being shown */
	size_t shown;
};

static int print_file(const struct catalog_file *f, void *ctx, struct err *e)
{
	struct showing *s = ctx;
	char hex[DIGEST_HEX], size[32];

	(void)e;
	digest_hex(&f->sha256, hex);
	if (s->json) {
		jsonw_object(s->json);
		jsonw_kstr(s->json, "name", f->name);
		jsonw_kint(s->json, "size", (int64_t)f->size);
		jsonw_kstr(s->json, "sha256", hex);
		jsonw_kbool(s->json, "signed", f->is_signed);
		jsonw_end_object(s->json);
	} else {
		out_result(s->out, "  %-18s %9s  %s%s\n", f->name,
			out_size(f->size, size, sizeof(size)), hex,
			f->is_signed ? "" : "  not signed");
	}
	return 0;
}

static int print_json(struct showing *s, const struct catalog_build *b, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(256U << 10);
	struct jsonw w = jsonw_to(&text);
	char name[IMAGE_NAME_MAX], id[DIGEST_HEX], diff[DIGEST_HEX];

	image_format(&b->image, name);
	digest_hex(&b->tree, id);
	digest_hex(&b->diff, diff);
	jsonw_object(&w);
	jsonw_kstr(&w, "image", name);
	jsonw_kstr(&w, "serial", b->serial);
	jsonw_kstr(&w, "state", b->state);
	jsonw_kstr(&w, "id", id);
	jsonw_kstr(&w, "diff_id", diff);
	jsonw_kint(&w, "created", b->created_s);
	jsonw_kint(&w, "admitted", b->admitted_s);
	jsonw_kint(&w, "expires", b->expires_s);
	jsonw_kint(&w, "epoch", b->epoch_s);
	jsonw_kstr(&w, "tested", b->tested);
	jsonw_kstr(&w, "origin", b->origin);
	jsonw_kint(&w, "entries", (int64_t)b->entries);
	jsonw_kint(&w, "unpacked_size", (int64_t)b->unpacked_size);
	jsonw_kstr(&w, "init", b->init);
	jsonw_kstr(&w, "stop_signal", b->stop_signal);
	jsonw_kstr(&w, "description", b->description);
	jsonw_key(&w, "files");
	jsonw_array(&w);
	/* cppcheck-suppress autoVariables ; taken back before it goes */
	s->json = &w;
	if (catalog_file_walk(s->catalog, b->id, print_file, s, e) < 0)
		return -1;
	s->json = NULL;
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	if (buf_check(&text, "the result", e) < 0)
		return -1;
	out_result(s->out, "%s\n", buf_str(&text));
	return 0;
}

static int print_text(struct showing *s, const struct catalog_build *b, struct err *e)
{
	char name[IMAGE_NAME_MAX], hex[DIGEST_HEX], created[32], expires[32], size[32];

	image_format(&b->image, name);
	cmd_time(b->created_s, created);
	cmd_time(b->expires_s, expires);
	out_result(s->out, "%s@%s\n", name, b->serial);
	digest_hex(&b->tree, hex);
	out_result(s->out, "  id           %s\n", hex);
	digest_hex(&b->diff, hex);
	out_result(s->out, "  diff id      %s\n", hex);
	out_result(s->out, "  state        %s, %s\n", b->state, b->tested);
	out_result(
		s->out, "  created      %s, cached copies expire %s\n", created, expires);
	out_result(s->out, "  tree         %llu entries, %s, ids up to %u:%u\n",
		(unsigned long long)b->entries,
		out_size(b->unpacked_size, size, sizeof(size)), b->max_uid, b->max_gid);
	out_result(s->out, "  init         %s, stopped by %s\n",
		b->init[0] ? b->init : "none", b->stop_signal);
	if (b->description[0])
		out_result(s->out, "  description  %s\n", b->description);
	return catalog_file_walk(s->catalog, b->id, print_file, s, e);
}

static bool part_fits(const char *asked, const char *have)
{
	return !asked[0] || strcmp(asked, have) == 0;
}

static bool fits(const struct image_ref *r, const struct catalog_build *b)
{
	char hex[DIGEST_HEX];

	digest_hex(&b->tree, hex);
	return part_fits(r->image.distro, b->image.distro) &&
	       part_fits(r->image.release, b->image.release) &&
	       part_fits(r->image.arch, b->image.arch) &&
	       part_fits(r->image.variant, b->image.variant) &&
	       part_fits(r->serial, b->serial) && part_fits(r->id, hex);
}

static int print_build(const struct catalog_build *b, void *ctx, struct err *e)
{
	struct showing *s = ctx;

	if (!fits(s->ref, b))
		return 0;
	s->shown++;
	return s->out->json ? print_json(s, b, e) : print_text(s, b, e);
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	auto_yard struct yard y = YARD_INIT;
	struct image_ref ref;
	struct showing s = { .out = c->out, .ref = &ref };

	if (image_ref_parse(c->argv[0], &ref, e) < 0)
		return -1;
	if (ref.remote[0])
		return err_set(e, ERR_USAGE,
			"'%s' names a remote: this is the tree itself", c->argv[0]);
	if (cmd_open(&v->common, &y, e) < 0)
		return -1;
	s.catalog = y.catalog;
	if (catalog_build_walk(y.catalog, NULL, print_build, &s, e) < 0)
		return -1;
	if (!s.shown)
		return err_set(
			e, ERR_NOTFOUND, "cannot find '%s' in the catalog", c->argv[0]);
	return 0;
}

const struct command cmd_show = {
	.name = "show",
	.args = "IMAGE[@SERIAL]",
	.summary = "Show the builds of an image and their files",
	.opts = opts,
	.values_size = sizeof(struct values),
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
