#include "indexer/stage_oci.h"

#include "indexer/claims.h"

#define DOCUMENT_MAX (64U << 10)

static int put_text(struct catalog *c, const char *path, enum staged_phase phase,
	struct bytes text, struct err *e)
{
	struct staged_file f = { .path = path, .phase = phase, .text = &text };

	return catalog_staged_put(c, &f, e);
}

/* A small document of a build: its bytes wait in the catalog, its digest stays there. */
static int put_document(struct catalog *c, const struct catalog_build *b,
	const char *role, const struct buf *text, struct oci_blob *out, struct err *e)
{
	char path[LAYOUT_PATH_MAX];

	if (buf_check(text, "an OCI document", e) < 0)
		return -1;
	*out = oci_blob_of(buf_bytes(text));
	oci_role_path(role, b->image.distro, &out->sha256, path);
	if (catalog_oci_put(c, b->id, role, out, e) < 0)
		return -1;
	return put_text(c, path, STAGED_BEFORE, buf_bytes(text), e);
}

/* A file of the build as a blob: 1 it is one now, 0 the build has no such file. */
static int put_file(struct catalog *c, const struct catalog_build *b, const char *name,
	const char *role, struct oci_blob *out, struct err *e)
{
	char path[LAYOUT_PATH_MAX], source[LAYOUT_PATH_MAX];
	struct staged_file f = { .path = path, .phase = STAGED_BEFORE, .source = source };
	int rc = catalog_file_find(c, b->id, name, &out->sha256, &out->size, e);

	if (rc <= 0)
		return rc;
	layout_artifact(&b->image, b->serial, name, source);
	layout_blob(b->image.distro, &out->sha256, path);
	if (catalog_oci_put(c, b->id, role, out, e) < 0 ||
		catalog_staged_put(c, &f, e) < 0)
		return -1;
	return 1;
}

static int put_config(struct catalog *c, const struct catalog_build *b,
	struct oci_blob *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(DOCUMENT_MAX);
	struct oci_config config = {
		.image = b->image,
		.serial = b->serial,
		.description = b->description,
		.created_s = b->created_s,
		.diff = b->diff,
	};

	oci_write_config(&text, &config);
	return put_document(c, b, "config", &text, out, e);
}

/* Files of a build that say something about its image. */
static const struct {
	const char *name, *type;
} documents[] = {
	{ "sbom.spdx.json", "application/spdx+json" },
	{ "build.json", "application/vnd.rootyard.build.v1+json" },
	{ "provenance.json",
		"application/vnd.in-toto+json" }, /* SLSA, where the build has it */
};

/* The manifest of one such file: 1, or 0 when the build has none. */
static int make_artifact(struct catalog *c, const struct catalog_build *b, size_t i,
	const struct oci_blob *subject, struct oci_entry *out, struct buf *text,
	struct err *e)
{
	struct oci_artifact a = { .type = documents[i].type,
		.name = documents[i].name,
		.subject = *subject,
		.created_s = b->created_s };
	int rc = catalog_file_find(c, b->id, a.name, &a.blob.sha256, &a.blob.size, e);

	if (rc <= 0)
		return rc;
	oci_write_artifact(text, &a);
	*out = (struct oci_entry){ .artifact_type = a.type,
		.manifest = oci_blob_of(buf_bytes(text)) };
	return 1;
}

static int put_artifact(struct catalog *c, const struct catalog_build *b, size_t i,
	const struct oci_blob *subject, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(DOCUMENT_MAX);
	struct oci_blob ignored;
	struct oci_entry entry;
	int rc = put_file(c, b, documents[i].name, "document", &ignored, e);

	if (rc <= 0)
		return rc;
	rc = make_artifact(c, b, i, subject, &entry, &text, e);
	if (rc <= 0)
		return rc;
	return put_document(c, b, "artifact", &text, &ignored, e) < 0 ? -1 : 1;
}

