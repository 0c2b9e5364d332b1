#include "builder/commands.h"
#include "builder/load.h"

#include "lib/base/jsonw.h"
#include "lib/model/image.h"

#include <time.h>

#define LINE_MAX_BYTES 4096

static bool is_over(const struct release *r, int64_t now_s)
{
	return !r->accept_eol && release_eol_s(r) <= now_s;
}

static void print_cell(struct out *o, const struct release *r, const struct image *image)
{
	auto_buf struct buf line = BUF_INIT(LINE_MAX_BYTES);
	struct jsonw w = jsonw_to(&line);
	char name[IMAGE_NAME_MAX];

	image_format(image, name);
	if (!o->json) {
		out_result(o, "%-44s %s\n", name, text_str(&r->eol));
		return;
	}
	jsonw_object(&w);
	jsonw_kstr(&w, "image", name);
	jsonw_kstr(&w, "eol", text_str(&r->eol));
	jsonw_end_object(&w);
	out_result(o, "%s\n", buf_str(&line));
}

static void print_release(
	struct out *o, const struct releases *all, const struct release *r)
{
	struct image image = { .arch = "" };

	snprintf(image.distro, sizeof(image.distro), "%s", text_str(&all->distro));
	snprintf(image.release, sizeof(image.release), "%s", text_str(&r->name));
	for (size_t a = 0; a < r->arches.count; a++)
		for (size_t v = 0; v < r->variants.count; v++) {
			snprintf(image.arch, sizeof(image.arch), "%s",
				text_str(&r->arches.item[a]));
			snprintf(image.variant, sizeof(image.variant), "%s",
				text_str(&r->variants.item[v]));
			print_cell(o, r, &image);
		}
}

static int plan(const char *dir, struct out *o, struct err *e)
{
	auto_loaded struct loaded l = { 0 };
	int64_t now_s = (int64_t)time(NULL);

	if (load_open(dir, &l, e) < 0 || load_judge(&l, o, e) < 0)
		return -1;
	for (size_t i = 0; i < l.releases.releases.count; i++) {
		const struct release *r = &l.releases.releases.item[i];

		if (is_over(r, now_s))
			out_note(o, "%s/%s is past its end of life (%s)",
				text_str(&l.releases.distro), text_str(&r->name),
				text_str(&r->eol));
		else
			print_release(o, &l.releases, r);
	}
	return 0;
}

int cmd_plan(struct call *c, struct err *e)
{
	for (int i = 0; i < c->argc; i++)
		if (plan(c->argv[i], c->out, e) < 0)
			return -1;
	return 0;
}
