#include "client/image/cmd.h"
#include "client/image/home.h"
#include "client/image/mirror.h"
#include "client/image/s3.h"
#include "lib/base/jsonw.h"

#include <inttypes.h>

#define DAY_S      86400
#define OUTPUT_MAX 4096

struct values {
	int64_t builds, grace_days, jobs, limit_rate;
	const char *endpoint, *region, *republish;
	bool full, insecure_transport;
};

static const struct values defaults = { .grace_days = 10, .jobs = 4 };

static const struct opt opts[] = {
	{ "builds", 0, OPT_INT, offsetof(struct values, builds), "N",
		"take only the newest N builds of each image", 1, 1000000 },
	{ "grace", 0, OPT_INT, offsetof(struct values, grace_days), "DAYS",
		"keep what the source no longer names for so long (10)", 0, 3650 },
	{ "jobs", 'j', OPT_INT, offsetof(struct values, jobs), "N",
		"fetch so many files at a time (4)", 1, 32 },
	{ "limit-rate", 0, OPT_SIZE, offsetof(struct values, limit_rate), "RATE",
		"take at most so many bytes a second, as 500K", 0, 0 },
	{ "full", 0, OPT_FLAG, offsetof(struct values, full), NULL,
		"read every file that is there, and mend what is damaged", 0, 0 },
	{ "republish", 0, OPT_STRING, offsetof(struct values, republish), "INCOMING",
		"hand the newest builds of a server that signs nothing to an indexer", 0,
		0 },
	{ "endpoint", 0, OPT_STRING, offsetof(struct values, endpoint), "URL",
		"of the store that has the bucket", 0, 0 },
	{ "region", 0, OPT_STRING, offsetof(struct values, region), "NAME",
		"of the bucket (us-east-1)", 0, 0 },
	{ "insecure-transport", 0, OPT_FLAG, offsetof(struct values, insecure_transport),
		NULL, "the endpoint may be http://", 0, 0 },
	{ .name = NULL },
};

static void say_json(struct call *c, const struct mirror_done *d)
{
	auto_buf struct buf json = BUF_INIT(OUTPUT_MAX);
	struct jsonw w = jsonw_to(&json);

	jsonw_object(&w);
	jsonw_kint(&w, "generation", d->generation);
	jsonw_kint(&w, "version", d->version);
	jsonw_kint(&w, "images", (int64_t)d->images);
	jsonw_kint(&w, "builds", (int64_t)d->builds);
	jsonw_kint(&w, "files", (int64_t)d->work.files);
	jsonw_kint(&w, "bytes", (int64_t)d->work.bytes);
	jsonw_kint(&w, "fetched_files", (int64_t)d->work.fetched);
	jsonw_kint(&w, "fetched_bytes", (int64_t)d->work.fetched_bytes);
	jsonw_kint(&w, "linked_files", (int64_t)d->work.linked);
	jsonw_kint(&w, "leaving_files", (int64_t)d->leaving);
	jsonw_kint(&w, "removed_files", (int64_t)d->removed);
	jsonw_kint(&w, "republished_builds", (int64_t)d->republished);
	jsonw_kbool(&w, "dry_run", c->dry_run);
	jsonw_end_object(&w);
	out_result(c->out, "%s\n", buf_str(&json));
}

static void say(struct call *c, const struct mirror_done *d)
{
	char all[32], fetched[32];

	out_size(d->work.bytes, all, sizeof(all));
	out_size(d->work.fetched_bytes, fetched, sizeof(fetched));
	if (d->generation)
		out_result(c->out, "generation %" PRId64 ": ", d->generation);
	out_result(c->out,
		"%" PRIu64 " images, %" PRIu64 " builds, %" PRIu64
		" files (%s); %s%" PRIu64 " fetched (%s), %" PRIu64 " linked, %" PRIu64
		" leaving, %" PRIu64 " removed\n",
		d->images, d->builds, d->work.files, all, c->dry_run ? "would be: " : "",
		d->work.fetched, fetched, d->work.linked, d->leaving, d->removed);
	if (d->republished)
		out_result(c->out, "%" PRIu64 " builds handed over\n", d->republished);
}

/* "NAME" or "NAME:". */
static int find_remote(const struct remotes *all, const char *text,
	const struct remote **out, struct err *e)
{
	size_t len = strlen(text);
	auto_free char *name = xstrdup(text);

	if (strchr(text, '/'))
		return err_set(e, ERR_USAGE,
			"'%s' is not the name of a remote: add one with 'rootyard remote "
			"add'",
			text);
	if (len > 1 && text[len - 1] == ':')
		name[len - 1] = '\0';
	return remotes_find(all, name, out, e);
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	auto_remotes struct remotes remotes = { 0 };
	auto_fd int config_fd = home_open(PLACE_CONFIG, e);
	struct mirror_options o = { .place = c->argv[1],
		.pattern = (const char *const *)(c->argv + 2),
		.pattern_count = (size_t)c->argc - 2,
		.republish = v->republish,
		.builds = v->builds,
		.grace_s = v->grace_days * DAY_S,
		.rate_max = v->limit_rate,
		.lines = (unsigned int)v->jobs,
		.full = v->full,
		.dry_run = c->dry_run };
	struct s3_settings s3 = { .place = o.place,
		.endpoint = v->endpoint,
		.region = v->region,
		.insecure_transport = v->insecure_transport };
	struct mirror_done done;

	if (strncmp(o.place, "s3://", 5) == 0)
		o.s3 = &s3;
	if (config_fd < 0 || remotes_load(config_fd, &remotes, e) < 0 ||
		find_remote(&remotes, c->argv[0], &o.remote, e) < 0)
		return -1;
	if (o.republish && (remote_kind(o.remote) == REMOTE_ROOTYARD || o.s3))
		return err_set(e, ERR_USAGE,
			"--republish is for the tree of a server that signs nothing, in "
			"a "
			"directory");
	if (mirror_run(&o, c->out, &done, e) < 0)
		return err_wrap(e, "cannot mirror '%s'", o.remote->name);
	if (c->out->json)
		say_json(c, &done);
	else if (c->out->level >= 0)
		say(c, &done);
	return 0;
}

const struct command cmd_mirror = {
	.name = "mirror",
	.args = "REMOTE DIR|s3://BUCKET[/PREFIX] [PATTERN...]",
	.summary = "copy a published tree, or the images that match, verified",
	.opts = opts,
	.values_size = sizeof(struct values),
	.defaults = &defaults,
	.min_args = 2,
	.max_args = -1,
	.can_dry_run = true,
	.run = run,
};
