#include "indexer/catalog.h"
#include "indexer/query.h"

int catalog_build_before(struct catalog *c, int64_t build, int64_t nights,
	struct catalog_before *out, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT old.id, old.serial, old.tree FROM build AS new JOIN build AS "
		    "old "
		    "ON old.image = new.image AND old.serial < new.serial AND old.state "
		    "= "
		    "'active' WHERE new.id = ?1 ORDER BY old.serial DESC LIMIT 1 OFFSET "
		    "?2",
		    "ii", build, nights - 1) < 0)
		return -1;
	rc = query_next(&q, e);
	if (rc <= 0)
		return rc;
	out->id = query_int(&q, 0);
	out->tree = query_digest(&q, 2);
	return query_copy(&q, 1, out->serial, sizeof(out->serial), e) < 0 ? -1 : 1;
}

int catalog_file_add(
	struct catalog *c, int64_t build, const struct catalog_file *f, struct err *e)
{
	static const struct digest none = { { 0 } };
	struct bytes pieces = bytes_of(f->pieces.sha256, f->pieces.count * DIGEST_SIZE);

	if (query_run(c, e,
		    "INSERT INTO object(sha256, size) VALUES(?1, ?2) ON CONFLICT DO "
		    "NOTHING",
		    "di", &f->sha256, (int64_t)f->size) < 0)
		return -1;
	if (query_run(c, e,
		    "INSERT INTO file(build, name, sha256, signed, combined, sha512, "
		    "pieces) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
		    "itdidtb", build, f->name, &f->sha256, (int64_t)f->is_signed,
		    digest_equal(&f->combined, &none) ? NULL : &f->combined,
		    f->sha512[0] ? f->sha512 : NULL, &pieces) < 0)
		return -1;
	return query_run(c, e,
		"INSERT OR IGNORE INTO dirty(image) SELECT image FROM build WHERE id = "
		"?1",
		"i", build);
}

int catalog_build_tree(
	struct catalog *c, int64_t build, struct digest *out, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e, "SELECT tree FROM build WHERE id = ?1", "i", build) < 0)
		return -1;
	rc = query_next(&q, e);
	if (rc == 0)
		return err_set(e, ERR_NOTFOUND, "no build %lld", (long long)build);
	if (rc > 0)
		*out = query_digest(&q, 0);
	return rc < 0 ? -1 : 0;
}

int catalog_delta_refuse(struct catalog *c, int64_t build, int64_t base, struct err *e)
{
	return query_run(c, e,
		"INSERT OR IGNORE INTO delta_refused(build, base) VALUES(?1, ?2)", "ii",
		build, base);
}

int catalog_delta_is_refused(
	struct catalog *c, int64_t build, int64_t base, struct err *e)
{
	int64_t one;

	return query_one_int(c, &one, e,
		"SELECT 1 FROM delta_refused WHERE build = ?1 AND base = ?2", "ii", build,
		base);
}
