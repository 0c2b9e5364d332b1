#include "builder/build.h"
#include "builder/commands.h"
#include "builder/handover.h"
#include "builder/load.h"
#include "builder/place.h"
#include "builder/session.h"

#include "lib/base/fs.h"
#include "lib/base/jsonw.h"

#include <ctype.h>
#include <time.h>

#define AT(member) offsetof(struct build_values, member)

const struct build_values build_defaults = { .out_dir = "incoming",
	.compress = "xz=6,zstd=19" };

const struct opt build_opts[] = {
	{ .name = "out",
		.kind = OPT_STRING,
		.offset = AT(out_dir),
		.arg = "DIR",
		.help = "hand over below DIR (default: incoming)" },
	{ .name = "compress",
		.kind = OPT_STRING,
		.offset = AT(compress),
		.arg = "xz=N,zstd=N",
		.help = "levels (default: xz=6,zstd=19)" },
	{ .name = "threads",
		.kind = OPT_INT,
		.offset = AT(threads),
		.arg = "N",
		.help = "compress on N threads (default: all processors)",
		.min = 1,
		.max = 64 },
	{ .name = "serial",
		.kind = OPT_STRING,
		.offset = AT(serial),
		.arg = "YYYYMMDD_HHMM",
		.help = "instead of this minute (UTC)" },
	{ .name = "cache",
		.kind = OPT_STRING,
		.offset = AT(cache),
		.arg = "DIR",
		.help = "keep downloaded packages in DIR, and work there" },
	{ .name = "option",
		.letter = 'o',
		.kind = OPT_LIST,
		.offset = AT(options),
		.arg = "KEY=VALUE",
		.help = "set a value of the recipe, as source.url=..." },
	{ .name = "allow-unverified",
		.kind = OPT_FLAG,
		.offset = AT(allow_unverified),
		.help = "use sources that nothing verifies; build.json says so" },
	{ .name = NULL },
};

/* ---- from options to a job */

static int take_level(const char *item, struct job *j, struct err *e)
{
	static const struct {
		const char *name;
		long min, max;
	} known[] = { { "xz=", 0, 9 }, { "zstd=", 1, 19 } };

	for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
		size_t len = strlen(known[i].name);
		char *end;
		long level;

		if (strncmp(item, known[i].name, len) != 0 ||
			!isdigit((unsigned char)item[len]))
			continue;
		level = strtol(item + len, &end, 10);
		if (*end || level < known[i].min || level > known[i].max)
			break;
		*(i == 0 ? &j->xz_level : &j->zst_level) = level;
		return 0;
	}
	return err_set(
		e, ERR_USAGE, "--compress takes xz=0..9 and zstd=1..19, not '%s'", item);
}

static int take_levels(const char *text, struct job *j, struct err *e)
{
	auto_free char *copy = xstrdup(text);
	char *rest = copy;

	j->xz_level = 6;
	j->zst_level = 19;
	for (char *item; (item = strsep(&rest, ","));)
		if (take_level(item, j, e) < 0)
			return -1;
	return 0;
}

static int take_epoch(struct job *j, struct err *e)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	char *end;

	if (!text || !*text)
		return 0;
	errno = 0;
	j->epoch_s = strtoll(text, &end, 10);
	if (errno || *end || j->epoch_s < 0)
		return err_set(e, ERR_USAGE,
			"SOURCE_DATE_EPOCH must be seconds, not '%s'", text);
	j->epoch_fixed = true;
	return 0;
}

static int check_release(const struct job *j, struct err *e)
{
	if (j->release->accept_eol || release_eol_s(j->release) > (int64_t)time(NULL))
		return 0;
	return err_set(e, ERR_RECIPE,
		"release '%s' is past its end of life (%s); set accept_eol to build it "
		"all the same",
		j->image.release, text_str(&j->release->eol));
}

