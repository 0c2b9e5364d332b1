#include "builder/archive.h"
#include "builder/commands.h"
#include "builder/foreign.h"
#include "builder/journal.h"
#include "builder/nightreport.h"
#include "builder/nightrun.h"

#include "lib/base/fs.h"

#include <fnmatch.h>
#include <time.h>

#define REPORT_MAX (64U << 20)
#define GIB        (INT64_C(1) << 30)
#define AT(member) offsetof(struct night_values, member)

const struct night_values nightly_defaults = { .build = ORDER_DEFAULTS,
	.jobs = 1,
	.tries = 4,
	.pause_s = 60,
	.keep = 3,
	.min_free = 2 * GIB };

const struct opt nightly_opts[] = {
	{ .name = "jobs",
		.letter = 'j',
		.kind = OPT_INT,
		.offset = AT(jobs),
		.arg = "N",
		.help = "build N images at a time (default: 1)",
		.min = 1,
		.max = 64 },
	{ .name = "only",
		.kind = OPT_LIST,
		.offset = AT(only),
		.arg = "PATTERN",
		.help = "only images like PATTERN, as 'debian/*/amd64/*'" },
	{ .name = "force",
		.kind = OPT_FLAG,
		.offset = AT(force),
		.help = "build what has not changed too" },
	{ .name = "tries",
		.kind = OPT_INT,
		.offset = AT(tries),
		.arg = "N",
		.help = "try what upstream failed to deliver N times (default: 4)",
		.min = 1,
		.max = 100 },
	{ .name = "retry-pause",
		.kind = OPT_INT,
		.offset = AT(pause_s),
		.arg = "S",
		.help = "seconds before the second try, then three times that "
			"(default: 60)",
		.min = 0,
		.max = 86400 },
	{ .name = "keep",
		.kind = OPT_INT,
		.offset = AT(keep),
		.arg = "N",
		.help = "let N builds of an image wait to be collected (default: 3)",
		.min = 1,
		.max = 10000 },
	{ .name = "min-free",
		.kind = OPT_SIZE,
		.offset = AT(min_free),
		.arg = "SIZE",
		.help = "begin no build with less space free (default: 2G)" },
	{ .name = "report",
		.kind = OPT_STRING,
		.offset = AT(report_dir),
		.arg = "DIR",
		.help = "write summary.txt, summary.json and junit.xml there" },
	{ .name = "metrics",
		.kind = OPT_STRING,
		.offset = AT(metrics),
		.arg = "FILE",
		.help = "write metrics for node-exporter's textfile collector" },
	ORDER_OPTS(struct night_values),
	{ .name = NULL },
};

/* ---- which images */

static bool is_wanted(const struct night_values *v, const char *name)
{
	if (v->only.count == 0)
		return true;
	for (size_t i = 0; i < v->only.count; i++)
		if (fnmatch(v->only.item[i], name, 0) == 0)
			return true;
	return false;
}

static void add_entry(struct night *n, const struct cell *cell)
{
	n->entry[n->count++] =
		(struct night_entry){ .cell = cell, .report_fd = -1, .words_fd = -1 };
}

/* A recipe that cannot be read is one failure of the night, not its end. */
static void add_broken(struct night *n, struct cell *cell, const struct err *why)
{
	struct night_result *r = &n->entry[n->count].result;

	add_entry(n, cell);
	n->entry[n->count - 1].state = NIGHT_DONE;
	snprintf(r->outcome, sizeof(r->outcome), "failed");
	snprintf(r->class, sizeof(r->class), "recipe");
	snprintf(r->message, sizeof(r->message), "%s", why->text);
	r->status = err_exit_status(why);
}

static void choose(struct night *n, const struct matrix *m)
{
	size_t elsewhere = 0;

	for (size_t i = 0; i < m->count; i++) {
		if (!is_wanted(n->values, m->cell[i].name))
			continue;
		if (foreign_runs_here(m->cell[i].image.arch))
			add_entry(n, &m->cell[i]);
		else
			elsewhere++;
	}
	if (elsewhere)
		out_note(n->out,
			"%zu images of architectures that this machine cannot run are "
			"left out",
			elsewhere);
}