int oci_referrers(struct catalog *c, const struct catalog_build *b,
	const struct oci_blob *subject, struct buf *out, struct err *e)
{
	struct oci_entry entry[ARRAY_COUNT(documents)];
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_COUNT(documents); i++) {
		auto_buf struct buf text = BUF_INIT(DOCUMENT_MAX);
		int rc = make_artifact(c, b, i, subject, &entry[count], &text, e);

		if (rc < 0)
			return -1;
		count += (size_t)rc;
	}
	oci_write_index(out, entry, count);
	return 0;
}

static int put_referrers(struct catalog *c, const struct catalog_build *b,
	const struct oci_blob *subject, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(DOCUMENT_MAX);
	auto_buf struct buf empty = BUF_INIT(16);
	struct oci_blob ignored;
	char path[LAYOUT_PATH_MAX];
	bool has_any = false;

	for (size_t i = 0; i < ARRAY_COUNT(documents); i++) {
		int rc = put_artifact(c, b, i, subject, e);

		if (rc < 0)
			return -1;
		has_any = has_any || rc > 0;
	}
	buf_add_str(&empty, OCI_EMPTY_TEXT);
	if (has_any && put_document(c, b, "document", &empty, &ignored, e) < 0)
		return -1;
	if (oci_referrers(c, b, subject, &text, e) < 0)
		return -1;
	layout_referrers(b->image.distro, &subject->sha256, path);
	return put_text(c, path, STAGED_BEFORE, buf_bytes(&text), e);
}

static const struct {
	const char *file, *layer, *image, *type;
} forms[] = {
	{ "rootfs.tar.gz", "layer.gz", "image.gz", OCI_TAR_GZIP },
	{ "rootfs.tar.zst", "layer.zst", "image.zst", OCI_TAR_ZSTD },
};

static int put_image(struct catalog *c, const struct catalog_build *b, size_t form,
	const struct oci_blob *config, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(DOCUMENT_MAX);
	struct oci_blob layer, image;
	int rc = put_file(c, b, forms[form].file, forms[form].layer, &layer, e);

	if (rc <= 0)
		return rc;
	oci_write_manifest(&text, config, forms[form].type, &layer);
	if (put_document(c, b, forms[form].image, &text, &image, e) < 0)
		return -1;
	return put_referrers(c, b, &image, e);
}

