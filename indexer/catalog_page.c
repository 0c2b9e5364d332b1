#include "indexer/catalog_page.h"
#include "indexer/query.h"

int catalog_past_walk(struct catalog *c, int64_t image,
	int (*each)(const struct emit_past *p, void *ctx, struct err *e), void *ctx,
	struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT serial, state, tested, tree, created, unpacked_size, "
		    "ifnull((SELECT size FROM file JOIN object USING(sha256) WHERE "
		    "file.build = build.id AND name = 'rootfs.tar.xz'), 0), "
		    "ifnull((SELECT count FROM package_list WHERE package_list.id = "
		    "build.packages), -1) FROM build WHERE image = ?1 AND state <> "
		    "'held' ORDER BY serial DESC",
		    "i", image) < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0) {
		struct emit_past p = {
			.state = query_text(&q, 1),
			.tested = query_text(&q, 2),
			.tree = query_digest(&q, 3),
			.created_s = query_int(&q, 4),
			.unpacked_size = (uint64_t)query_int(&q, 5),
			.size = (uint64_t)query_int(&q, 6),
			.packages = query_int(&q, 7),
		};

		if (query_copy(&q, 0, p.serial, sizeof(p.serial), e) < 0 ||
			each(&p, ctx, e) < 0)
			return -1;
	}
	return rc;
}

static int read_image(struct query *q, struct image *i, struct err *e)
{
	if (query_copy(q, 0, i->distro, sizeof(i->distro), e) < 0 ||
		query_copy(q, 1, i->release, sizeof(i->release), e) < 0 ||
		query_copy(q, 2, i->arch, sizeof(i->arch), e) < 0)
		return -1;
	return query_copy(q, 3, i->variant, sizeof(i->variant), e);
}

int catalog_distro_walk(struct catalog *c, const char *distro,
	int (*each)(const struct emit_row *r, void *ctx, struct err *e), void *ctx,
	struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT distro, release, arch, variant, max(serial), created, "
		    "unpacked_size, (SELECT size FROM file JOIN object USING(sha256) "
		    "WHERE file.build = build.id AND name = 'rootfs.tar.xz') FROM image "
		    "JOIN build ON build.image = image.id WHERE distro = ?1 AND "
		    "build.state = 'active' GROUP BY image.id ORDER BY release, arch, "
		    "variant",
		    "t", distro) < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0) {
		struct emit_row r = {
			.state = "",
			.created_s = query_int(&q, 5),
			.unpacked_size = (uint64_t)query_int(&q, 6),
			.size = (uint64_t)query_int(&q, 7),
		};

		if (read_image(&q, &r.image, e) < 0 ||
			query_copy(&q, 4, r.serial, sizeof(r.serial), e) < 0 ||
			each(&r, ctx, e) < 0)
			return -1;
	}
	return rc;
}

int catalog_dirty_walk(struct catalog *c,
	int (*each)(int64_t id, const struct image *i, void *ctx, struct err *e),
	void *ctx, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT distro, release, arch, variant, image.id FROM dirty JOIN "
		    "image ON image.id = dirty.image ORDER BY distro, release, arch, "
		    "variant",
		    "") < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0) {
		struct image i;

		if (read_image(&q, &i, e) < 0 || each(query_int(&q, 4), &i, ctx, e) < 0)
			return -1;
	}
	return rc;
}
