#include "indexer/emit_page.h"

#include "lib/base/jsonw.h"

static void kdigest(struct jsonw *w, const char *key, const struct digest *d)
{
	char hex[DIGEST_HEX];

	digest_hex(d, hex);
	jsonw_kstr(w, key, hex);
}

static void aliases(struct jsonw *w, const struct emit_image *i)
{
	const struct site_release *r = i->release;

	jsonw_key(w, "aliases");
	jsonw_array(w);
	for (size_t k = 0; r && k < r->alias_count; k++) {
		auto_free char *alias = xasprintf("%s/%s", r->distro, r->alias[k]);

		jsonw_str(w, alias);
	}
	if (r && r->is_default)
		jsonw_str(w, r->distro);
	jsonw_end_array(w);
}

/* What the index and an image's own document begin with. */
static void head(struct jsonw *w, const struct emit_image *i)
{
	const struct image *image = &i->listed->image;
	char name[IMAGE_NAME_MAX];

	image_format(image, name);
	jsonw_kstr(w, "image", name);
	jsonw_kstr(w, "distro", image->distro);
	jsonw_kstr(w, "release", image->release);
	jsonw_kstr(w, "arch", image->arch);
	jsonw_kstr(w, "variant", image->variant);
	jsonw_kstr(w, "state", i->build_count ? i->listed->state : "withdrawn");
	aliases(w, i);
	jsonw_kstr(w, "eol", i->release ? i->release->eol : "");
}

static void path(struct jsonw *w, const char *key, const struct image *i,
	const char *before, const char *after)
{
	auto_free char *text = xasprintf("%s%s/%s/%s/%s%s", before, i->distro, i->release,
		i->arch, i->variant, after);

	jsonw_kstr(w, key, text);
}

static void links(struct jsonw *w, const struct image *i)
{
	path(w, "page", i, "images/", "/");
	path(w, "history", i, "images/", "/history.json");
	path(w, "badge", i, "badge/", ".svg");
}

/* ---- api/v1/index.json */

static void begin(const struct emit_site *s, void *state, struct buf *text)
{
	struct jsonw *w = state;

	*w = jsonw_to(text);
	jsonw_object(w);
	jsonw_kint(w, "schema", 1);
	jsonw_kstr(w, "site", s->site->name);
	jsonw_kstr(w, "base_url", s->site->base_url);
	jsonw_kint(w, "generation", s->generation);
	jsonw_key(w, "images");
	jsonw_array(w);
}

static void image(const struct emit_site *s, const struct emit_image *i, void *state,
	struct buf *text)
{
	const struct emit_build *b = &i->build[0];
	const struct catalog_file *xz = emit_build_file(b, "rootfs.tar.xz");
	struct jsonw *w = state;

	(void)s;
	(void)text;
	jsonw_object(w);
	head(w, i);
	jsonw_kstr(w, "serial", b->row.serial);
	jsonw_kint(w, "created", b->row.created_s);
	jsonw_kint(w, "size", xz ? (int64_t)xz->size : 0);
	jsonw_kint(w, "unpacked_size", (int64_t)b->row.unpacked_size);
	jsonw_kstr(w, "tested", b->row.tested);
	path(w, "url", &i->listed->image, "api/v1/images/", ".json");
	links(w, &i->listed->image);
	jsonw_end_object(w);
}

static void end(const struct emit_site *s, void *state, struct buf *text)
{
	struct jsonw *w = state;

	(void)s;
	jsonw_end_array(w);
	jsonw_end_object(w);
	buf_add_byte(text, '\n');
}

static const struct emit_file files[] = {
	{ "api/v1/index.json", 0, EMIT_GZ | EMIT_ZST },
};

const struct emitter emit_api = {
	.client = CLIENT_API,
	.file = files,
	.file_count = ARRAY_COUNT(files),
	.text_count = 1,
	.state_size = sizeof(struct jsonw),
	.begin = begin,
	.image = image,
	.end = end,
};

/* ---- api/v1/images/d/r/a/v.json */

static void build_files(
	struct jsonw *w, const struct emit_image *i, const struct emit_build *b)
{
	char text[LAYOUT_PATH_MAX];

	jsonw_key(w, "files");
	jsonw_array(w);
	for (size_t k = 0; k < b->file_count; k++) {
		layout_artifact(&i->listed->image, b->row.serial, b->file[k].name, text);
		jsonw_object(w);
		jsonw_kstr(w, "name", b->file[k].name);
		jsonw_kstr(w, "path", text);
		jsonw_kint(w, "size", (int64_t)b->file[k].size);
		kdigest(w, "sha256", &b->file[k].sha256);
		jsonw_kbool(w, "signed", b->file[k].is_signed);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void build(struct jsonw *w, const struct emit_image *i, const struct emit_build *b)
{
	jsonw_object(w);
	jsonw_kstr(w, "serial", b->row.serial);
	kdigest(w, "id", &b->row.tree);
	kdigest(w, "diff_id", &b->row.diff);
	jsonw_kint(w, "created", b->row.created_s);
	jsonw_kint(w, "epoch", b->row.epoch_s);
	jsonw_kstr(w, "tested", b->row.tested);
	jsonw_kstr(w, "origin", b->row.origin);
	jsonw_kstr(w, "init", b->row.init);
	jsonw_kint(w, "entries", (int64_t)b->row.entries);
	jsonw_kint(w, "unpacked_size", (int64_t)b->row.unpacked_size);
	build_files(w, i, b);
	jsonw_end_object(w);
}

static struct jsonw begin_document(struct buf *out)
{
	struct jsonw w = jsonw_to(out);

	jsonw_object(&w);
	jsonw_kint(&w, "schema", 1);
	return w;
}

void emit_image_json(const struct emit_page *p, struct buf *out)
{
	const struct emit_image *i = p->image;
	struct jsonw w = begin_document(out);

	head(&w, i);
	jsonw_kstr(&w, "description", i->build_count ? i->build[0].row.description : "");
	links(&w, &i->listed->image);
	jsonw_key(&w, "builds");
	jsonw_array(&w);
	for (size_t k = 0; k < i->build_count; k++)
		build(&w, i, &i->build[k]);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	buf_add_byte(out, '\n');
}

/* ---- history.json */

void emit_history(const struct emit_page *p, struct buf *out)
{
	struct jsonw w = begin_document(out);
	char name[IMAGE_NAME_MAX];

	image_format(&p->image->listed->image, name);
	jsonw_kstr(&w, "image", name);
	jsonw_key(&w, "builds");
	jsonw_array(&w);
	for (size_t i = 0; i < p->past_count; i++) {
		const struct emit_past *b = &p->past[i];

		jsonw_object(&w);
		jsonw_kstr(&w, "serial", b->serial);
		jsonw_kstr(&w, "state", b->state);
		kdigest(&w, "id", &b->tree);
		jsonw_kint(&w, "created", b->created_s);
		jsonw_kstr(&w, "tested", b->tested);
		jsonw_kint(&w, "size", (int64_t)b->size);
		jsonw_kint(&w, "unpacked_size", (int64_t)b->unpacked_size);
		if (b->packages >= 0)
			jsonw_kint(&w, "packages", b->packages);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	buf_add_byte(out, '\n');
}