int stage_oci_build(struct catalog *c, const struct catalog_build *b, struct err *e)
{
	struct oci_blob config;

	if (!oci_repo_is_valid(b->image.distro) || !oci_platform_of(b->image.arch))
		return 0;
	if (put_config(c, b, &config, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_COUNT(forms); i++)
		if (put_image(c, b, i, &config, e) < 0)
			return -1;
	return 0;
}

static int put_build(const struct catalog_build *b, void *ctx, struct err *e)
{
	return stage_oci_build(ctx, b, e);
}

/* ---- tags */

#define SIGNED_SERIALS 5 /* as many as an image document lists */

struct tagging {
	struct yard *yard;
	struct claims claims;
	const int64_t *listed; /* the builds of this generation, sorted */
	size_t listed_count;
	struct arena arena;
	const struct catalog_group *group;
	struct catalog_member *member; /* newest serial first */
	size_t count, room;
	char last[IMAGE_PART_MAX + 1]; /* the distribution that was listed last */
};

static int take_member(const struct catalog_member *m, void *ctx, struct err *e)
{
	struct tagging *t = ctx;

	(void)e;
	if (t->count == t->room) {
		t->room = t->room ? t->room * 2 : 64;
		t->member = xrealloc(t->member, t->room * sizeof(*t->member));
	}
	t->member[t->count++] = *m;
	return 0;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static bool is_listed(const struct tagging *t, const struct catalog_member *m)
{
	return bsearch(&m->build, t->listed, t->listed_count, sizeof(*t->listed),
		       by_number) != NULL;
}

/* By architecture; gzip first, which every engine can read. */
static int by_platform(const void *a, const void *b)
{
	const struct catalog_member *x = *(const struct catalog_member *const *)a;
	const struct catalog_member *y = *(const struct catalog_member *const *)b;
	int order = strcmp(x->arch, y->arch);

	return order ? order : x->is_zstd - y->is_zstd;
}

/* The members of one serial, or, when it is "", those that this generation lists. */
static size_t choose(const struct tagging *t, const char *serial,
	const struct catalog_member **out, struct oci_entry *entry)
{
	size_t count = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct catalog_member *m = &t->member[i];

		if (serial[0] ? strcmp(m->serial, serial) == 0 : is_listed(t, m))
			out[count++] = m;
	}
	qsort(out, count, sizeof(*out), by_platform);
	for (size_t i = 0; i < count; i++)
		entry[i] = (struct oci_entry){
			.manifest = out[i]->manifest,
			.platform = oci_platform_of(out[i]->arch),
			.artifact_type = "",
			.is_zstd = out[i]->is_zstd,
		};
	return count;
}

/* "https://images.example.org" -> "images.example.org": what is typed before the
 * repository; "" where OCI cannot be served, for lack of a name or under a prefix. */
static const char *registry_of(const struct site *s, struct arena *a)
{
	const char *host = strstr(s->base_url, "://"), *slash;

	if (!host)
		return "";
	host += 3;
	slash = strchr(host, '/');
	if (slash && slash[1])
		return "";
	return slash ? arena_strndup(a, host, (size_t)(slash - host)) : host;
}

/* Engines ask for a signature of the platform's manifest, some for the index's. */
static int sign_tag(struct tagging *t, const char *tag, const struct digest *index,
	const struct catalog_member *const *m, size_t count, struct err *e)
{
	const char *registry = registry_of(&t->yard->site, &t->arena);
	const char *reference;

	if (!registry[0])
		return 0;
	reference = arena_printf(&t->arena, "%s/%s:%s", registry, t->group->distro, tag);
	if (claims_add(&t->claims, t->group->distro, index, reference, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (claims_add(&t->claims, t->group->distro, &m[i]->manifest.sha256,
			    reference, e) < 0)
			return -1;
	return 0;
}

static int put_index(struct tagging *t, const struct oci_entry *entry,
	const struct catalog_member *const *m, size_t count, struct oci_blob *out,
	struct err *e)
{
	auto_buf struct buf text = BUF_INIT(OCI_DOC_MAX);
	struct catalog *c = t->yard->catalog;
	char path[LAYOUT_PATH_MAX];
	int rc;

	oci_write_index(&text, entry, count);
	if (buf_check(&text, "an OCI index", e) < 0)
		return -1;
	*out = oci_blob_of(buf_bytes(&text));
	rc = catalog_oci_has(c, t->group->distro, false, &out->sha256, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;

	for (size_t i = 0; i < count; i++)
		if (catalog_oci_put(c, m[i]->build, OCI_ROLE_INDEX, out, e) < 0)
			return -1;
	layout_index(t->group->distro, &out->sha256, path);
	if (put_text(c, path, STAGED_BEFORE, buf_bytes(&text), e) < 0)
		return -1;
	layout_manifest(t->group->distro, &out->sha256, path);
	return put_text(c, path, STAGED_BEFORE, buf_bytes(&text), e);
}

/* 1 the tag is this group's to set, 0 another group has it. */
static int claim_tag(struct tagging *t, const char *tag, const struct oci_blob *index,
	bool *changed, struct err *e)
{
	const struct catalog_group *g = t->group;
	struct catalog_tag have;
	int rc = catalog_tag_find(t->yard->catalog, g->distro, tag, &have, e);

	if (rc < 0)
		return -1;
	if (rc > 0 && (strcmp(have.group.release, g->release) != 0 ||
			      strcmp(have.group.variant, g->variant) != 0))
		return 0;
	*changed = rc == 0 || !digest_equal(&have.index, &index->sha256);
	return 1;
}

static int set_tag(struct tagging *t, const char *tag, const char *serial,
	const struct oci_blob *index, struct err *e)
{
	char path[LAYOUT_PATH_MAX], source[LAYOUT_PATH_MAX];
	struct staged_file f = { .path = path, .phase = STAGED_AFTER, .source = source };
	struct catalog_tag row = {
		.tag = tag,
		.serial = serial,
		.group = *t->group,
		.index = index->sha256,
	};

	layout_tag(t->group->distro, tag, path);
	layout_manifest(t->group->distro, &index->sha256, source);
	if (catalog_tag_put(t->yard->catalog, &row, e) < 0)
		return -1;
	return catalog_staged_put(t->yard->catalog, &f, e);
}

/* The tags that one index has: the build's, or the release's and all its aliases'. */
static int put_tags(struct tagging *t, const char *const *tags, size_t tag_count,
	const char *serial, bool is_signed, struct err *e)
{
	auto_free const struct catalog_member **m = xcalloc(t->count + 1, sizeof(*m));
	auto_free struct oci_entry *entry = xcalloc(t->count + 1, sizeof(*entry));
	size_t count = choose(t, serial, m, entry);
	struct oci_blob index;

	if (!count)
		return 0;
	if (put_index(t, entry, m, count, &index, e) < 0)
		return -1;
	for (size_t i = 0; i < tag_count; i++) {
		bool changed = false;
		int rc = claim_tag(t, tags[i], &index, &changed, e);

		if (rc < 0 ||
			(rc > 0 && changed && set_tag(t, tags[i], serial, &index, e) < 0))
			return -1;
		if (rc > 0 && is_signed &&
			sign_tag(t, tags[i], &index.sha256, m, count, e) < 0)
			return -1;
	}
	return 0;
}

/* Tags of a release, in `out`; how many. */
static size_t moving_tags(struct tagging *t, const char **out)
{
	const struct catalog_group *g = t->group;
	struct image image = { .distro = "" };
	const struct site_release *r;
	char tag[OCI_TAG_MAX];
	size_t count = 0;

	snprintf(image.distro, sizeof(image.distro), "%s", g->distro);
	snprintf(image.release, sizeof(image.release), "%s", g->release);
	r = site_find(&t->yard->site, &image);
	if (oci_tag_format(g->release, g->variant, "", tag))
		out[count++] = arena_strdup(&t->arena, tag);
	for (size_t i = 0; r && i < r->alias_count; i++)
		if (oci_tag_format(r->alias[i], g->variant, "", tag))
			out[count++] = arena_strdup(&t->arena, tag);
	if (r && r->is_default && strcmp(g->variant, "default") == 0)
		out[count++] = "latest";
	return count;
}

static int put_serials(struct tagging *t, struct err *e)
{
	char tag[OCI_TAG_MAX];
	const char *tags[] = { tag }, *last = "";
	size_t seen = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct catalog_member *m = &t->member[i];

		if (strcmp(m->serial, last) == 0)
			continue;
		last = m->serial;
		seen++;
		if (oci_tag_format(t->group->release, t->group->variant, last, tag) &&
			put_tags(t, tags, 1, last, seen <= SIGNED_SERIALS, e) < 0)
			return -1;
	}
	return 0;
}

static int put_group(const struct catalog_group *g, void *ctx, struct err *e)
{
	const char *tags[SITE_ALIASES_MAX + 2];
	struct tagging *t = ctx;

	if (!oci_repo_is_valid(g->distro))
		return 0;
	t->group = g;
	t->count = 0;
	if (catalog_group_walk(t->yard->catalog, g, take_member, t, e) < 0 ||
		put_tags(t, tags, moving_tags(t, tags), "", true, e) < 0)
		return -1;
	return put_serials(t, e);
}

/* ---- tags that have to go */

/* A serial's tag while an active build has it, a moving one while the site names it. */
static bool is_wanted(struct tagging *t, const struct catalog_tag *tag)
{
	const char *tags[SITE_ALIASES_MAX + 2];
	size_t count = tag->serial[0] ? 0 : moving_tags(t, tags);
	bool is_named = tag->serial[0] != '\0';

	for (size_t i = 0; i < count; i++)
		is_named = is_named || strcmp(tags[i], tag->tag) == 0;
	for (size_t i = 0; is_named && i < t->count; i++)
		if (tag->serial[0] ? strcmp(tag->serial, t->member[i].serial) == 0
				   : is_listed(t, &t->member[i]))
			return true;
	return false;
}

static int drop_tag(const struct catalog_tag *tag, void *ctx, struct err *e)
{
	struct tagging *t = ctx;
	char path[LAYOUT_PATH_MAX];
	struct staged_file f = { .path = path, .phase = STAGED_AFTER };

	if (is_wanted(t, tag))
		return 0;
	layout_tag(t->group->distro, tag->tag, path);
	if (catalog_staged_put(t->yard->catalog, &f, e) < 0)
		return -1;
	return catalog_tag_drop(t->yard->catalog, t->group->distro, tag->tag, e);
}

static int drop_tags(const struct catalog_group *g, void *ctx, struct err *e)
{
	struct tagging *t = ctx;

	t->group = g;
	t->count = 0;
	if (catalog_group_walk(t->yard->catalog, g, take_member, t, e) < 0)
		return -1;
	return catalog_tag_walk_group(t->yard->catalog, g, drop_tag, t, e);
}

/* ---- tags/list of each distribution whose tags moved */

struct listing {
	struct buf *text;
	size_t count;
};

static int list_tag(const struct catalog_tag *tag, void *ctx, struct err *e)
{
	struct listing *l = ctx;

	(void)e;
	buf_printf(l->text, "%s\"%s\"", l->count++ ? "," : "", tag->tag);
	return 0;
}

int oci_tag_list(struct catalog *c, const char *distro, struct buf *out, struct err *e)
{
	struct listing l = { .text = out };

	buf_printf(out, "{\"name\":\"%s\",\"tags\":[", distro);
	if (catalog_tag_walk(c, distro, list_tag, &l, e) < 0)
		return -1;
	buf_add_str(out, "]}");
	return buf_check(out, "a list of tags", e);
}

static int put_list(const struct catalog_group *g, void *ctx, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(OCI_DOC_MAX);
	struct tagging *t = ctx;
	char path[LAYOUT_PATH_MAX];

	if (strcmp(g->distro, t->last) == 0 || !oci_repo_is_valid(g->distro))
		return 0;
	snprintf(t->last, sizeof(t->last), "%s", g->distro);
	if (oci_tag_list(t->yard->catalog, g->distro, &text, e) < 0)
		return -1;
	layout_tags(g->distro, path);
	return put_text(t->yard->catalog, path, STAGED_AFTER, buf_bytes(&text), e);
}

static int stage_tags(struct tagging *t, struct err *e)
{
	struct catalog *c = t->yard->catalog;
	struct bytes root = bytes_of_str(OCI_EMPTY_TEXT);

	/* all that go before any that come: an alias moves to another release */
	if (catalog_group_walk_dirty(c, drop_tags, t, e) < 0 ||
		catalog_group_walk_dirty(c, put_group, t, e) < 0 ||
		catalog_group_walk_dirty(c, put_list, t, e) < 0)
		return -1;
	/* what a static server answers when an engine asks for /v2/ */
	return put_text(c, "v2/index.html", STAGED_AFTER, root, e);
}

int stage_oci(struct yard *y, struct notary *n, const struct plan *plan, struct err *e)
{
	auto_free int64_t *listed = xcalloc(plan->count + 1, sizeof(*listed));
	struct tagging t = {
		.yard = y,
		.claims = { .yard = y, .notary = n },
		.listed = listed,
		.listed_count = plan->count,
	};
	int rc;

	for (size_t i = 0; i < plan->count; i++)
		listed[i] = plan->image[i].listed.build;
	qsort(listed, plan->count, sizeof(*listed), by_number);
	rc = catalog_oci_walk_missing(y->catalog, put_build, y->catalog, e);
	/* those of a key that has handed over first: no row stands for two files */
	if (rc == 0)
		rc = claims_renew(&t.claims, e);
	if (rc == 0)
		rc = stage_tags(&t, e);
	if (rc == 0)
		rc = claims_sign(&t.claims, e);
	claims_release(&t.claims);
	free(t.member);
	arena_release(&t.arena);
	return rc;
}
