#include "client/image/cmd.h"
#include "client/image/home.h"
#include "client/image/pattern.h"
#include "client/image/repo.h"
#include "client/image/words.h"
#include "lib/base/jsonw.h"

#include <time.h>

#define COLUMNS     6
#define ALIASES_MAX 256
#define OUTPUT_MAX  (64U << 20)

enum column { IMAGE, SERIAL, STATE, AGE, TRUST, ALIASES };

static const char *const heads[COLUMNS] = { "IMAGE", "SERIAL", "STATE", "AGE", "TRUST",
	"ALIASES" };
static const char *const keys[COLUMNS] = { "image", "serial", "state", "age", "trust",
	"aliases" };

struct row {
	const char *cell[COLUMNS];
	int64_t age_s; /* -1: not known */
};

struct table {
	struct arena arena;
	struct row *row;
	size_t count;
};

static const char *aliases_of(
	const struct catdoc *c, const struct image *i, struct arena *arena)
{
	auto_buf struct buf text = BUF_INIT(ALIASES_MAX);
	char name[2 * IMAGE_PART_MAX + 2];

	snprintf(name, sizeof(name), "%s/%s", i->distro, i->release);
	for (size_t a = 0; a < c->alias_count; a++)
		if (strcmp(c->alias[a].target, name) == 0)
			buf_printf(&text, "%s%s", text.len ? "," : "", c->alias[a].alias);
	return words_safe(arena, text.len ? buf_str(&text) : "-");
}

static struct row row_of(const struct catdoc *c, const struct catdoc_line *l,
	const char *trust, int64_t now_s, struct arena *arena)
{
	char name[IMAGE_NAME_MAX], age[32] = "-";
	struct row r = { .age_s = -1 };
	struct err ignored;
	int64_t made_s;

	image_format(&l->image, name);
	if (serial_to_time(l->serial, &made_s, &ignored) == 0) {
		words_age(made_s, now_s, age, sizeof(age));
		r.age_s = now_s > made_s ? now_s - made_s : 0;
	}
	r.cell[IMAGE] = words_safe(arena, name);
	r.cell[SERIAL] = words_safe(arena, l->serial);
	r.cell[STATE] = words_safe(arena, l->state);
	r.cell[AGE] = arena_strdup(arena, age);
	r.cell[TRUST] = trust;
	r.cell[ALIASES] = aliases_of(c, &l->image, arena);
	return r;
}

static bool alias_matches(const char *pattern, const char *aliases)
{
	auto_free char *copy = xstrdup(aliases);
	char *save = NULL;

	for (char *one = strtok_r(copy, ",", &save); one;
		one = strtok_r(NULL, ",", &save))
		if (pattern_matches(pattern, one))
			return true;
	return false;
}

/* Whatever a column prints is a pattern that finds it. */
static bool row_matches(const struct row *r, const char *pattern)
{
	if (!*pattern || alias_matches(pattern, r->cell[ALIASES]))
		return true;
	for (size_t i = 0; i < ALIASES; i++)
		if (pattern_matches(pattern, r->cell[i]))
			return true;
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(((const struct row *)a)->cell[IMAGE],
		((const struct row *)b)->cell[IMAGE]);
}

static int no_match(const struct catdoc *c, const char *pattern, struct err *e)
{
	const char **names = xcalloc(3 * c->line_count + 1, sizeof(*names));
	const char *near;
	size_t n = 0;

	for (size_t i = 0; i < c->line_count; i++) {
		names[n++] = c->line[i].image.distro;
		names[n++] = c->line[i].image.release;
		names[n++] = c->line[i].image.variant;
	}
	near = opt_nearest(pattern, names, n);
	if (near)
		err_set(e, ERR_NOTFOUND, "no image matches '%s'; did you mean '%s'?",
			pattern, near);
	else
		err_set(e, ERR_NOTFOUND, "no image matches '%s'", pattern);
	free(names);
	return -1;
}

