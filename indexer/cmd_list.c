#include "indexer/cmd.h"
#include "lib/base/jsonw.h"
#include "lib/model/image.h"

struct values {
	struct cmd_common common;
};

static const struct opt opts[] = {
	CMD_DIRECTORY,
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

struct listing {
	struct out *out;
	struct catalog *catalog;
	int64_t live; /* generation, 0 for none */
};

/* What readers see of an image: its build in the live generation, or "". */
static int find_published(struct listing *l, const struct catalog_image *i,
	const char **state, struct err *e)
{
	struct digest document;
	int64_t build;
	int rc = l->live ? catalog_listing_find(
				   l->catalog, l->live, i->id, &build, &document, e)
			 : 0;

	if (rc < 0)
		return -1;
	*state = rc == 0 ? "added" : build == i->build ? "published" : "updated";
	return 0;
}

static int print_image(const struct catalog_image *i, void *ctx, struct err *e)
{
	struct listing *l = ctx;
	char name[IMAGE_NAME_MAX];
	const char *state;

	if (find_published(l, i, &state, e) < 0)
		return -1;
	image_format(&i->image, name);
	if (l->out->json) {
		auto_buf struct buf text = BUF_INIT(8192);
		struct jsonw w = jsonw_to(&text);

		jsonw_object(&w);
		jsonw_kstr(&w, "image", name);
		jsonw_kstr(&w, "serial", i->serial);
		jsonw_kstr(&w, "state", i->state);
		jsonw_kstr(&w, "publication", state);
		jsonw_end_object(&w);
		out_result(l->out, "%s\n", buf_str(&text));
	} else {
		out_result(l->out, "%-40s  %-14s  %-9s  %s\n", name, i->serial, i->state,
			state);
	}
	return 0;
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	auto_yard struct yard y = YARD_INIT;
	struct listing l = { .out = c->out };
	struct catalog_generation g;
	int rc;

	if (cmd_open(&v->common, &y, e) < 0)
		return -1;
	rc = catalog_generation_find(y.catalog, "live", &g, e);
	if (rc < 0)
		return -1;
	l.catalog = y.catalog;
	l.live = rc ? g.number : 0;
	return catalog_image_walk(y.catalog, print_image, &l, e);
}

const struct command cmd_list = {
	.name = "list",
	.args = "",
	.summary = "List the images and their newest builds",
	.opts = opts,
	.values_size = sizeof(struct values),
	.run = run,
};
