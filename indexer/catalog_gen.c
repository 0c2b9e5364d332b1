#include "indexer/catalog.h"
#include "indexer/query.h"

int catalog_image_walk(struct catalog *c,
	int (*each)(const struct catalog_image *i, void *ctx, struct err *e), void *ctx,
	struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT image.id, distro, release, arch, variant, image.state, "
		    "build.id, serial, document, document.size, EXISTS(SELECT 1 FROM "
		    "dirty WHERE dirty.image = image.id), build.created, EXISTS(SELECT 1 "
		    "FROM build h WHERE h.image = image.id AND h.serial > build.serial "
		    "AND h.state = 'held') FROM image JOIN build ON build.id = (SELECT "
		    "id FROM build a WHERE a.image = image.id AND a.state = 'active' "
		    "ORDER BY a.serial DESC LIMIT 1) LEFT JOIN document ON "
		    "document.sha256 = image.document ORDER BY distro, release, arch, "
		    "variant",
		    "") < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0) {
		struct catalog_image i = {
			.id = query_int(&q, 0),
			.state = query_text(&q, 5),
			.build = query_int(&q, 6),
			.document = query_digest(&q, 8),
			.document_size = (uint64_t)query_int(&q, 9),
			.is_dirty = query_int(&q, 10) != 0,
			.created_s = query_int(&q, 11),
			.has_held = query_int(&q, 12) != 0,
		};

		if (query_copy(&q, 1, i.image.distro, sizeof(i.image.distro), e) < 0 ||
			query_copy(&q, 2, i.image.release, sizeof(i.image.release), e) <
				0 ||
			query_copy(&q, 3, i.image.arch, sizeof(i.image.arch), e) < 0 ||
			query_copy(&q, 4, i.image.variant, sizeof(i.image.variant), e) <
				0 ||
			query_copy(&q, 7, i.serial, sizeof(i.serial), e) < 0 ||
			each(&i, ctx, e) < 0)
			return -1;
	}
	return rc;
}

int catalog_image_set_document(
	struct catalog *c, int64_t image, const struct digest *document, struct err *e)
{
	return query_run(c, e, "UPDATE image SET document = ?2 WHERE id = ?1", "id",
		image, document);
}

int catalog_image_set_state(
	struct catalog *c, int64_t image, const char *state, struct err *e)
{
	return query_run(
		c, e, "UPDATE image SET state = ?2 WHERE id = ?1", "it", image, state);
}

int catalog_document_put(struct catalog *c, const char *kind, struct bytes text,
	int64_t now_s, struct digest *out, struct err *e)
{
	*out = digest_of(text);
	return query_run(c, e,
		"INSERT INTO document(sha256, size, kind, created, text) VALUES(?1, ?2, "
		"?3, ?4, "
		"?5) ON CONFLICT DO NOTHING",
		"ditib", out, (int64_t)text.len, kind, now_s, &text);
}

int catalog_document_note(struct catalog *c, const char *kind,
	const struct digest *sha256, uint64_t size, int64_t made_s, struct err *e)
{
	return query_run(c, e,
		"INSERT INTO document(sha256, size, kind, created) VALUES(?1, ?2, ?3, "
		"?4)",
		"diti", sha256, (int64_t)size, kind, made_s);
}

static int walk_texts(struct query *q, catalog_text_each *each, void *ctx, struct err *e)
{
	int rc;

	while ((rc = query_next(q, e)) > 0) {
		struct digest d = query_digest(q, 1);

		if (each(query_text(q, 0), &d, query_blob(q, 2), ctx, e) < 0)
			return -1;
	}
	return rc;
}

int catalog_document_walk_pending(
	struct catalog *c, catalog_text_each *each, void *ctx, struct err *e)
{
	auto_query struct query q = { 0 };

	if (query_begin(&q, c, e,
		    "SELECT kind, sha256, text FROM document WHERE text IS NOT NULL",
		    "") < 0)
		return -1;
	return walk_texts(&q, each, ctx, e);
}

int catalog_document_walk(
	struct catalog *c, catalog_text_each *each, void *ctx, struct err *e)
{
	auto_query struct query q = { 0 };

	if (query_begin(&q, c, e,
		    "SELECT kind, sha256, NULL FROM document WHERE text IS NULL ORDER BY "
		    "sha256",
		    "") < 0)
		return -1;
	return walk_texts(&q, each, ctx, e);
}

