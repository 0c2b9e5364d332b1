#include "indexer/catalog_oci.h"
#include "indexer/query.h"

static const struct {
	const char *role;
	bool is_blob;
} roles[] = {
	{ "layer.zst", true },
	{ "layer.gz", true },
	{ "config", true },
	{ "document", true },
	{ "image.zst", false },
	{ "image.gz", false },
	{ "artifact", false },
	{ OCI_ROLE_INDEX, false },
};

#define BLOB_ROLES "('layer.zst', 'layer.gz', 'config', 'document')"

bool oci_role_is_blob(const char *role)
{
	for (size_t i = 0; i < ARRAY_COUNT(roles); i++)
		if (strcmp(roles[i].role, role) == 0)
			return roles[i].is_blob;
	return false;
}

void oci_role_path(const char *role, const char *distro, const struct digest *d,
	char out[LAYOUT_PATH_MAX])
{
	if (oci_role_is_blob(role))
		layout_blob(distro, d, out);
	else
		layout_manifest(distro, d, out);
}

size_t oci_paths(const struct catalog_oci *o, char out[OCI_PATHS_MAX][LAYOUT_PATH_MAX])
{
	size_t count = 0;

	oci_role_path(o->role, o->distro, &o->blob.sha256, out[count++]);
	if (oci_role_is_blob(o->role))
		return count;
	layout_referrers(o->distro, &o->blob.sha256, out[count++]);
	layout_signatures(o->distro, &o->blob.sha256, out[count++]);
	if (strcmp(o->role, OCI_ROLE_INDEX) == 0)
		layout_index(o->distro, &o->blob.sha256, out[count++]);
	return count;
}

int catalog_oci_put(struct catalog *c, int64_t build, const char *role,
	const struct oci_blob *b, struct err *e)
{
	return query_run(c, e,
		"INSERT INTO oci(build, role, sha256, size) VALUES(?1, ?2, ?3, ?4) ON "
		"CONFLICT DO NOTHING",
		"itdi", build, role, &b->sha256, (int64_t)b->size);
}

int catalog_oci_find(struct catalog *c, int64_t build, const char *role,
	struct oci_blob *out, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT sha256, size FROM oci WHERE build = ?1 AND role = ?2 LIMIT 1",
		    "it", build, role) < 0)
		return -1;
	rc = query_next(&q, e);
	if (rc > 0)
		*out = (struct oci_blob){ .sha256 = query_digest(&q, 0),
			.size = (uint64_t)query_int(&q, 1) };
	return rc;
}

static int walk_content(struct query *q, catalog_oci_each *each, void *ctx, struct err *e)
{
	int rc;

	while ((rc = query_next(q, e)) > 0) {
		struct catalog_oci o = {
			.build = query_int(q, 0),
			.distro = query_text(q, 1),
			.role = query_text(q, 2),
			.blob = { .sha256 = query_digest(q, 3),
				.size = (uint64_t)query_int(q, 4) },
		};

		if (each(&o, ctx, e) < 0)
			return -1;
	}
	return rc;
}

#define OCI_COLUMNS                                                                      \
	"SELECT oci.build, distro, role, oci.sha256, oci.size FROM oci JOIN build ON "   \
	"build.id = oci.build JOIN image ON image.id = build.image "

int catalog_oci_walk(struct catalog *c, catalog_oci_each *each, void *ctx, struct err *e)
{
	auto_query struct query q = { 0 };

	if (query_begin(&q, c, e,
		    OCI_COLUMNS "GROUP BY oci.sha256, distro, role IN " BLOB_ROLES,
		    "") < 0)
		return -1;
	return walk_content(&q, each, ctx, e);
}

int catalog_oci_walk_own(struct catalog *c, int64_t build, catalog_oci_each *each,
	void *ctx, struct err *e)
{
	auto_query struct query q = { 0 };

	if (query_begin(&q, c, e,
		    OCI_COLUMNS
		    "WHERE oci.build = ?1 AND (role = 'index' OR NOT EXISTS(SELECT 1 "
		    "FROM oci AS other JOIN build AS b ON b.id = other.build JOIN image "
		    "AS i ON i.id = b.image WHERE other.sha256 = oci.sha256 AND "
		    "other.build <> oci.build AND i.distro = image.distro AND "
		    "(other.role "
		    "IN " BLOB_ROLES ") = (oci.role IN " BLOB_ROLES ")))",
		    "i", build) < 0)
		return -1;
	return walk_content(&q, each, ctx, e);
}

