#include "client/image/cmd.h"
#include "client/image/home.h"
#include "client/image/pattern.h"
#include "client/image/pull.h"
#include "client/image/words.h"
#include "lib/base/jsonw.h"

#include <time.h>

#define COLUMNS     9
#define ALIASES_MAX 256
#define OUTPUT_MAX  (64U << 20)

enum column { IMAGE, SERIAL, STATE, AGE, TRUST, FETCH, UPDATE, EOL, ALIASES };

static const struct {
	const char *head, *key;
	bool is_long; /* costs a document for each image */
} columns[COLUMNS] = {
	[IMAGE] = { "IMAGE", "image", false },
	[SERIAL] = { "SERIAL", "serial", false },
	[STATE] = { "STATE", "state", false },
	[AGE] = { "AGE", "age", false },
	[TRUST] = { "TRUST", "trust", false },
	[FETCH] = { "FETCH", "fetch", true },
	[UPDATE] = { "UPDATE", "update", true },
	[EOL] = { "EOL", "eol", true },
	[ALIASES] = { "ALIASES", "aliases", false },
};

struct values {
	bool is_long;
};

static const struct opt opts[] = {
	{ "long", 'l', OPT_FLAG, offsetof(struct values, is_long), NULL,
		"also what a pull, and an update from what is stored, would fetch, and "
		"the "
		"end of life",
		0, 0 },
	{ .name = NULL },
};