int catalog_document_find(
	struct catalog *c, const struct digest *sha256, uint64_t *size, struct err *e)
{
	int64_t value = 0;
	int rc = query_one_int(
		c, &value, e, "SELECT size FROM document WHERE sha256 = ?1", "d", sha256);

	if (rc > 0)
		*size = (uint64_t)value;
	return rc;
}

int catalog_generation_stage(
	struct catalog *c, const struct catalog_generation *g, struct err *e)
{
	return query_run(c, e,
		"INSERT INTO generation(number, state, created, catalog, files, signer) "
		"VALUES(?1, 'staged', ?2, ?3, ?4, ?5)",
		"iiddt", g->number, g->created_s, &g->catalog, &g->files, g->signer);
}

#define GENERATION_COLUMNS                                                               \
	"SELECT number, state, created, catalog, files, signer FROM generation "

static int read_generation(struct query *q, struct catalog_generation *out, struct err *e)
{
	*out = (struct catalog_generation){
		.number = query_int(q, 0),
		.state = query_text(q, 1),
		.created_s = query_int(q, 2),
		.catalog = query_digest(q, 3),
		.files = query_digest(q, 4),
	};
	return query_copy(q, 5, out->signer, sizeof(out->signer), e);
}

int catalog_generation_find(struct catalog *c, const char *state,
	struct catalog_generation *out, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e, GENERATION_COLUMNS "WHERE state = ?1", "t", state) < 0)
		return -1;
	rc = query_next(&q, e);
	if (rc <= 0)
		return rc;
	if (read_generation(&q, out, e) < 0)
		return -1;
	out->state = state;
	return 1;
}

int catalog_generation_walk(struct catalog *c,
	int (*each)(const struct catalog_generation *g, void *ctx, struct err *e),
	void *ctx, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e, GENERATION_COLUMNS "ORDER BY number DESC", "") < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0) {
		struct catalog_generation g;

		if (read_generation(&q, &g, e) < 0 || each(&g, ctx, e) < 0)
			return -1;
	}
	return rc;
}

int catalog_generation_live(struct catalog *c, int64_t number, struct err *e)
{
	if (query_run(c, e,
		    "UPDATE generation SET state = 'superseded' WHERE state = 'live' AND "
		    "number <> "
		    "?1",
		    "i", number) < 0 ||
		query_run(c, e, "UPDATE generation SET state = 'live' WHERE number = ?1",
			"i", number) < 0 ||
		query_run(c, e, "DELETE FROM generation_file WHERE generation = ?1", "i",
			number) < 0)
		return -1;

	/* only what this generation says: a build admitted since then stays dirty */
	return query_run(c, e,
		"DELETE FROM dirty WHERE image IN (SELECT image FROM listing JOIN image "
		"ON "
		"image.id = listing.image WHERE generation = ?1 AND listing.document = "
		"image.document AND listing.build = (SELECT id FROM build WHERE "
		"build.image = "
		"listing.image AND build.state = 'active' ORDER BY serial DESC LIMIT 1)) "
		"OR NOT EXISTS(SELECT 1 FROM build WHERE build.image = dirty.image AND "
		"build.state = 'active')",
		"i", number);
}

int catalog_generation_drop(struct catalog *c, int64_t number, struct err *e)
{
	return query_run(c, e,
		"DELETE FROM generation WHERE number = ?1 AND state = 'superseded'", "i",
		number);
}

int catalog_listing_put(struct catalog *c, int64_t generation, int64_t image,
	int64_t build, const struct digest *document, struct err *e)
{
	return query_run(c, e,
		"INSERT INTO listing(generation, image, build, document) VALUES(?1, ?2, "
		"?3, ?4)",
		"iiid", generation, image, build, document);
}

int catalog_listing_find(struct catalog *c, int64_t generation, int64_t image,
	int64_t *build, struct digest *document, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT build, document FROM listing WHERE generation = ?1 AND image "
		    "= ?2",
		    "ii", generation, image) < 0)
		return -1;
	rc = query_next(&q, e);
	if (rc > 0) {
		*build = query_int(&q, 0);
		*document = query_digest(&q, 1);
	}
	return rc;
}

