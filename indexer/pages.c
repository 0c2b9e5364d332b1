#include "indexer/pages.h"

#include "assets.h"
#include "indexer/catalog_page.h"
#include "indexer/emission.h"
#include "indexer/image_facts.h"
#include "indexer/write_staged.h"

#define PAGE_MAX (4U << 20)

/* Kinds whose files lie in one directory of an image are made together, so that
 * directories are entered in order. */
struct kind {
	const char *top, *end; /* around distro/release/arch/variant */
	void (*emit)(const struct emit_page *p, struct buf *out);
};

static const struct kind kinds[] = {
	{ "api/v1/images", ".json", emit_image_json },
	{ "badge", ".svg", emit_badge },
	{ "images", "/history.json", emit_history },
	{ "images", "/index.html", emit_image_page },
};

struct paging {
	struct yard *yard;
	pages_page *page;
	void *ctx;
	struct emit_site site;
	size_t first, end; /* of the kinds, in this pass */
	struct arena arena;
	struct emit_past *past;
	size_t past_count, past_room;
	char distro[IMAGE_PART_MAX + 1]; /* whose page was written last */
	struct emit_row *row;
	size_t row_count, row_room;
};

static int take_past(const struct emit_past *p, void *ctx, struct err *e)
{
	struct paging *g = ctx;
	struct emit_past *to;

	(void)e;
	if (g->past_count == g->past_room) {
		g->past_room = g->past_room ? g->past_room * 2 : 128;
		g->past = xrealloc(g->past, g->past_room * sizeof(*g->past));
	}
	to = &g->past[g->past_count++];
	*to = *p;
	to->state = arena_strdup(&g->arena, p->state);
	to->tested = arena_strdup(&g->arena, p->tested);
	return 0;
}

static int write_kinds(struct paging *g, const struct emit_page *p, struct err *e)
{
	char name[IMAGE_NAME_MAX];

	image_format(&p->image->listed->image, name);
	for (size_t k = g->first; k < g->end; k++) {
		auto_buf struct buf text = BUF_INIT(PAGE_MAX);
		auto_free char *path =
			xasprintf("%s/%s%s", kinds[k].top, name, kinds[k].end);

		kinds[k].emit(p, &text);
		if (buf_check(&text, path, e) < 0 ||
			g->page(path, buf_bytes(&text), g->ctx, e) < 0)
			return -1;
	}
	return 0;
}

static int write_image(int64_t id, const struct image *i, void *ctx, struct err *e)
{
	struct paging *g = ctx;
	struct image_facts facts = { .catalog = g->yard->catalog };
	struct catalog_image row = { .id = id, .image = *i };
	struct emit_listed listed = {
		.image = *i,
		.image_id = id,
		.state = emit_image_state(&g->yard->site, &row, g->site.now_s),
	};
	struct emit_image image = { .listed = &listed,
		.release = site_find(&g->yard->site, i),
		.build = facts.build };
	struct emit_page page = { .site = &g->site, .image = &image };
	int rc;

	g->past_count = 0;
	rc = image_facts_read(&facts, id, e);
	if (rc == 0)
		rc = catalog_past_walk(g->yard->catalog, id, take_past, g, e);
	image.build_count = facts.build_count;
	page.past = g->past;
	page.past_count = g->past_count;
	if (rc == 0)
		rc = write_kinds(g, &page, e);
	image_facts_release(&facts);
	arena_release(&g->arena);
	return rc;
}

/* ---- a distribution */

static int take_row(const struct emit_row *r, void *ctx, struct err *e)
{
	struct paging *g = ctx;
	struct catalog_image image = { .image = r->image };
	struct emit_row *to;

	(void)e;
	if (g->row_count == g->row_room) {
		g->row_room = g->row_room ? g->row_room * 2 : 128;
		g->row = xrealloc(g->row, g->row_room * sizeof(*g->row));
	}
	to = &g->row[g->row_count++];
	*to = *r;
	to->state = emit_image_state(&g->yard->site, &image, g->site.now_s);
	to->release = site_find(&g->yard->site, &r->image);
	return 0;
}

static int write_distro(int64_t id, const struct image *i, void *ctx, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(PAGE_MAX);
	struct paging *g = ctx;
	auto_free char *path = xasprintf("images/%s/index.html", i->distro);

	(void)id;
	if (strcmp(i->distro, g->distro) == 0)
		return 0;
	snprintf(g->distro, sizeof(g->distro), "%s", i->distro);
	g->row_count = 0;
	if (catalog_distro_walk(g->yard->catalog, i->distro, take_row, g, e) < 0)
		return -1;
	emit_distro_page(&g->site, i->distro, g->row, g->row_count, &text);
	if (buf_check(&text, path, e) < 0)
		return -1;
	return g->page(path, buf_bytes(&text), g->ctx, e);
}

/* The one that is the same for all. */
static int write_schema(struct paging *g, struct err *e)
{
	return g->page("api/v1/schema.json", bytes_of_str(asset_schema), g->ctx, e);
}

static int write_dirty(struct paging *g, struct err *e)
{
	static const struct {
		size_t first, end;
	} passes[] = { { 0, 1 }, { 1, 2 }, { 2, ARRAY_COUNT(kinds) } };
	struct catalog *c = g->yard->catalog;

	if (write_schema(g, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_COUNT(passes); i++) {
		g->first = passes[i].first;
		g->end = passes[i].end;
		if (catalog_dirty_walk(c, write_image, g, e) < 0)
			return -1;
	}
	return catalog_dirty_walk(c, write_distro, g, e);
}

static int write_listed(const struct catalog_image *i, void *ctx, struct err *e)
{
	if (write_image(i->id, &i->image, ctx, e) < 0)
		return -1;
	return write_distro(i->id, &i->image, ctx, e);
}

static int write_all(struct paging *g, struct err *e)
{
	g->first = 0;
	g->end = ARRAY_COUNT(kinds);
	if (write_schema(g, e) < 0)
		return -1;
	return catalog_image_walk(g->yard->catalog, write_listed, g, e);
}

static int run(struct paging *g, const struct catalog_generation *generation,
	int (*write)(struct paging *g, struct err *e), struct err *e)
{
	char root_fpr[FPR_MAX];
	int rc;

	if (emission_root(g->yard, root_fpr, e) < 0)
		return -1;
	/* the time of the publication, also when a later command finishes it */
	g->site = (struct emit_site){ .site = &g->yard->site,
		.repo = g->yard->facts.repo,
		.root_fpr = root_fpr,
		.now_s = generation->created_s,
		.generation = generation->number };
	rc = write(g, e);
	arena_release(&g->arena);
	free(g->past);
	free(g->row);
	return rc;
}

static int put(const char *path, struct bytes text, void *ctx, struct err *e)
{
	return writing_put(ctx, path, text, e);
}

int pages_write(struct yard *y, struct err *e)
{
	struct writing writing = { .yard = y };
	struct paging g = { .yard = y, .page = put, .ctx = &writing };
	struct catalog_generation staged;
	int rc = catalog_generation_find(y->catalog, "staged", &staged, e);

	if (rc <= 0)
		return rc;
	if (run(&g, &staged, write_dirty, e) < 0)
		return -1;
	return writing_end(&writing, e);
}

int pages_walk(struct yard *y, const struct catalog_generation *generation,
	pages_page *page, void *ctx, struct err *e)
{
	struct paging g = { .yard = y, .page = page, .ctx = ctx };

	return run(&g, generation, write_all, e);
}
