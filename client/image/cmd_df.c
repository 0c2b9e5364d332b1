#include "client/image/cmd.h"
#include "client/image/inventory.h"
#include "client/image/stored.h"
#include "lib/base/jsonw.h"

#define OUTPUT_MAX (16U << 20)
#define NAMES_MAX  4096U

struct shown {
	const struct inventory *v;
	const struct usage_row *rows;
};

/* Every name of one image. */
static void names_of(const struct inventory *v, size_t i, struct buf *out)
{
	char name[IMAGE_NAME_MAX + IMAGE_PART_MAX + 2];

	for (size_t r = 0; r < v->ref_count; r++) {
		if (strcmp(v->ref[r].name, v->image[i].name) != 0)
			continue;
		inventory_ref_text(&v->ref[r], name, sizeof(name));
		buf_printf(out, "%s%s@%s", out->len ? "," : "", name, v->ref[r].serial);
	}
}

static void print_text(const struct shown *s, struct out *out)
{
	const struct inventory *v = s->v;
	const struct usage_row *all = &s->rows[v->image_count];
	char total[32], alone[32];

	if (v->image_count > 0)
		out_result(out, "%-16s  %9s  %9s  %4s  %s\n", "ID", "SIZE", "ALONE",
			"USED", "NAMES");
	for (size_t i = 0; i < v->image_count; i++) {
		auto_buf struct buf names = BUF_INIT(NAMES_MAX);

		names_of(v, i, &names);
		out_result(out, "%-16.16s  %9s  %9s  %4zu  %s\n", v->image[i].name,
			out_size(s->rows[i].total, total, sizeof(total)),
			out_size(s->rows[i].alone, alone, sizeof(alone)),
			v->image[i].containers, names.len ? buf_str(&names) : "-");
	}
	out_result(out, "%zu images take %s; 'rootyard prune' would free %s\n",
		v->image_count, out_size(all->total, total, sizeof(total)),
		out_size(all->alone, alone, sizeof(alone)));
}

static void print_json(const struct shown *s, struct out *out)
{
	auto_buf struct buf text = BUF_INIT(OUTPUT_MAX);
	struct jsonw w = jsonw_to(&text);
	const struct inventory *v = s->v;

	jsonw_object(&w);
	jsonw_key(&w, "images");
	jsonw_array(&w);
	for (size_t i = 0; i < v->image_count; i++) {
		jsonw_object(&w);
		jsonw_kstr(&w, "id", v->image[i].name);
		jsonw_kint(&w, "bytes", (int64_t)s->rows[i].total);
		jsonw_kint(&w, "bytes_alone", (int64_t)s->rows[i].alone);
		jsonw_kint(&w, "containers", (int64_t)v->image[i].containers);
		jsonw_key(&w, "names");
		jsonw_array(&w);
		for (size_t r = 0; r < v->ref_count; r++) {
			char name[IMAGE_NAME_MAX + IMAGE_PART_MAX + 2];

			if (strcmp(v->ref[r].name, v->image[i].name) != 0)
				continue;
			inventory_ref_text(&v->ref[r], name, sizeof(name));
			jsonw_str(&w, name);
		}
		jsonw_end_array(&w);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	jsonw_kint(&w, "bytes", (int64_t)s->rows[v->image_count].total);
	jsonw_kint(&w, "bytes_prunable", (int64_t)s->rows[v->image_count].alone);
	jsonw_end_object(&w);
	out_result(out, "%s\n", buf_str(&text));
}

static int run(struct call *c, struct err *e)
{
	auto_store struct store store = STORE_INIT;
	auto_inventory struct inventory v = { 0 };
	auto_free struct usage_image *images = NULL;
	auto_free struct usage_row *rows = NULL;
	struct shown shown;

	if (store_open(&store, e) < 0 || inventory_take(&store, &v, e) < 0)
		return -1;
	images = xcalloc(v.image_count + 1, sizeof(*images));
	rows = xcalloc(v.image_count + 1, sizeof(*rows));
	for (size_t i = 0; i < v.image_count; i++)
		images[i] = (struct usage_image){ .name = v.image[i].name,
			.doomed = !v.image[i].refs && !v.image[i].containers };
	if (stored_usage(&store, images, v.image_count, rows, e) < 0)
		return err_wrap(e, "cannot measure the store");
	shown = (struct shown){ .v = &v, .rows = rows };
	if (c->out->json)
		print_json(&shown, c->out);
	else
		print_text(&shown, c->out);
	return 0;
}

const struct command cmd_df = {
	.name = "df",
	.args = "",
	.summary = "what is stored, how much disk it takes, and who uses it",
	.run = run,
};