int catalog_listing_count(
	struct catalog *c, int64_t generation, int64_t *out, struct err *e)
{
	*out = 0;
	return query_one_int(c, out, e,
		       "SELECT count(*) FROM listing WHERE generation = ?1", "i",
		       generation) < 0
		       ? -1
		       : 0;
}

int catalog_listing_walk(struct catalog *c, int64_t generation,
	int (*each)(
		const struct image *image, const char *serial, void *ctx, struct err *e),
	void *ctx, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT distro, release, arch, variant, serial FROM listing JOIN "
		    "image ON "
		    "image.id = listing.image JOIN build ON build.id = listing.build "
		    "WHERE "
		    "generation = ?1 ORDER BY distro, release, arch, variant",
		    "i", generation) < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0) {
		struct image i;

		if (query_copy(&q, 0, i.distro, sizeof(i.distro), e) < 0 ||
			query_copy(&q, 1, i.release, sizeof(i.release), e) < 0 ||
			query_copy(&q, 2, i.arch, sizeof(i.arch), e) < 0 ||
			query_copy(&q, 3, i.variant, sizeof(i.variant), e) < 0 ||
			each(&i, query_text(&q, 4), ctx, e) < 0)
			return -1;
	}
	return rc;
}

int catalog_genfile_put(struct catalog *c, int64_t generation, const char *path,
	struct bytes text, struct err *e)
{
	return query_run(c, e,
		"INSERT INTO generation_file(generation, path, text) VALUES(?1, ?2, ?3)",
		"itb", generation, path, &text);
}

int catalog_genfile_walk(struct catalog *c, int64_t generation, catalog_text_each *each,
	void *ctx, struct err *e)
{
	auto_query struct query q = { 0 };

	if (query_begin(&q, c, e,
		    "SELECT path, NULL, text FROM generation_file WHERE generation = ?1 "
		    "ORDER BY "
		    "path",
		    "i", generation) < 0)
		return -1;
	return walk_texts(&q, each, ctx, e);
}

int catalog_signing_stage(struct catalog *c, const struct catalog_signing *s,
	struct bytes envelope, struct err *e)
{
	return query_run(c, e,
		"INSERT INTO signing(version, generation, state, created, expires, "
		"payload, "
		"envelope) VALUES(?1, ?2, 'staged', ?3, ?4, ?5, ?6)",
		"iiiidb", s->version, s->generation, s->created_s, s->expires_s,
		&s->payload, &envelope);
}

#define SIGNING_COLUMNS                                                                  \
	"SELECT version, generation, created, expires, payload, envelope FROM signing "

static struct catalog_signing read_signing(struct query *q)
{
	return (struct catalog_signing){
		.version = query_int(q, 0),
		.generation = query_int(q, 1),
		.created_s = query_int(q, 2),
		.expires_s = query_int(q, 3),
		.payload = query_digest(q, 4),
	};
}

int catalog_signing_find(struct catalog *c, const char *state,
	struct catalog_signing *out, struct buf *envelope, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    SIGNING_COLUMNS "WHERE state = ?1 ORDER BY version DESC LIMIT 1", "t",
		    state) < 0)
		return -1;
	rc = query_next(&q, e);
	if (rc <= 0)
		return rc;

	*out = read_signing(&q);
	if (envelope) {
		struct bytes text = query_blob(&q, 5);

		buf_add(envelope, text.data, text.len);
	}
	return 1;
}

/* Also drops the texts of the documents that are on disk by now. */
int catalog_signing_live(struct catalog *c, int64_t version, struct err *e)
{
	if (query_run(c, e,
		    "UPDATE signing SET state = 'superseded' WHERE state = 'live' AND "
		    "version < "
		    "?1",
		    "i", version) < 0 ||
		query_run(c, e,
			"UPDATE signing SET state = 'live', envelope = NULL WHERE "
			"version = ?1",
			"i", version) < 0)
		return -1;
	return query_run(
		c, e, "UPDATE document SET text = NULL WHERE text IS NOT NULL", "");
}

int catalog_signing_walk(struct catalog *c,
	int (*each)(const struct catalog_signing *s, void *ctx, struct err *e), void *ctx,
	struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e, SIGNING_COLUMNS "ORDER BY version", "") < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0) {
		struct catalog_signing s = read_signing(&q);

		if (each(&s, ctx, e) < 0)
			return -1;
	}
	return rc;
}
