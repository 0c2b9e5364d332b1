#include "indexer/cmd.h"
#include "lib/base/jsonw.h"

#include <ctype.h>
#include <time.h>

struct values {
	struct cmd_common common;
	const char *since;
};

static const struct opt opts[] = {
	CMD_DIRECTORY,
	{ "since", 0, OPT_STRING, offsetof(struct values, since), "WHEN",
		"7d, 12h, YYYY-MM-DD or 'all' (default: 30d)", 0, 0 },
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct values defaults = { .since = "30d" };

/* "7d", "12h", "30m" */
static bool parse_span(const char *text, int64_t *out)
{
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 'd', 86400 }, { 'h', 3600 }, { 'm', 60 }, { 's', 1 } };
	int64_t value = 0;
	const char *at = text;

	for (; isdigit((unsigned char)*at) && value < 1000000; at++)
		value = value * 10 + (*at - '0');
	for (size_t i = 0; i < ARRAY_COUNT(units); i++)
		if (at > text && at[0] == units[i].unit && !at[1]) {
			*out = value * units[i].seconds;
			return true;
		}
	return false;
}

static int parse_since(const char *text, int64_t now_s, int64_t *out, struct err *e)
{
	struct tm tm = { 0 };
	const char *end = strptime(text, "%Y-%m-%d", &tm);
	int64_t span;

	if (strcmp(text, "all") == 0)
		*out = 0;
	else if (parse_span(text, &span))
		*out = now_s - span;
	else if (end && !*end)
		*out = (int64_t)timegm(&tm);
	else
		return err_set(e, ERR_USAGE,
			"option '--since': '%s' is no span (7d, 12h) and no day "
			"(YYYY-MM-DD)",
			text);
	return 0;
}

static int print(const struct catalog_event *v, void *ctx, struct err *e)
{
	struct out *o = ctx;
	char when[32];

	(void)e;
	if (o->json) {
		auto_buf struct buf text = BUF_INIT(16U << 10);
		struct jsonw w = jsonw_to(&text);

		jsonw_object(&w);
		jsonw_kint(&w, "at", v->at_s);
		jsonw_kstr(&w, "kind", v->kind);
		jsonw_kstr(&w, "image", v->image);
		jsonw_kstr(&w, "serial", v->serial);
		jsonw_kstr(&w, "message", v->message);
		jsonw_end_object(&w);
		out_result(o, "%s\n", buf_str(&text));
		return 0;
	}
	cmd_time(v->at_s, when);
	out_result(o, "%s  %-12s %s%s%s%s%s\n", when, v->kind, v->image,
		v->serial[0] ? "@" : "", v->serial,
		v->message[0] && v->image[0] ? ": " : "", v->message);
	return 0;
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	auto_yard struct yard y = YARD_INIT;
	int64_t since = 0;

	if (cmd_open(&v->common, &y, e) < 0 ||
		parse_since(v->since, y.now_s, &since, e) < 0)
		return -1;
	return catalog_event_walk(y.catalog, since, print, c->out, e);
}

const struct command cmd_events = {
	.name = "events",
	.args = "",
	.summary = "Say what happened, newest first",
	.opts = opts,
	.values_size = sizeof(struct values),
	.defaults = &defaults,
	.run = run,
};