static void print_json(const struct table *t, struct out *out)
{
	auto_buf struct buf text = BUF_INIT(OUTPUT_MAX);
	struct jsonw w = jsonw_to(&text);

	jsonw_array(&w);
	for (size_t i = 0; i < t->count; i++) {
		const struct row *r = &t->row[i];

		jsonw_object(&w);
		for (size_t k = 0; k < COLUMNS; k++)
			if (k == AGE && r->age_s >= 0)
				jsonw_kint(&w, "age_s", r->age_s);
			else if (k != AGE)
				jsonw_kstr(&w, keys[k],
					strcmp(r->cell[k], "-") ? r->cell[k] : "");
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	out_result(out, "%s\n", buf_str(&text));
}

static void print_table(const struct table *t, struct out *out)
{
	int width[COLUMNS];

	for (size_t k = 0; k < COLUMNS; k++) {
		width[k] = (int)strlen(heads[k]);
		for (size_t i = 0; i < t->count; i++)
			if ((int)strlen(t->row[i].cell[k]) > width[k])
				width[k] = (int)strlen(t->row[i].cell[k]);
	}
	for (size_t i = 0; t->count > 0 && i <= t->count; i++) {
		const char *const *cell = i == 0 ? heads : t->row[i - 1].cell;

		for (size_t k = 0; k + 1 < COLUMNS; k++)
			out_result(out, "%-*s  ", width[k], cell[k]);
		out_result(out, "%s\n", cell[COLUMNS - 1]);
	}
}

/* "[REMOTE:][PATTERN]"; a serial of an imported tree has a colon of its own. */
static int split(const char *text, char remote[IMAGE_PART_MAX + 1], const char **pattern,
	struct err *e)
{
	const char *colon = strchr(text, ':');

	remote[0] = '\0';
	*pattern = text;
	if (!colon || serial_is_valid(text))
		return 0;
	if (colon - text > IMAGE_PART_MAX)
		return err_set(e, ERR_USAGE, "'%s' names no remote", text);
	memcpy(remote, text, (size_t)(colon - text));
	remote[colon - text] = '\0';
	*pattern = colon + 1;
	if (!image_part_is_valid(remote))
		return err_set(e, ERR_USAGE, "'%s' is no name of a remote", remote);
	return 0;
}

static int show(const struct catdoc *c, const char *trust, const char *pattern,
	int64_t now_s, struct out *out, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	struct table t = { 0 };

	t.row = arena_array(&arena, c->line_count + 1, sizeof(*t.row));
	for (size_t i = 0; i < c->line_count; i++) {
		struct row r = row_of(c, &c->line[i], trust, now_s, &arena);

		if (row_matches(&r, pattern))
			t.row[t.count++] = r;
	}
	if (t.count == 0 && *pattern)
		return no_match(c, pattern, e);
	qsort(t.row, t.count, sizeof(*t.row), by_name);
	if (out->json)
		print_json(&t, out);
	else
		print_table(&t, out);
	return 0;
}

static int run(struct call *c, struct err *e)
{
	auto_remotes struct remotes remotes = { 0 };
	auto_repo struct repo repo = REPO_INIT;
	auto_fd int config_fd = home_open(PLACE_CONFIG, e);
	const struct remote *remote;
	const char *pattern;
	char name[IMAGE_PART_MAX + 1];

	if (config_fd < 0 || split(c->argc ? c->argv[0] : "", name, &pattern, e) < 0 ||
		remotes_load(config_fd, &remotes, e) < 0 ||
		remotes_find(&remotes, name, &remote, e) < 0)
		return -1;
	if (repo_open(remote, NULL, &repo, e) < 0 || repo_catalog(&repo, e) < 0)
		return err_wrap(e, "cannot list '%s'", remote->name);
	return show(&repo.catalog, remote_trust(remote), pattern, repo.trust.now_s,
		c->out, e);
}

const struct command cmd_list = {
	.name = "list",
	.args = "[REMOTE:][PATTERN]",
	.summary = "images that a remote offers: by name, part of one, glob, state or "
		   "serial",
	.max_args = 1,
	.run = run,
};
