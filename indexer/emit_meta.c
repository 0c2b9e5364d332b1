#include "indexer/emit.h"

#define BUILDS_LISTED 5  /* the newest that are offered */
#define BUILDS_MAX    48 /* with those that are pinned, and those that were taken back */
#define FILES_MAX     32

/* One image document while it is collected. */
struct collect {
	struct catalog *catalog;
	struct imagedoc doc;
	struct doc_build build[BUILDS_MAX];
	size_t offered;
	const char *pin[BUILDS_MAX], *hold[BUILDS_MAX];
	struct doc_file *file; /* of the build being read */
	size_t file_count;
	struct doc_delta *delta;
	size_t delta_count;
	const struct catalog_build *now;
};

/* A delta whose base is gone is of no use. */
static int add_delta(struct collect *c, const struct catalog_file *f, const char *serial,
	struct err *e)
{
	char path[LAYOUT_PATH_MAX];
	struct digest from;
	int64_t base;
	int rc = catalog_build_find(c->catalog, &c->now->image, serial, &base, e);

	if (rc <= 0)
		return rc;
	if (c->delta_count == FILES_MAX)
		return err_set(
			e, ERR_LIMIT, "a build has more than %d deltas", FILES_MAX);
	if (catalog_build_tree(c->catalog, base, &from, e) < 0)
		return -1;
	layout_artifact(&c->now->image, c->now->serial, f->name, path);
	c->delta[c->delta_count++] = (struct doc_delta){
		.from = from,
		.path = arena_strdup(&c->doc.arena, path),
		.size = f->size,
		.sha256 = f->sha256,
	};
	return 0;
}

static void keep_pieces(
	struct collect *c, struct doc_file *file, const struct pieces *told)
{
	struct pieces *p = arena_array(&c->doc.arena, 1, sizeof(*p));

	*p = *told;
	file->pieces = p;
}

static int add_file(const struct catalog_file *f, void *ctx, struct err *e)
{
	struct collect *c = ctx;
	char path[LAYOUT_PATH_MAX], serial[SERIAL_MAX];

	if (layout_delta_base(f->name, serial))
		return add_delta(c, f, serial, e);
	if (!f->is_signed)
		return 0;
	if (c->file_count == FILES_MAX)
		return err_set(e, ERR_LIMIT, "a build has more than %d files", FILES_MAX);
	layout_artifact(&c->now->image, c->now->serial, f->name, path);
	c->file[c->file_count++] = (struct doc_file){
		.name = arena_strdup(&c->doc.arena, f->name),
		.path = arena_strdup(&c->doc.arena, path),
		.size = f->size,
		.sha256 = f->sha256,
	};
	if (f->pieces.count)
		keep_pieces(c, &c->file[c->file_count - 1], &f->pieces);
	return 0;
}

/* The newest that are offered; pinned ones; and what was taken back among them, so that
 * who has it learns of it. */
static bool is_documented(const struct collect *c, const struct catalog_build *b)
{
	if (strcmp(b->state, "held") == 0)
		return false;
	if (strcmp(b->state, "withdrawn") == 0)
		return !b->is_retired && c->offered < BUILDS_LISTED;
	return b->is_pinned || c->offered < BUILDS_LISTED;
}

static void note_words(struct collect *c, const struct catalog_build *b)
{
	const char *serial = arena_strdup(&c->doc.arena, b->serial);

	if (b->is_pinned && c->doc.pin_count < BUILDS_MAX)
		c->pin[c->doc.pin_count++] = serial;
	if (strcmp(b->state, "held") == 0 && c->doc.hold_count < BUILDS_MAX)
		c->hold[c->doc.hold_count++] = serial;
}

static void describe(struct collect *c, const struct catalog_build *b)
{
	c->doc.description = arena_strdup(&c->doc.arena, b->description);
	c->doc.expiry_days = (b->expires_s - b->created_s) / DAY_S;
	if (!b->expires_s || c->doc.expiry_days < 0)
		c->doc.expiry_days = 0;
}

