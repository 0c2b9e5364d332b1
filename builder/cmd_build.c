#include "builder/commands.h"

#include "lib/base/jsonw.h"

const struct build_only_values build_defaults = { .build = ORDER_DEFAULTS };

const struct opt build_opts[] = {
	ORDER_OPTS(struct build_only_values),
	{ .name = "serial",
		.kind = OPT_STRING,
		.offset = ORDER_AT(struct build_only_values, serial),
		.arg = "YYYYMMDD_HHMM",
		.help = "instead of this minute (UTC)" },
	{ .name = "secret",
		.kind = OPT_LIST,
		.offset = ORDER_AT(struct build_only_values, secrets),
		.arg = "NAME=FD",
		.help = "actions find what descriptor FD holds in /run/secrets/NAME" },
	{ .name = NULL },
};

static int report(const struct order *o, struct err *e)
{
	const struct job *j = &o->job;
	auto_buf struct buf line = BUF_INIT(4096);
	auto_free char *path = xasprintf("%s/%s", o->place.variant_path, j->serial);
	auto_build struct build b;
	struct jsonw w = jsonw_to(&line);
	char image[IMAGE_NAME_MAX], id[DIGEST_HEX];

	build_init(&b);
	if (order_result(o, &b, e) < 0)
		return -1;
	if (!j->out->json) {
		out_result(j->out, "%s\n", path);
		return 0;
	}
	image_format(&j->image, image);
	digest_hex(&b.id, id);
	jsonw_object(&w);
	jsonw_kstr(&w, "image", image);
	jsonw_kstr(&w, "serial", j->serial);
	jsonw_kstr(&w, "id", id);
	jsonw_kstr(&w, "path", path);
	jsonw_end_object(&w);
	out_result(j->out, "%s\n", buf_str(&line));
	return 0;
}

int cmd_build(struct call *c, struct err *e)
{
	const struct build_only_values *v = c->values;
	auto_order struct order o;
	char name[IMAGE_NAME_MAX];

	order_init(&o);
	if (order_open(&o, &v->build, c->argv[0], c->argv[1], c->out, e) < 0)
		return -1;
	image_format(&o.job.image, name);
	if (order_build(&o, true, e) < 0)
		return err_wrap(e, "cannot build '%s'", name);
	return report(&o, e);
}
