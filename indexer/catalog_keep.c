#include "indexer/catalog_keep.h"

#include "indexer/catalog_oci.h"
#include "indexer/query.h"

static int mark_dirty(struct catalog *c, int64_t build, struct err *e)
{
	return query_run(c, e,
		"INSERT OR IGNORE INTO dirty(image) SELECT image FROM build WHERE id = "
		"?1",
		"i", build);
}

int catalog_pin_put(struct catalog *c, int64_t build, int64_t now_s, const char *message,
	struct err *e)
{
	if (query_run(c, e,
		    "INSERT INTO pin(build, at, message) VALUES(?1, ?2, ?3) ON "
		    "CONFLICT(build) DO UPDATE SET message = ?3",
		    "iit", build, now_s, message) < 0)
		return -1;
	return mark_dirty(c, build, e);
}

int catalog_pin_drop(struct catalog *c, int64_t build, struct err *e)
{
	if (query_run(c, e, "DELETE FROM pin WHERE build = ?1", "i", build) < 0)
		return -1;
	return mark_dirty(c, build, e);
}

int catalog_build_withdraw(struct catalog *c, int64_t build, bool retired, int64_t now_s,
	int64_t generation, struct err *e)
{
	if (query_run(c, e,
		    "UPDATE build SET state = 'withdrawn', retired = ?2, left_at = "
		    "coalesce(left_at, ?3), left_generation = "
		    "coalesce(left_generation, ?4) WHERE id = ?1",
		    "iiii", build, (int64_t)retired, now_s, generation) < 0)
		return -1;
	return mark_dirty(c, build, e);
}

int catalog_build_restore(struct catalog *c, int64_t build, struct err *e)
{
	if (query_run(c, e,
		    "UPDATE build SET state = 'active', retired = 0, left_at = NULL, "
		    "left_generation = NULL WHERE id = ?1",
		    "i", build) < 0)
		return -1;
	return mark_dirty(c, build, e);
}

int catalog_expiry_until(
	struct catalog *c, int64_t generation, int64_t *out, struct err *e)
{
	*out = 0;
	return query_one_int(c, out, e,
		       "SELECT coalesce(max(expires), 0) FROM signing WHERE generation "
		       "<= ?1",
		       "i", generation) < 0
		       ? -1
		       : 0;
}

int catalog_build_bytes(
	struct catalog *c, int64_t build, uint64_t *all, uint64_t *own, struct err *e)
{
	int64_t total = 0, alone = 0;

	if (query_one_int(c, &total, e,
		    "SELECT coalesce(sum(size), 0) FROM file JOIN object USING(sha256) "
		    "WHERE build = ?1",
		    "i", build) < 0 ||
		query_one_int(c, &alone, e,
			"SELECT coalesce(sum(size), 0) FROM file JOIN object "
			"USING(sha256) WHERE build = ?1 AND NOT EXISTS(SELECT 1 FROM "
			"file o WHERE o.sha256 = file.sha256 AND o.build <> ?1)",
			"i", build) < 0)
		return -1;
	*all = (uint64_t)total;
	*own = (uint64_t)alone;
	return 0;
}

int catalog_build_walk_generations(struct catalog *c, int64_t build,
	int (*each)(int64_t generation, void *ctx, struct err *e), void *ctx,
	struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e, "SELECT generation FROM listing WHERE build = ?1", "i",
		    build) < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0)
		if (each(query_int(&q, 0), ctx, e) < 0)
			return -1;
	return rc;
}

int catalog_build_drop(struct catalog *c, int64_t build, struct err *e)
{
	static const char *const statements[] = {
		"DELETE FROM pin WHERE build = ?1",
		"DELETE FROM object WHERE sha256 IN (SELECT sha256 FROM file WHERE build "
		"= ?1) AND NOT EXISTS(SELECT 1 FROM file o WHERE o.sha256 = "
		"object.sha256 AND o.build <> ?1)",
		"DELETE FROM build WHERE id = ?1",
	};

	if (mark_dirty(c, build, e) < 0 || catalog_oci_drop(c, build, e) < 0)
		return -1;
	/* an object is named by its files */
	if (query_run(c, e, "PRAGMA defer_foreign_keys = ON", "") < 0)
		return -1;
	for (size_t i = 0; i < 2; i++)
		if (query_run(c, e, statements[i], "i", build) < 0)
			return -1;
	if (query_run(c, e, "DELETE FROM file WHERE build = ?1", "i", build) < 0)
		return -1;
	return query_run(c, e, statements[2], "i", build);
}

int catalog_signing_sweep(struct catalog *c, int64_t before_s, struct err *e)
{
	return query_run(c, e,
		"DELETE FROM signing WHERE state = 'superseded' AND expires < ?1", "i",
		before_s);
}

#define USED                                                                             \
	"sha256 IN (SELECT document FROM image WHERE document IS NOT NULL) OR sha256 "   \
	"IN "                                                                            \
	"(SELECT document FROM listing) OR sha256 IN (SELECT catalog FROM generation) "  \
	"OR sha256 IN (SELECT files FROM generation) OR sha256 IN (SELECT payload FROM " \
	"signing)"

int catalog_document_mark(struct catalog *c, int64_t now_s, struct err *e)
{
	if (query_run(c, e,
		    "UPDATE document SET unused_since = NULL WHERE unused_since IS NOT "
		    "NULL AND (" USED ")",
		    "") < 0)
		return -1;
	return query_run(c, e,
		"UPDATE document SET unused_since = ?1 WHERE unused_since IS NULL AND "
		"NOT (" USED ")",
		"i", now_s);
}

int catalog_document_walk_unused(struct catalog *c, int64_t before_s,
	int (*each)(const struct digest *sha256, uint64_t size, void *ctx, struct err *e),
	void *ctx, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT sha256, size FROM document WHERE unused_since <= ?1", "i",
		    before_s) < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0) {
		struct digest d = query_digest(&q, 0);

		if (each(&d, (uint64_t)query_int(&q, 1), ctx, e) < 0)
			return -1;
	}
	return rc;
}

int catalog_document_drop_unused(struct catalog *c, int64_t before_s, struct err *e)
{
	return query_run(
		c, e, "DELETE FROM document WHERE unused_since <= ?1", "i", before_s);
}
