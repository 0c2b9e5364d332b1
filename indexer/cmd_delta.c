#include "indexer/cmd.h"
#include "indexer/deltas.h"
#include "lib/base/jsonw.h"

/* A build is named whole: IMAGE@SERIAL, all four parts of the image. */
static int find(struct yard *y, const char *name, struct image *image,
	struct catalog_before *out, struct err *e)
{
	struct image_ref ref;
	int rc;

	if (image_ref_parse(name, &ref, e) < 0)
		return -1;
	if (ref.remote[0] || !ref.image.distro[0] || !ref.image.release[0] ||
		!ref.image.arch[0] || !ref.image.variant[0] || !ref.serial[0])
		return err_set(e, ERR_USAGE,
			"'%s' must be DISTRO/RELEASE/ARCH/VARIANT@SERIAL", name);
	rc = catalog_build_find(y->catalog, &ref.image, ref.serial, &out->id, e);
	if (rc == 0)
		return err_set(e, ERR_NOTFOUND, "cannot find '%s' in the catalog", name);
	if (rc < 0 || catalog_build_tree(y->catalog, out->id, &out->tree, e) < 0)
		return -1;
	*image = ref.image;
	memcpy(out->serial, ref.serial, sizeof(out->serial));
	return 0;
}

static void print(struct call *c, const struct delta_made *d)
{
	auto_buf struct buf text = BUF_INIT(8192);
	struct jsonw w = jsonw_to(&text);
	char name[IMAGE_NAME_MAX], size[32], full[32];

	image_format(&d->image, name);
	if (!c->out->json) {
		out_size(d->full, full, sizeof(full));
		if (d->size)
			out_result(c->out, "%s@%s from %s: %s of %s (%.1f %%)\n", name,
				d->serial, d->base, out_size(d->size, size, sizeof(size)),
				full, (double)d->size * 100 / (double)d->full);
		else
			out_result(c->out, "%s@%s from %s: would not pay, full is %s\n",
				name, d->serial, d->base, full);
		return;
	}
	jsonw_object(&w);
	jsonw_kstr(&w, "image", name);
	jsonw_kstr(&w, "serial", d->serial);
	jsonw_kstr(&w, "from", d->base);
	jsonw_kbool(&w, "kept", d->size > 0);
	jsonw_kint(&w, "size", (int64_t)d->size);
	jsonw_kint(&w, "full", (int64_t)d->full);
	jsonw_end_object(&w);
	out_result(c->out, "%s\n", buf_str(&text));
}

static int run(struct call *c, struct err *e)
{
	const struct cmd_common *common = c->values;
	auto_yard struct yard y = YARD_INIT;
	struct catalog_before old, new;
	struct image old_image, new_image;
	char name[LAYOUT_NAME_MAX];
	struct digest ignored;
	struct delta_made made;
	uint64_t size;
	int rc;

	if (cmd_open_writer(c, common, NULL, 0, &y, e) < 0 ||
		find(&y, c->argv[0], &old_image, &old, e) < 0 ||
		find(&y, c->argv[1], &new_image, &new, e) < 0)
		return -1;
	if (!image_equal(&old_image, &new_image))
		return err_set(e, ERR_USAGE,
			"'%s' and '%s' are builds of different images", c->argv[0],
			c->argv[1]);
	if (digest_equal(&old.tree, &new.tree))
		return err_set(e, ERR_CONFLICT,
			"both builds are the same tree: there is nothing to tell");
	layout_delta(old.serial, name);
	rc = catalog_file_find(y.catalog, new.id, name, &ignored, &size, e);
	if (rc > 0)
		return err_set(e, ERR_CONFLICT, "this delta is there already");
	if (rc < 0 || deltas_make(&y, &new_image, new.id, new.serial, &old, &made, e) < 0)
		return -1;
	print(c, &made);
	return 0;
}

const struct command cmd_delta = {
	.name = "delta",
	.args = "OLD NEW",
	.summary = "Make the delta between two builds; 'publish' names it",
	.opts = cmd_writer_opts,
	.values_size = sizeof(struct cmd_common),
	.defaults = &cmd_writer_defaults,
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
