#include "client/image/cmd.h"
#include "client/image/home.h"
#include "client/image/repo.h"
#include "client/image/words.h"
#include "lib/base/jsonw.h"

#include <inttypes.h>

#define OUTPUT_MAX (4U << 20)

static void json_build(struct jsonw *w, const struct doc_build *b)
{
	char hex[DIGEST_HEX];

	jsonw_object(w);
	jsonw_kstr(w, "serial", b->serial);
	jsonw_kstr(w, "state", b->state);
	digest_hex(&b->id, hex);
	jsonw_kstr(w, "id", hex);
	jsonw_kint(w, "created", b->created_s);
	jsonw_kint(w, "epoch", b->epoch_s);
	jsonw_kstr(w, "tested", b->tested ? b->tested : "");
	jsonw_kint(w, "entries", (int64_t)b->entries);
	jsonw_kint(w, "unpacked_size", (int64_t)b->unpacked_size);
	jsonw_kstr(w, "init", b->init ? b->init : "");
	jsonw_key(w, "files");
	jsonw_array(w);
	for (size_t i = 0; i < b->file_count; i++) {
		jsonw_object(w);
		jsonw_kstr(w, "name", b->file[i].name);
		jsonw_kint(w, "size", (int64_t)b->file[i].size);
		digest_hex(&b->file[i].sha256, hex);
		jsonw_kstr(w, "sha256", hex);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
	jsonw_end_object(w);
}

static void print_json(const struct imagedoc *d, struct out *out)
{
	auto_buf struct buf text = BUF_INIT(OUTPUT_MAX);
	struct jsonw w = jsonw_to(&text);
	char name[IMAGE_NAME_MAX];

	image_format(&d->image, name);
	jsonw_object(&w);
	jsonw_kstr(&w, "image", name);
	jsonw_kstr(&w, "state", d->state);
	jsonw_key(&w, "aliases");
	jsonw_array(&w);
	for (size_t i = 0; i < d->alias_count; i++)
		jsonw_str(&w, d->alias[i]);
	jsonw_end_array(&w);
	jsonw_kstr(&w, "eol", d->eol ? d->eol : "");
	jsonw_kstr(&w, "description", d->description ? d->description : "");
	jsonw_key(&w, "builds");
	jsonw_array(&w);
	for (size_t i = 0; i < d->build_count; i++)
		json_build(&w, &d->build[i]);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	out_result(out, "%s\n", buf_str(&text));
}

static uint64_t download_size(const struct doc_build *b)
{
	const struct doc_file *f = doc_build_file(b, "rootfs.tar.zst");

	return f ? f->size : 0;
}

static void print_build(
	const struct doc_build *b, int64_t now_s, struct arena *arena, struct out *out)
{
	char hex[DIGEST_HEX], age[32], fetch[32], unpacked[32];

	digest_hex(&b->id, hex);
	out_result(out, "%-13s  %-9s  %5s  %-10s  %8s  %8s  %.16s\n", b->serial,
		words_safe(arena, b->state),
		words_age(b->created_s, now_s, age, sizeof(age)),
		words_safe(arena, b->tested ? b->tested : "-"),
		out_size(download_size(b), fetch, sizeof(fetch)),
		out_size(b->unpacked_size, unpacked, sizeof(unpacked)), hex);
}

static void print_text(const struct imagedoc *d, int64_t now_s, struct out *out)
{
	auto_arena struct arena arena = { 0 };
	char name[IMAGE_NAME_MAX];

	image_format(&d->image, name);
	out_result(out, "image:        %s\n", name);
	out_result(out, "state:        %s\n", words_safe(&arena, d->state));
	if (d->description && *d->description)
		out_result(out, "description:  %s\n", words_safe(&arena, d->description));
	if (d->eol && *d->eol)
		out_result(out, "end of life:  %s\n", words_safe(&arena, d->eol));
	for (size_t i = 0; i < d->alias_count; i++)
		out_result(out, "%s%s",
			i ? ", " : "aliases:      ", words_safe(&arena, d->alias[i]));
	out_result(out, "%s\n%-13s  %-9s  %5s  %-10s  %8s  %8s  %s\n",
		d->alias_count ? "\n" : "", "SERIAL", "STATE", "AGE", "TESTED", "FETCH",
		"UNPACKED", "ID");
	for (size_t i = 0; i < d->build_count; i++)
		print_build(&d->build[i], now_s, &arena, out);
}

static int run(struct call *c, struct err *e)
{
	auto_remotes struct remotes remotes = { 0 };
	auto_repo struct repo repo = REPO_INIT;
	auto_imagedoc struct imagedoc doc = { 0 };
	auto_fd int config_fd = home_open(PLACE_CONFIG, e);
	const struct catdoc_line *line;
	const struct remote *remote;
	struct image_ref ref;

	if (config_fd < 0 || image_ref_parse(c->argv[0], &ref, e) < 0) {
		if (e->code == ERR_PARSE)
			e->code = ERR_USAGE;
		return -1;
	}
	if (remotes_load(config_fd, &remotes, e) < 0 ||
		remotes_find(&remotes, ref.remote, &remote, e) < 0)
		return -1;
	if (repo_open(remote, NULL, &repo, e) < 0 || repo_catalog(&repo, e) < 0 ||
		catdoc_find(&repo.catalog, &ref, &line, e) < 0 ||
		repo_image(&repo, line, &doc, e) < 0)
		return err_wrap(e, "cannot show '%s'", c->argv[0]);
	if (c->out->json)
		print_json(&doc, c->out);
	else
		print_text(&doc, repo.trust.now_s, c->out);
	return 0;
}

const struct command cmd_info = {
	.name = "info",
	.args = "[REMOTE:]IMAGE",
	.summary = "the builds of one image",
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