int catalog_oci_drop(struct catalog *c, int64_t build, struct err *e)
{
	if (query_run(c, e,
		    "DELETE FROM oci_signature WHERE sha256 IN (SELECT sha256 FROM oci "
		    "WHERE build = ?1 AND role IN ('image.gz', 'image.zst', 'index'))",
		    "i", build) < 0 ||
		query_run(c, e,
			"DELETE FROM oci WHERE role = 'index' AND sha256 IN (SELECT "
			"sha256 "
			"FROM oci WHERE build = ?1 AND role = 'index')",
			"i", build) < 0)
		return -1;
	return query_run(c, e, "DELETE FROM oci WHERE build = ?1", "i", build);
}

int catalog_oci_has(struct catalog *c, const char *distro, bool is_blob,
	const struct digest *d, struct err *e)
{
	int64_t one;

	return query_one_int(c, &one, e,
		"SELECT 1 FROM oci JOIN build ON build.id = oci.build JOIN image ON "
		"image.id = build.image WHERE oci.sha256 = ?1 AND distro = ?2 AND (role "
		"IN " BLOB_ROLES ") = ?3 LIMIT 1",
		"dti", d, distro, (int64_t)is_blob);
}

int catalog_oci_walk_owners(struct catalog *c, const char *distro,
	const struct digest *image,
	int (*each)(const struct catalog_owner *o, void *ctx, struct err *e), void *ctx,
	struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT build.id, release, variant, serial FROM oci JOIN build ON "
		    "build.id = oci.build JOIN image ON image.id = build.image WHERE "
		    "oci.sha256 = ?1 AND distro = ?2 AND role IN ('image.gz', "
		    "'image.zst')",
		    "dt", image, distro) < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0) {
		struct catalog_owner o = { .build = query_int(&q, 0) };

		if (query_copy(&q, 1, o.release, sizeof(o.release), e) < 0 ||
			query_copy(&q, 2, o.variant, sizeof(o.variant), e) < 0 ||
			query_copy(&q, 3, o.serial, sizeof(o.serial), e) < 0 ||
			each(&o, ctx, e) < 0)
			return -1;
	}
	return rc;
}

int catalog_oci_has_role(struct catalog *c, const char *distro, const char *role,
	const struct digest *d, struct err *e)
{
	int64_t one;

	return query_one_int(c, &one, e,
		"SELECT 1 FROM oci JOIN build ON build.id = oci.build JOIN image ON "
		"image.id = build.image WHERE oci.sha256 = ?1 AND distro = ?2 AND role = "
		"?3 LIMIT 1",
		"dtt", d, distro, role);
}

/* ---- groups */

static int read_group(struct query *q, int column, struct catalog_group *g, struct err *e)
{
	if (query_copy(q, column, g->distro, sizeof(g->distro), e) < 0 ||
		query_copy(q, column + 1, g->release, sizeof(g->release), e) < 0)
		return -1;
	return query_copy(q, column + 2, g->variant, sizeof(g->variant), e);
}

int catalog_group_walk_dirty(struct catalog *c,
	int (*each)(const struct catalog_group *g, void *ctx, struct err *e), void *ctx,
	struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT DISTINCT distro, release, variant FROM dirty JOIN image ON "
		    "image.id = dirty.image ORDER BY distro, release, variant",
		    "") < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0) {
		struct catalog_group g;

		if (read_group(&q, 0, &g, e) < 0 || each(&g, ctx, e) < 0)
			return -1;
	}
	return rc;
}

int catalog_group_walk(struct catalog *c, const struct catalog_group *g,
	int (*each)(const struct catalog_member *m, void *ctx, struct err *e), void *ctx,
	struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT build.id, arch, serial, role = 'image.zst', oci.sha256, "
		    "oci.size FROM image JOIN build ON build.image = image.id JOIN oci "
		    "ON "
		    "oci.build = build.id WHERE distro = ?1 AND release = ?2 AND variant "
		    "= ?3 AND build.state = 'active' AND role IN ('image.gz', "
		    "'image.zst') ORDER BY serial DESC",
		    "ttt", g->distro, g->release, g->variant) < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0) {
		struct catalog_member m = {
			.build = query_int(&q, 0),
			.is_zstd = query_int(&q, 3) != 0,
			.manifest = { .sha256 = query_digest(&q, 4),
				.size = (uint64_t)query_int(&q, 5) },
		};

		if (query_copy(&q, 1, m.arch, sizeof(m.arch), e) < 0 ||
			query_copy(&q, 2, m.serial, sizeof(m.serial), e) < 0 ||
			each(&m, ctx, e) < 0)
			return -1;
	}
	return rc;
}

/* ---- tags */