static int fill_job(struct job *j, const struct build_values *v, struct err *e)
{
	if (v->serial && (!serial_is_valid(v->serial) || strchr(v->serial, ':')))
		return err_set(e, ERR_USAGE, "--serial must be YYYYMMDD_HHMM, not '%s'",
			v->serial);
	j->threads = (unsigned int)v->threads;
	j->allow_unverified = v->allow_unverified;
	if (take_levels(v->compress, j, e) < 0 || take_epoch(j, e) < 0)
		return -1;
	return check_release(j, e);
}

/* As resolved, before the serial comes in: two nights of one recipe have one digest. */
static int note_recipe(struct job *j, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(8U << 20);

	if (recipe_format(j->recipe, &text, e) < 0)
		return -1;
	j->recipe_yaml = arena_strdup(&j->arena, buf_str(&text));
	j->recipe_digest = digest_of(buf_bytes(&text));
	return 0;
}

/* ---- the build and its end */

static int run_in_session(void *ctx, struct err *e)
{
	return build_run(ctx, e);
}

static int report(const struct job *j, const struct place *p, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(BUILD_JSON_MAX), line = BUF_INIT(4096);
	auto_free char *path = xasprintf("%s/%s", p->variant_path, j->serial);
	auto_fd int dir = fs_open_dir(path, e);
	auto_build struct build b;
	struct jsonw w = jsonw_to(&line);
	char image[IMAGE_NAME_MAX], id[DIGEST_HEX];

	build_init(&b);
	if (dir < 0 || fs_read_at(dir, "build.json", &text, e) < 0 ||
		build_parse(buf_bytes(&text), &b, e) < 0)
		return err_wrap(e, "cannot read what was handed over");
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

/* A failure that says something about the image is handed over too. */
static void hand_over_failure(struct job *j, struct place *p, const struct err *why)
{
	struct err e;

	if (why->code == ERR_INTERRUPTED)
		return;
	if (handover_failed(j, why, &e) < 0 || place_commit(p, j->serial, &e) < 0)
		out_detail(j->out, "no record of the failure was kept: %s", e.text);
	else
		out_note(j->out, "the log is in '%s/%s/build.log'", p->variant_path,
			j->serial);
}

static int build(struct job *j, const struct build_values *v, struct err *e)
{
	auto_place struct place p = PLACE_INIT;
	struct session s = { .run = run_in_session, .ctx = j };

	if (place_open(&p, j, v->out_dir, v->cache, e) < 0 ||
		place_serial(&p, j, v->serial, e) < 0 || note_recipe(j, e) < 0)
		return -1;
	j->recipe->image.serial.text = j->serial;
	s.cover = p.outer;
	s.timeout_s = (int64_t)j->release->timeout_s;
	if (session_run(&s, e) < 0) {
		hand_over_failure(j, &p, e);
		return -1;
	}
	if (place_commit(&p, j->serial, e) < 0)
		return -1;
	return report(j, &p, e);
}

int cmd_build(struct call *c, struct err *e)
{
	const struct build_values *v = c->values;
	auto_loaded struct loaded l = { 0 };
	auto_job struct job j;
	char name[IMAGE_NAME_MAX];

	job_init(&j);
	j.out = c->out;
	if (geteuid() != 0)
		return err_set(
			e, ERR_FAILED, "building needs root, for ownership and mounts");
	if (load_open(c->argv[0], &l, e) < 0)
		return -1;
	if (l.releases_complaints.errors == 0 &&
		load_choose(&l, c->argv[0], c->argv[1], v->options.item, v->options.count,
			&j.image, &j.release, e) < 0)
		return -1;
	if (load_judge(&l, c->out, e) < 0)
		return -1;
	j.recipe = &l.recipe;
	if (fill_job(&j, v, e) < 0)
		return -1;
	image_format(&j.image, name);
	return build(&j, v, e) < 0 ? err_wrap(e, "cannot build '%s'", name) : 0;
}