struct row {
	const char *cell[COLUMNS];
	int64_t age_s;          /* -1: not known */
	int64_t bytes[COLUMNS]; /* of FETCH and UPDATE; -1: none */
	const struct catdoc_line *line;
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
	struct row r = { .age_s = -1, .line = l };
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
	r.cell[FETCH] = r.cell[UPDATE] = r.cell[EOL] = "-";
	r.bytes[FETCH] = r.bytes[UPDATE] = -1;
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
	for (size_t i = 0; i <= TRUST; i++)
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

/* ---- what only an image's own document tells */

struct listing {
	struct repo *repo;
	struct store *store;
	struct arena *arena;
	bool is_long;
	struct out *out;
};

static void set_bytes(
	const struct listing *l, struct row *r, enum column k, uint64_t bytes)
{
	char text[32];

	r->bytes[k] = (int64_t)bytes;
	r->cell[k] = arena_strdup(l->arena, out_size(bytes, text, sizeof(text)));
}

static uint64_t size_of(const struct doc_build *b, const char *name)
{
	const struct doc_file *f = doc_build_file(b, name);

	return f ? f->size : 0;
}

static int look_into(const struct listing *l, struct row *r, struct err *e)
{
	auto_imagedoc struct imagedoc doc = { 0 };
	const struct doc_build *b;
	const struct doc_delta *delta;
	uint64_t meta;

	if (repo_image(l->repo, r->line, &doc, e) < 0)
		return -1;
	if (doc.eol && *doc.eol)
		r->cell[EOL] = words_safe(l->arena, doc.eol);
	b = imagedoc_build(&doc, "", "");
	if (!b)
		return 0;
	meta = size_of(b, "meta.tar.xz");
	set_bytes(l, r, FETCH,
		meta + size_of(b, "rootfs.man") + size_of(b, "rootfs.tar.zst"));
	delta = pull_least(l->store, b);
	if (delta)
		set_bytes(l, r, UPDATE, meta + delta->size);
	return 0;
}

static void look_at_foreign(const struct listing *l, struct row *r)
{
	const struct foreign_build *b;

	if (foreign_find(&l->repo->foreign, &r->line->image, &b) == 0)
		return;
	if (b->has_digests)
		set_bytes(l, r, FETCH, b->root.size + b->meta.size);
	if (b->eol && *b->eol)
		r->cell[EOL] = words_safe(l->arena, b->eol);
}

static int complete(const struct listing *l, struct row *r, struct err *e)
{
	if (!l->is_long)
		return 0;
	if (remote_kind(l->repo->remote) == REMOTE_ROOTYARD)
		return look_into(l, r, e);
	look_at_foreign(l, r);
	return 0;
}

/* ---- showing */

static void json_cell(struct jsonw *w, const struct row *r, enum column k)
{
	if (k == AGE) {
		if (r->age_s >= 0)
			jsonw_kint(w, "age_s", r->age_s);
	} else if (k == FETCH || k == UPDATE) {
		if (r->bytes[k] >= 0)
			jsonw_kint(w, k == FETCH ? "fetch_bytes" : "update_bytes",
				r->bytes[k]);
	} else {
		jsonw_kstr(w, columns[k].key, strcmp(r->cell[k], "-") ? r->cell[k] : "");
	}
}

static void print_json(const struct table *t, const struct listing *l)
{
	auto_buf struct buf text = BUF_INIT(OUTPUT_MAX);
	struct jsonw w = jsonw_to(&text);

	jsonw_array(&w);
	for (size_t i = 0; i < t->count; i++) {
		jsonw_object(&w);
		for (enum column k = 0; k < COLUMNS; k++)
			if (l->is_long || !columns[k].is_long)
				json_cell(&w, &t->row[i], k);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	out_result(l->out, "%s\n", buf_str(&text));
}

static void print_line(const char *const cell[COLUMNS], const int width[COLUMNS],
	const struct listing *l)
{
	for (size_t k = 0; k + 1 < COLUMNS; k++)
		if (l->is_long || !columns[k].is_long)
			out_result(l->out, "%-*s  ", width[k], cell[k]);
	out_result(l->out, "%s\n", cell[COLUMNS - 1]);
}

static void print_table(const struct table *t, const struct listing *l)
{
	const char *heads[COLUMNS];
	int width[COLUMNS];

	for (size_t k = 0; k < COLUMNS; k++) {
		heads[k] = columns[k].head;
		width[k] = (int)strlen(heads[k]);
		for (size_t i = 0; i < t->count; i++)
			if ((int)strlen(t->row[i].cell[k]) > width[k])
				width[k] = (int)strlen(t->row[i].cell[k]);
	}
	if (t->count > 0)
		print_line(heads, width, l);
	for (size_t i = 0; i < t->count; i++)
		print_line(t->row[i].cell, width, l);
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

static int show_lines(struct listing *l, const char *pattern, struct err *e)
{
	const struct catdoc *c = &l->repo->catalog;
	struct table t = { 0 };

	t.row = arena_array(l->arena, c->line_count + 1, sizeof(*t.row));
	for (size_t i = 0; i < c->line_count; i++) {
		struct row r = row_of(c, &c->line[i], remote_trust(l->repo->remote),
			l->repo->trust.now_s, l->arena);

		if (!row_matches(&r, pattern))
			continue;
		if (complete(l, &r, e) < 0)
			return -1;
		t.row[t.count++] = r;
	}
	if (t.count == 0 && *pattern)
		return no_match(c, pattern, e);
	qsort(t.row, t.count, sizeof(*t.row), by_name);
	if (l->out->json)
		print_json(&t, l);
	else
		print_table(&t, l);
	return 0;
}

static int show(struct listing *l, const char *pattern, struct err *e)
{
	struct arena arena = { 0 };
	int rc;

	/* cppcheck-suppress autoVariables ; taken back before it goes */
	l->arena = &arena;
	rc = show_lines(l, pattern, e);
	l->arena = NULL;
	arena_release(&arena);
	return rc;
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	auto_remotes struct remotes remotes = { 0 };
	auto_repo struct repo repo = REPO_INIT;
	auto_store struct store store = STORE_INIT;
	auto_fd int config_fd = home_open(PLACE_CONFIG, e);
	struct listing l = {
		.repo = &repo, .store = &store, .is_long = v->is_long, .out = c->out
	};
	const struct remote *remote;
	const char *pattern;
	char name[IMAGE_PART_MAX + 1];

	if (config_fd < 0 || split(c->argc ? c->argv[0] : "", name, &pattern, e) < 0 ||
		remotes_load(config_fd, &remotes, e) < 0 ||
		remotes_find(&remotes, name, &remote, e) < 0)
		return -1;
	if ((v->is_long && store_open(&store, e) < 0) ||
		repo_open(remote, NULL, &repo, e) < 0 || repo_catalog(&repo, e) < 0)
		return err_wrap(e, "cannot list '%s'", remote->name);
	return show(&l, pattern, e);
}

const struct command cmd_list = {
	.name = "list",
	.args = "[REMOTE:][PATTERN]",
	.summary = "images that a remote offers: by name, part of one, glob, state or "
		   "serial",
	.opts = opts,
	.values_size = sizeof(struct values),
	.max_args = 1,
	.run = run,
};
