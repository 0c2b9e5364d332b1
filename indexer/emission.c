#include "indexer/emission.h"

#define FILES_MAX 64

/* In the order in which their files are staged. */
static const struct emitter *const emitters[] = {
	&emit_lxc,
	&emit_streams,
};

#define COUNT ARRAY_COUNT(emitters)

struct running {
	struct buf *text;
	void *state;
};

struct emission {
	struct catalog *catalog;
	struct emit_site site;
	struct running running[COUNT]; /* text NULL: not wanted */
	/* the image being read */
	struct arena arena;
	struct emit_build build[EMIT_BUILDS];
	size_t build_count;
	struct catalog_file *file;
	size_t file_count;
};

const struct catalog_file *emit_build_file(const struct emit_build *b, const char *name)
{
	for (size_t i = 0; i < b->file_count; i++)
		if (strcmp(b->file[i].name, name) == 0)
			return &b->file[i];
	return NULL;
}

static bool is_wanted(const struct emitter *t, const struct site *site)
{
	return !t->needs_url || site->base_url[0];
}

void emission_skipped(const struct site *site, struct buf *out)
{
	for (size_t i = 0; i < COUNT; i++)
		if (!is_wanted(emitters[i], site))
			buf_printf(
				out, "%s%s", out->len ? ", " : "", emitters[i]->client);
}

static int add_file(const struct catalog_file *f, void *ctx, struct err *e)
{
	struct emission *m = ctx;

	if (m->file_count == FILES_MAX)
		return err_set(e, ERR_LIMIT, "a build has more than %d files", FILES_MAX);
	m->file[m->file_count] = *f;
	m->file[m->file_count++].name = arena_strdup(&m->arena, f->name);
	return 0;
}

static int add_build(const struct catalog_build *b, void *ctx, struct err *e)
{
	struct emission *m = ctx;
	struct emit_build *to = &m->build[m->build_count++];
	struct arena *a = &m->arena;

	m->file = arena_array(a, FILES_MAX, sizeof(*m->file));
	m->file_count = 0;
	if (catalog_file_walk(m->catalog, b->id, add_file, m, e) < 0)
		return -1;

	to->row = *b;
	to->row.state = arena_strdup(a, b->state);
	to->row.tested = arena_strdup(a, b->tested);
	to->row.origin = arena_strdup(a, b->origin);
	to->row.init = arena_strdup(a, b->init);
	to->row.stop_signal = arena_strdup(a, b->stop_signal);
	to->row.description = arena_strdup(a, b->description);
	to->row.requirements = arena_strdup(a, b->requirements);
	to->file = m->file;
	to->file_count = m->file_count;
	return 0;
}

static int emit_one(struct emission *m, const struct emit_listed *l, struct err *e)
{
	struct emit_image image = {
		.listed = l,
		.release = site_find(m->site.site, &l->image),
		.build = m->build,
	};

	m->build_count = 0;
	if (catalog_build_newest(m->catalog, l->image_id, EMIT_BUILDS, add_build, m, e) <
		0)
		return -1;
	image.build_count = m->build_count;
	for (size_t i = 0; image.build_count && i < COUNT; i++)
		if (m->running[i].text)
			emitters[i]->image(&m->site, &image, m->running[i].state,
				m->running[i].text);
	arena_release(&m->arena);
	return 0;
}

static void begin(struct emission *m)
{
	for (size_t i = 0; i < COUNT; i++) {
		const struct emitter *t = emitters[i];
		struct running *r = &m->running[i];

		if (!is_wanted(t, m->site.site))
			continue;
		r->state = xcalloc(1, t->state_size + 1);
		r->text = xcalloc(t->text_count, sizeof(*r->text));
		for (unsigned int k = 0; k < t->text_count; k++)
			r->text[k].ceiling = EMIT_INDEX_MAX;
		if (t->begin)
			t->begin(&m->site, r->state, r->text);
	}
}

static int hand_over(
	struct emission *m, size_t i, emission_file *file, void *ctx, struct err *e)
{
	const struct emitter *t = emitters[i];
	struct running *r = &m->running[i];

	if (t->end)
		t->end(&m->site, r->state, r->text);
	for (size_t k = 0; k < t->file_count; k++) {
		const struct emit_file *f = &t->file[k];

		if (buf_check(&r->text[f->text], f->path, e) < 0 ||
			file(f, buf_bytes(&r->text[f->text]), ctx, e) < 0)
			return -1;
	}
	return 0;
}

static void release_one(struct emission *m, size_t i)
{
	struct running *r = &m->running[i];

	if (!r->text)
		return;
	if (emitters[i]->release)
		emitters[i]->release(r->state);
	for (unsigned int k = 0; k < emitters[i]->text_count; k++)
		buf_release(&r->text[k]);
	free(r->text);
	free(r->state);
	*r = (struct running){ 0 };
}

static int run(struct emission *m, const struct plan *plan, emission_file *file,
	void *ctx, struct err *e)
{
	for (size_t i = 0; i < plan->count; i++)
		if (emit_one(m, &plan->image[i].listed, e) < 0)
			return -1;
	for (size_t i = 0; i < COUNT; i++) {
		if (m->running[i].text && hand_over(m, i, file, ctx, e) < 0)
			return -1;
		release_one(m, i);
	}
	return 0;
}

int emission_run(struct yard *y, const struct plan *plan, emission_file *file, void *ctx,
	struct err *e)
{
	struct emission m = {
		.catalog = y->catalog,
		.site = { .site = &y->site,
			.repo = y->facts.repo,
			.now_s = y->now_s,
			.generation = plan->generation,
			.image_count = plan->count },
	};
	int rc;

	begin(&m);
	rc = run(&m, plan, file, ctx, e);
	for (size_t i = 0; i < COUNT; i++)
		release_one(&m, i);
	arena_release(&m.arena);
	return rc;
}