static int add_build(const struct catalog_build *b, void *ctx, struct err *e)
{
	struct collect *c = ctx;
	struct arena *a = &c->doc.arena;
	bool is_offered = strcmp(b->state, "active") == 0;
	struct doc_build *d;

	note_words(c, b);
	if (!is_documented(c, b) || c->doc.build_count == BUILDS_MAX)
		return 0;
	if (is_offered && !c->offered)
		describe(c, b);
	c->offered += is_offered;

	c->now = b;
	c->file_count = 0;
	c->file = arena_array(a, FILES_MAX, sizeof(*c->file));
	c->delta_count = 0;
	c->delta = arena_array(a, FILES_MAX, sizeof(*c->delta));
	if (catalog_file_walk(c->catalog, b->id, add_file, c, e) < 0)
		return -1;

	d = &c->build[c->doc.build_count++];
	*d = (struct doc_build){
		.state = is_offered ? "active" : "withdrawn",
		.id = b->tree,
		.diff_id = b->diff,
		.created_s = b->created_s,
		.epoch_s = b->epoch_s,
		.tested = arena_strdup(a, b->tested),
		.origin = arena_strdup(a, b->origin),
		.entries = b->entries,
		.unpacked_size = b->unpacked_size,
		.max_uid = b->max_uid,
		.max_gid = b->max_gid,
		.init = arena_strdup(a, b->init),
		.stop_signal = arena_strdup(a, b->stop_signal),
		.file = c->file,
		.file_count = c->file_count,
		.delta = c->delta,
		.delta_count = c->delta_count,
	};
	memcpy(d->serial, b->serial, sizeof(d->serial));
	return 0;
}

const char *emit_image_state(
	const struct site *site, const struct catalog_image *image, int64_t now_s)
{
	const struct site_release *r = site_find(site, &image->image);

	int64_t days = retention_find(&site->retention, &image->image)->deprecate_days;

	if (r && site_release_is_eol(r, now_s))
		return "eol";
	if (image->has_held)
		return "held";
	return days && image->created_s + days * DAY_S <= now_s ? "deprecated" : "active";
}

static void add_aliases(struct imagedoc *d, const struct site_release *r)
{
	d->alias = arena_array(&d->arena, SITE_ALIASES_MAX + 1, sizeof(*d->alias));
	for (size_t i = 0; i < r->alias_count; i++)
		d->alias[d->alias_count++] =
			arena_printf(&d->arena, "%s/%s", r->distro, r->alias[i]);
	if (r->is_default)
		d->alias[d->alias_count++] = arena_strdup(&d->arena, r->distro);
}

int emit_image_document(struct catalog *c, const struct site *site,
	const struct image *image, const char *state, struct buf *out, struct err *e)
{
	struct collect at = { .catalog = c };
	const struct site_release *r = site_find(site, image);
	int rc;

	at.doc.image = *image;
	at.doc.state = state;
	at.doc.eol = r ? r->eol : "";
	at.doc.description = "";
	at.doc.build = at.build;
	at.doc.pin = at.pin;
	at.doc.hold = at.hold;
	if (r)
		add_aliases(&at.doc, r);

	rc = catalog_build_walk(c, image, add_build, &at, e);
	if (rc == 0)
		rc = imagedoc_format(&at.doc, out, e);
	imagedoc_release(&at.doc);
	return rc;
}

void emit_catalog_header(
	struct buf *out, const struct site *site, int64_t generation, uint64_t images)
{
	catdoc_header(
		out, generation, site->name, site->mirror, site->mirror_count, images);
}

void emit_catalog_line(struct buf *out, const struct emit_listed *l)
{
	catdoc_image(out, &l->image, l->serial, l->state, l->document_size, &l->document);
}

static bool is_listed(
	const struct site_release *r, const struct emit_listed *listed, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(listed[i].image.distro, r->distro) == 0 &&
			strcmp(listed[i].image.release, r->name) == 0)
			return true;
	return false;
}

/* Only of releases that have an image: an alias leads somewhere. */
void emit_catalog_aliases(struct buf *out, const struct site *site,
	const struct emit_listed *listed, size_t count)
{
	for (size_t i = 0; i < site->release_count; i++) {
		const struct site_release *r = &site->release[i];
		char target[2 * IMAGE_PART_MAX + 2], alias[2 * IMAGE_PART_MAX + 2];

		if (!is_listed(r, listed, count))
			continue;
		snprintf(target, sizeof(target), "%s/%s", r->distro, r->name);
		for (size_t k = 0; k < r->alias_count; k++) {
			snprintf(alias, sizeof(alias), "%s/%s", r->distro, r->alias[k]);
			catdoc_alias(out, alias, target);
		}
		if (r->is_default)
			catdoc_alias(out, r->distro, target);
	}
}