/* Reads all recipes; broken[] has room for one cell each. */
static void gather(
	struct night *n, struct matrix *m, struct cell *broken, char **dirs, int count)
{
	auto_free struct err *why = xcalloc((size_t)count, sizeof(*why));

	for (int i = 0; i < count; i++) {
		if (matrix_add(m, dirs[i], n->out, &why[i]) == 0)
			continue;
		out_warn(n->out, "%s", why[i].text);
		snprintf(broken[i].name, sizeof(broken[i].name), "%s", dirs[i]);
	}
	n->entry = xcalloc(m->count + (size_t)count, sizeof(*n->entry));
	choose(n, m);
	for (int i = 0; i < count; i++)
		if (broken[i].name[0])
			add_broken(n, &broken[i], &why[i]);
}

/* ---- where it remembers */

static int open_dir(struct night *n, struct err *e)
{
	auto_fd int dir = place_open_made(n->values->build.cache, e);

	if (dir < 0 || fs_mkdirs(dir, "nightly", 0755, e) < 0)
		return -1;
	n->dir = fs_open_dir_at(dir, "nightly", e);
	return n->dir < 0 ? -1 : 0;
}

/* What killed builds left behind, of images that are not due too. */
static void sweep(const struct night *n)
{
	for (size_t i = 0; i < n->count; i++)
		if (n->entry[i].cell->image.distro[0])
			place_sweep(n->values->build.out_dir, n->values->build.cache,
				&n->entry[i].cell->image);
}

static int bound_disk(const struct night *n, struct err *e)
{
	const struct build_values *b = &n->values->build;

	for (size_t i = 0; i < n->count; i++)
		if (n->entry[i].cell->image.distro[0] &&
			place_prune(b->out_dir, &n->entry[i].cell->image,
				(size_t)n->values->keep, e) < 0)
			return -1;
	return archive_trim(b->cache, (uint64_t)n->values->build.cache_max, e);
}

/* ---- the night */

static int tell(struct night *n, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(REPORT_MAX);

	n->end_s = (int64_t)time(NULL);
	if (n->out->json)
		nightreport_json(n, &text);
	else
		nightreport_text(n, &text);
	out_result(n->out, "%s", buf_str(&text));
	if (nightreport_write(n, e) < 0)
		return err_wrap(e, "cannot write the summary");
	return 0;
}

static int run(struct night *n, char **dirs, int count, struct err *e)
{
	auto_free struct cell *broken = xcalloc((size_t)count, sizeof(*broken));
	auto_fd int lock = -1;
	auto_matrix struct matrix m;
	int rc = -1;

	matrix_init(&m);
	if (open_dir(n, e) < 0)
		return -1;
	lock = fs_lock(n->dir, "lock", 0, e);
	if (lock < 0)
		return err_wrap(e, "another night is under way");
	if (nightreport_open(n, e) < 0)
		return -1;
	gather(n, &m, broken, dirs, count);
	sweep(n);
	if (n->count == 0)
		err_set(e, ERR_NOTFOUND, "no image is like what --only says");
	else if (journal_open(n, e) == 0 && nightrun_all(n, e) == 0 && tell(n, e) == 0 &&
		 journal_end(n, e) == 0 && bound_disk(n, e) == 0)
		rc = nightreport_status(n);
	sweep(n); /* a build may still have been dying when we began */
	free(n->entry);
	return rc;
}

int cmd_nightly(struct call *c, struct err *e)
{
	struct night_values v = *(const struct night_values *)c->values;
	struct night n = { .values = &v,
		.out = c->out,
		.dir = -1,
		.report_dir = -1,
		.metrics_dir = -1,
		.journal_fd = -1,
		.start_s = (int64_t)time(NULL) };
	struct subids ids;
	int rc;

	if (unshared_ids(v.build.unshare, &ids, e) < 0)
		return -1;
	if (!v.build.cache)
		v.build.cache = "cache";
	rc = run(&n, c->argv, c->argc, e);
	if (n.journal_fd >= 0)
		close(n.journal_fd);
	nightreport_close(&n);
	if (n.dir >= 0)
		close(n.dir);
	return rc;
}
