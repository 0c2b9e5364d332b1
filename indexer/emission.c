#include "indexer/emission.h"

#include "indexer/image_facts.h"

/* In the order in which their files are staged. */
static const struct emitter *const emitters[] = {
	&emit_lxc,
	&emit_streams,
	&emit_wsl,
	&emit_aplinfo,
	&emit_api,
	&emit_feed,
	&emit_site_pages,
};

#define COUNT ARRAY_COUNT(emitters)

struct running {
	struct buf *text;
	void *state;
};

struct emission {
	struct emit_site site;
	struct running running[COUNT]; /* text NULL: not wanted */
	struct image_facts facts;      /* of the image being read */
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
	return site->clients & t->client && (!t->needs_url || site->base_url[0]);
}

void emit_url(const struct site *site, const char *path, char *out, size_t out_size)
{
	size_t len = strlen(site->base_url);

	while (len && site->base_url[len - 1] == '/')
		len--;
	snprintf(out, out_size, "%.*s/%s", (int)len, site->base_url, path);
}

void emission_skipped(const struct site *site, struct buf *out)
{
	for (size_t i = 0; i < COUNT; i++)
		if (site->clients & emitters[i]->client && !is_wanted(emitters[i], site))
			buf_printf(out, "%s%s", out->len ? ", " : "",
				client_name(emitters[i]->client));
}

static int emit_one(struct emission *m, const struct emit_listed *l, struct err *e)
{
	struct emit_image image = {
		.listed = l,
		.release = site_find(m->site.site, &l->image),
		.build = m->facts.build,
	};

	if (image_facts_read(&m->facts, l->image_id, e) < 0)
		return -1;
	image.build_count = m->facts.build_count;
	for (size_t i = 0; image.build_count && i < COUNT; i++)
		if (m->running[i].text)
			emitters[i]->image(&m->site, &image, m->running[i].state,
				m->running[i].text);
	image_facts_release(&m->facts);
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

int emission_root(const struct yard *y, char out[FPR_MAX], struct err *e)
{
	auto_envelope struct envelope v = { 0 };
	auto_trust_root struct trust_root root = { 0 };
	int rc = yard_read_root_version(y, 1, &v, &root, e);

	out[0] = '\0';
	if (rc > 0 && root.role[TRUST_ROOT].count)
		snprintf(out, FPR_MAX, "%s", root.role[TRUST_ROOT].fpr[0]);
	return rc < 0 ? -1 : 0;
}

int emission_run(struct yard *y, const struct plan *plan, emission_file *file, void *ctx,
	struct err *e)
{
	char root_fpr[FPR_MAX];
	struct emission m = {
		.facts.catalog = y->catalog,
		.site = { .site = &y->site,
			.repo = y->facts.repo,
			.root_fpr = root_fpr,
			.now_s = y->now_s,
			.generation = plan->generation,
			.image_count = plan->count },
	};
	int rc;

	if (emission_root(y, root_fpr, e) < 0)
		return -1;
	begin(&m);
	rc = run(&m, plan, file, ctx, e);
	for (size_t i = 0; i < COUNT; i++)
		release_one(&m, i);
	image_facts_release(&m.facts);
	return rc;
}
