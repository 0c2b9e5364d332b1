#include "client/run/commands.h"
#include "client/run/doctor.h"
#include "client/run/store.h"

#include "lib/base/jsonw.h"

#define JSON_MAX (256U << 10)

static const char *const level_names[] = {
	[FINDING_OK] = "ok",
	[FINDING_WARN] = "warn",
	[FINDING_FAIL] = "FAIL",
};

static void print_finding(const struct finding *f, struct out *out, struct jsonw *json)
{
	if (!json) {
		out_result(out, "%-4s %s: %s%s%s\n", level_names[f->level], f->name,
			f->what, *f->mend ? "; mend: " : "", f->mend);
		return;
	}
	jsonw_object(json);
	jsonw_kstr(json, "name", f->name);
	jsonw_kstr(json, "status",
		f->level == FINDING_FAIL ? "fail" : level_names[f->level]);
	jsonw_kstr(json, "what", f->what);
	jsonw_kstr(json, "mend", f->mend);
	jsonw_end_object(json);
}

/* Returns whether a container can be started. */
static bool examine_all(const struct examination *x, struct out *out, struct jsonw *json)
{
	bool can_start = true;

	for (size_t i = 0; i < doctor_check_count; i++) {
		struct finding f = { .name = doctor_checks[i].name };

		doctor_checks[i].examine(x, &f);
		print_finding(&f, out, json);
		can_start = can_start && f.level != FINDING_FAIL;
	}
	return can_start;
}

/* Unconfined but for the name, by which the right to make user namespaces is given: that
 * right ends when rootyard executes another program. */
static void print_profile(struct out *out)
{
	out_result(out,
		"# lets rootyard, and nothing that it starts, make user namespaces\n"
		"abi <abi/4.0>,\n"
		"include <tunables/global>\n\n"
		"profile rootyard %s/rootyard flags=(unconfined) {\n"
		"  userns,\n\n"
		"  include if exists <local/rootyard>\n"
		"}\n",
		BINDIR);
}

struct doctor_options {
	bool apparmor_profile;
};

static int run(struct call *c, struct err *e)
{
	const struct doctor_options *o = c->values;
	auto_store struct store store = STORE_INIT;
	auto_buf struct buf text = BUF_INIT(JSON_MAX);
	struct jsonw json = jsonw_to(&text);
	struct examination x = { .data_fd = -1 };
	bool can_start;

	if (o->apparmor_profile) {
		print_profile(c->out);
		return 0;
	}
	subids_find(geteuid(), &x.ids);
	if (store_open(&store, e) < 0)
		snprintf(x.place_error, sizeof(x.place_error), "%.399s", e->text);
	else
		x.data_fd = store.data_fd;
	if (c->out->json)
		jsonw_array(&json);
	can_start = examine_all(&x, c->out, c->out->json ? &json : NULL);
	if (c->out->json) {
		jsonw_end_array(&json);
		if (buf_check(&text, "the findings", e) < 0)
			return -1;
		out_result(c->out, "%s\n", buf_str(&text));
	}
	return can_start ? 0 : 1;
}

static const struct opt opts[] = {
	{ .name = "apparmor-profile",
		.kind = OPT_FLAG,
		.offset = offsetof(struct doctor_options, apparmor_profile),
		.help = "print the profile that lets rootyard make user namespaces" },
	{ .name = NULL },
};

const struct command cmd_doctor = {
	.name = "doctor",
	.args = "",
	.summary = "say what this machine lacks, and how to mend it",
	.opts = opts,
	.values_size = sizeof(struct doctor_options),
	.run = run,
};