int catalog_tag_put(struct catalog *c, const struct catalog_tag *t, struct err *e)
{
	return query_run(c, e,
		"INSERT OR REPLACE INTO oci_tag(distro, tag, release, variant, serial, "
		"sha256) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
		"tttttd", t->group.distro, t->tag, t->group.release, t->group.variant,
		t->serial, &t->index);
}

int catalog_tag_drop(
	struct catalog *c, const char *distro, const char *tag, struct err *e)
{
	return query_run(c, e, "DELETE FROM oci_tag WHERE distro = ?1 AND tag = ?2", "tt",
		distro, tag);
}

#define TAG_COLUMNS "SELECT distro, release, variant, tag, serial, sha256 FROM oci_tag "

static int walk_tags(struct query *q, catalog_tag_each *each, void *ctx, struct err *e)
{
	int rc;

	while ((rc = query_next(q, e)) > 0) {
		struct catalog_tag t = { .tag = query_text(q, 3),
			.serial = query_text(q, 4),
			.index = query_digest(q, 5) };

		if (read_group(q, 0, &t.group, e) < 0 || each(&t, ctx, e) < 0)
			return -1;
	}
	return rc;
}

int catalog_tag_find(struct catalog *c, const char *distro, const char *tag,
	struct catalog_tag *out, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e, TAG_COLUMNS "WHERE distro = ?1 AND tag = ?2", "tt",
		    distro, tag) < 0)
		return -1;
	rc = query_next(&q, e);
	if (rc <= 0)
		return rc;
	*out = (struct catalog_tag){ .index = query_digest(&q, 5) };
	return read_group(&q, 0, &out->group, e) < 0 ? -1 : 1;
}

int catalog_tag_walk_group(struct catalog *c, const struct catalog_group *g,
	catalog_tag_each *each, void *ctx, struct err *e)
{
	auto_query struct query q = { 0 };

	if (query_begin(&q, c, e,
		    TAG_COLUMNS
		    "WHERE distro = ?1 AND release = ?2 AND variant = ?3 ORDER BY tag",
		    "ttt", g->distro, g->release, g->variant) < 0)
		return -1;
	return walk_tags(&q, each, ctx, e);
}

int catalog_tag_walk(struct catalog *c, const char *distro, catalog_tag_each *each,
	void *ctx, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc = distro ? query_begin(&q, c, e,
				  TAG_COLUMNS "WHERE distro = ?1 ORDER BY tag", "t",
				  distro)
			: query_begin(&q, c, e, TAG_COLUMNS "ORDER BY distro, tag", "");

	return rc < 0 ? -1 : walk_tags(&q, each, ctx, e);
}

/* ---- staged files */

int catalog_staged_put(struct catalog *c, const struct staged_file *f, struct err *e)
{
	static const char text[] =
		"INSERT OR REPLACE INTO staged_file(path, phase, text) VALUES(?1, ?2, "
		"?3)";
	static const char link[] =
		"INSERT OR REPLACE INTO staged_file(path, phase, source) VALUES(?1, ?2, "
		"?3)";
	static const char gone[] =
		"INSERT OR REPLACE INTO staged_file(path, phase) VALUES(?1, ?2)";

	if (f->text)
		return query_run(c, e, text, "tib", f->path, (int64_t)f->phase, f->text);
	if (f->source)
		return query_run(
			c, e, link, "tit", f->path, (int64_t)f->phase, f->source);
	return query_run(c, e, gone, "ti", f->path, (int64_t)f->phase);
}

int catalog_staged_walk(struct catalog *c, enum staged_phase phase,
	int (*each)(const struct staged_file *f, void *ctx, struct err *e), void *ctx,
	struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT path, text, ifnull(source, ''), text IS NULL FROM "
		    "staged_file WHERE phase = ?1 ORDER BY path",
		    "i", (int64_t)phase) < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0) {
		struct bytes text = query_blob(&q, 1);
		const char *source = query_text(&q, 2);
		struct staged_file f = {
			.path = query_text(&q, 0),
			.phase = phase,
			.text = query_int(&q, 3) ? NULL : &text,
			.source = source[0] ? source : NULL,
		};

		if (each(&f, ctx, e) < 0)
			return -1;
	}
	return rc;
}

int catalog_staged_clear(struct catalog *c, struct err *e)
{
	return query_run(c, e, "DELETE FROM staged_file", "");
}

int catalog_dirty_put(struct catalog *c, int64_t image, struct err *e)
{
	return query_run(c, e,
		"INSERT INTO dirty(image) VALUES(?1) ON CONFLICT DO NOTHING", "i", image);
}
