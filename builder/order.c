#include "builder/order.h"

#include "builder/build.h"
#include "builder/foreign.h"
#include "builder/handover.h"
#include "builder/session.h"
#include "builder/tested.h"

#include "lib/base/fs.h"

#include <ctype.h>
#include <time.h>

void order_init(struct order *o)
{
	*o = (struct order){ .place = PLACE_INIT };
	job_init(&o->job);
}

void order_close(struct order *o)
{
	place_close(&o->place);
	job_release(&o->job);
	load_close(&o->loaded);
}

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

static int check_release(struct job *j, struct err *e)
{
	int64_t eol_s = release_eol_s(j->release);

	if (eol_s > (int64_t)time(NULL))
		return 0;
	if (j->release->accept_eol) {
		job_accepted(j, "eol", j->image.release, eol_s);
		return 0;
	}
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
	j->cache_max_bytes = v->cache_max;
	j->allow_unverified = v->allow_unverified;
	j->compress_anew = v->compress_anew;
	j->use_mmdebstrap = v->mmdebstrap;
	if (take_levels(v->compress, j, e) < 0 || take_epoch(j, e) < 0)
		return -1;
	if (secrets_take(&j->secrets, v->secrets.item, v->secrets.count, e) < 0)
		return -1;
	return check_release(j, e);
}

static int note_place(struct job *j, const char *dir, struct err *e)
{
	auto_free char *path = realpath(dir, NULL);

	if (!path)
		return err_sys(e, "cannot resolve '%s'", dir);
	j->recipe_dir = arena_strdup(&j->arena, path);
	return 0;
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

int order_open(struct order *o, const struct build_values *v, const char *dir,
	const char *target, struct out *out, struct err *e)
{
	struct loaded *l = &o->loaded;
	struct job *j = &o->job;

	o->values = v;
	if (unshared_ids(v->unshare, &o->ids, e) < 0)
		return -1;
	j->out = out;
	if (load_open(dir, l, e) < 0)
		return -1;
	if (l->releases_complaints.errors == 0 &&
		load_choose(l, dir, target, v->options.item, v->options.count, &j->image,
			&j->release, e) < 0)
		return -1;
	if (load_judge_buildable(l, out, e) < 0)
		return -1;
	j->recipe = &l->recipe;
	if (note_place(j, dir, e) < 0 || fill_job(j, v, e) < 0 ||
		foreign_check(j->image.arch, e) < 0)
		return -1;
	return note_recipe(j, e);
}

/* ---- the build and its end */

static int run_in_session(void *ctx, struct err *e)
{
	struct job *j = ctx;

	if (!userns_is_initial() && unshared_check_mounts(e) < 0)
		return -1;
	return build_run(j, e);
}

void order_keep_failure(struct order *o, const struct err *why)
{
	struct place *p = &o->place;
	struct job *j = &o->job;
	struct err e;

	/* Of an interrupted one, or one that never began, there is nothing to tell. */
	if (why->code == ERR_INTERRUPTED || !j->serial[0] || j->stage_dir < 0)
		return;
	if (handover_failed(j, why, &e) < 0 || place_commit(p, j->serial, &e) < 0)
		out_detail(j->out, "no record of the failure was kept: %s", e.text);
	else
		out_note(j->out, "the log is in '%s/%s/build.log'", p->variant_path,
			j->serial);
}

static int build_and_test(struct order *o, const struct session *s, struct err *e)
{
	struct tested t = { .user = o->values->test_user,
		.timeout_s = o->values->test_timeout_s };
	struct job *j = &o->job;
	int64_t start = job_clock();
	int rc;

	if (session_run(s, e) < 0)
		return -1;
	if (!o->values->test)
		return 0;
	rc = tested_run(&t, j->stage_dir, e);
	j->test_result = t.result;
	j->test_kind = t.kind;
	job_timed(j, "test", start, "%s", t.result);
	return rc;
}

int order_build(struct order *o, bool keep_failure, struct err *e)
{
	const struct build_values *v = o->values;
	struct job *j = &o->job;
	struct place *p = &o->place;
	struct session s = { .run = run_in_session, .ctx = j };

	if (place_open(p, j, v->out_dir, v->cache, e) < 0 ||
		place_serial(p, j, v->serial, e) < 0)
		return -1;
	j->recipe->image.serial.text = j->serial;
	s.cover = p->outer;
	if (o->ids.full) {
		s.ids = &o->ids;
		j->owner_uid = j->owner_gid = USERNS_IDS;
	}
	s.timeout_s = (int64_t)j->release->timeout_s;
	if (build_and_test(o, &s, e) < 0) {
		if (keep_failure)
			order_keep_failure(o, e);
		return -1;
	}
	return place_commit(p, j->serial, e);
}

int order_result(const struct order *o, struct build *out, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", o->place.variant_path, o->job.serial);
	auto_buf struct buf text = BUF_INIT(BUILD_JSON_MAX);
	auto_fd int dir = fs_open_dir(path, e);

	if (dir < 0 || fs_read_at(dir, "build.json", &text, e) < 0 ||
		build_parse(buf_bytes(&text), out, e) < 0)
		return err_wrap(e, "cannot read what was handed over");
	return 0;
}
