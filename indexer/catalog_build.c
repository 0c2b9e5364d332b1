#include "indexer/catalog_oci.h"
#include "indexer/query.h"

int catalog_image_find(
	struct catalog *c, const struct image *i, int64_t *out, struct err *e)
{
	return query_one_int(c, out, e,
		"SELECT id FROM image WHERE distro = ?1 AND release = ?2 AND arch = ?3 "
		"AND "
		"variant = ?4",
		"tttt", i->distro, i->release, i->arch, i->variant);
}

static int image_make(
	struct catalog *c, const struct image *i, int64_t *out, struct err *e)
{
	int rc = catalog_image_find(c, i, out, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (query_run(c, e,
		    "INSERT INTO image(distro, release, arch, variant) VALUES(?1, ?2, "
		    "?3, ?4)",
		    "tttt", i->distro, i->release, i->arch, i->variant) < 0)
		return -1;
	*out = query_last_id(c);
	return 0;
}

int catalog_build_add(struct catalog *c, const struct catalog_build *b,
	const struct catalog_file *file, size_t file_count, struct err *e)
{
	int64_t image, build;

	if (image_make(c, &b->image, &image, e) < 0)
		return -1;
	if (query_run(c, e,
		    "INSERT INTO build(image, serial, state, tree, diff, admitted, "
		    "created, "
		    "expires, epoch, tested, origin, entries, unpacked_size, max_uid, "
		    "max_gid, "
		    "init, stop_signal, description, signer, requirements) VALUES(?1, "
		    "?2, "
		    "?3, ?4, ?5, ?6, ?7, ?8, ?9, "
		    "?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
		    "ittddiiiittiiiittttt", image, b->serial, b->state, &b->tree,
		    &b->diff, b->admitted_s, b->created_s, b->expires_s, b->epoch_s,
		    b->tested, b->origin, (int64_t)b->entries, (int64_t)b->unpacked_size,
		    (int64_t)b->max_uid, (int64_t)b->max_gid, b->init, b->stop_signal,
		    b->description, b->signer ? b->signer : "",
		    b->requirements ? b->requirements : "") < 0)
		return -1;
	build = query_last_id(c);

	for (size_t i = 0; i < file_count; i++)
		if (catalog_file_add(c, build, &file[i], e) < 0)
			return -1;
	return query_run(
		c, e, "INSERT OR IGNORE INTO dirty(image) VALUES(?1)", "i", image);
}

int catalog_build_find(struct catalog *c, const struct image *image, const char *serial,
	int64_t *id, struct err *e)
{
	return query_one_int(c, id, e,
		"SELECT build.id FROM build JOIN image ON image.id = build.image WHERE "
		"distro = "
		"?1 AND release = ?2 AND arch = ?3 AND variant = ?4 AND serial = ?5",
		"ttttt", image->distro, image->release, image->arch, image->variant,
		serial);
}

int catalog_build_state(
	struct catalog *c, int64_t build, char *out, size_t out_size, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e, "SELECT state FROM build WHERE id = ?1", "i", build) <
		0)
		return -1;
	rc = query_next(&q, e);
	if (rc == 0)
		return err_set(e, ERR_NOTFOUND, "no build %lld", (long long)build);
	return rc < 0 ? -1 : query_copy(&q, 0, out, out_size, e);
}

int catalog_build_set_state(
	struct catalog *c, int64_t build, const char *state, struct err *e)
{
	if (query_run(c, e, "UPDATE build SET state = ?1 WHERE id = ?2", "ti", state,
		    build) < 0)
		return -1;
	return query_run(c, e,
		"INSERT OR IGNORE INTO dirty(image) SELECT image FROM build WHERE id = "
		"?1",
		"i", build);
}

static int read_build(struct query *q, struct catalog_build *b, struct err *e)
{
	*b = (struct catalog_build){
		.id = query_int(q, 0),
		.state = query_text(q, 6),
		.tree = query_digest(q, 7),
		.diff = query_digest(q, 8),
		.admitted_s = query_int(q, 9),
		.created_s = query_int(q, 10),
		.expires_s = query_int(q, 11),
		.epoch_s = query_int(q, 12),
		.tested = query_text(q, 13),
		.origin = query_text(q, 14),
		.entries = (uint64_t)query_int(q, 15),
		.unpacked_size = (uint64_t)query_int(q, 16),
		.max_uid = (uint32_t)query_int(q, 17),
		.max_gid = (uint32_t)query_int(q, 18),
		.init = query_text(q, 19),
		.stop_signal = query_text(q, 20),
		.description = query_text(q, 21),
		.signer = query_text(q, 22),
		.requirements = query_text(q, 23),
		.is_pinned = query_int(q, 24) != 0,
		.is_retired = query_int(q, 25) != 0,
		.left_s = query_int(q, 26),
		.left_generation = query_int(q, 27),
	};
	if (query_copy(q, 1, b->image.distro, sizeof(b->image.distro), e) < 0 ||
		query_copy(q, 2, b->image.release, sizeof(b->image.release), e) < 0 ||
		query_copy(q, 3, b->image.arch, sizeof(b->image.arch), e) < 0 ||
		query_copy(q, 4, b->image.variant, sizeof(b->image.variant), e) < 0)
		return -1;
	return query_copy(q, 5, b->serial, sizeof(b->serial), e);
}

#define BUILD_COLUMNS                                                                    \
	"SELECT build.id, distro, release, arch, variant, serial, build.state, tree, "   \
	"diff, "                                                                         \
	"admitted, created, expires, epoch, tested, origin, entries, unpacked_size, "    \
	"max_uid, max_gid, init, stop_signal, description, signer, requirements, "       \
	"EXISTS(SELECT 1 FROM pin WHERE pin.build = build.id), retired, left_at, "       \
	"left_generation FROM build JOIN image ON "                                      \
	"image.id = build.image "
#define BUILD_ORDER " ORDER BY distro, release, arch, variant, serial DESC"

static int walk_builds(
	struct query *q, catalog_build_each *each, void *ctx, struct err *e)
{
	int rc;

	while ((rc = query_next(q, e)) > 0) {
		struct catalog_build b;

		if (read_build(q, &b, e) < 0 || each(&b, ctx, e) < 0)
			return -1;
	}
	return rc;
}

int catalog_oci_walk_missing(
	struct catalog *c, catalog_build_each *each, void *ctx, struct err *e)
{
	auto_query struct query q = { 0 };

	if (query_begin(&q, c, e,
		    BUILD_COLUMNS
		    "JOIN dirty ON dirty.image = image.id WHERE build.state = 'active' "
		    "AND NOT EXISTS(SELECT 1 FROM oci WHERE oci.build = build.id) "
		    "ORDER BY build.id",
		    "") < 0)
		return -1;
	return walk_builds(&q, each, ctx, e);
}

int catalog_build_walk(struct catalog *c, const struct image *image,
	catalog_build_each *each, void *ctx, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (image)
		rc = query_begin(&q, c, e,
			BUILD_COLUMNS
			"WHERE distro = ?1 AND release = ?2 AND arch = ?3 AND "
			"variant = ?4" BUILD_ORDER,
			"tttt", image->distro, image->release, image->arch,
			image->variant);
	else
		rc = query_begin(&q, c, e, BUILD_COLUMNS BUILD_ORDER, "");
	return rc < 0 ? -1 : walk_builds(&q, each, ctx, e);
}

int catalog_build_newest(struct catalog *c, int64_t image, size_t limit,
	catalog_build_each *each, void *ctx, struct err *e)
{
	auto_query struct query q = { 0 };

	if (query_begin(&q, c, e,
		    BUILD_COLUMNS "WHERE build.image = ?1 AND build.state = 'active' "
				  "ORDER BY serial DESC LIMIT ?2",
		    "ii", image, (int64_t)limit) < 0)
		return -1;
	return walk_builds(&q, each, ctx, e);
}

int catalog_build_find_unsigned(struct catalog *c, const char *signer, int64_t after,
	struct catalog_build *out, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    BUILD_COLUMNS "WHERE build.id > ?1 AND signer <> ?2 ORDER BY "
				  "build.id LIMIT 1",
		    "it", after, signer) < 0)
		return -1;
	rc = query_next(&q, e);
	if (rc <= 0)
		return rc;
	if (read_build(&q, out, e) < 0)
		return -1;
	/* the texts end with the statement */
	out->state = out->tested = out->origin = out->init = "";
	out->stop_signal = out->description = out->signer = "";
	return 1;
}

int catalog_build_count_unsigned(
	struct catalog *c, const char *signer, int64_t *out, struct err *e)
{
	return query_one_int(c, out, e, "SELECT count(*) FROM build WHERE signer <> ?1",
		       "t", signer) < 0
		       ? -1
		       : 0;
}

int catalog_build_count_signed(
	struct catalog *c, const char *signer, int64_t *out, struct err *e)
{
	return query_one_int(c, out, e, "SELECT count(*) FROM build WHERE signer = ?1",
		       "t", signer) < 0
		       ? -1
		       : 0;
}

int catalog_build_set_signer(
	struct catalog *c, int64_t build, const char *signer, struct err *e)
{
	return query_run(
		c, e, "UPDATE build SET signer = ?2 WHERE id = ?1", "it", build, signer);
}

/* Of builds that came in before pieces were noted there are none. */
static int take_pieces(struct bytes blob, struct pieces *out, struct err *e)
{
	if (blob.len > sizeof(out->sha256) || blob.len % DIGEST_SIZE)
		return err_set(e, ERR_DAMAGED, "the pieces of a file are no digests");
	out->count = blob.len / DIGEST_SIZE;
	if (blob.len)
		memcpy(out->sha256, blob.data, blob.len);
	return 0;
}

int catalog_file_walk(struct catalog *c, int64_t build,
	int (*each)(const struct catalog_file *f, void *ctx, struct err *e), void *ctx,
	struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT name, size, file.sha256, signed, combined, coalesce(sha512, "
		    "''), pieces FROM file JOIN "
		    "object "
		    "USING(sha256) "
		    "WHERE build = ?1 ORDER BY name",
		    "i", build) < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0) {
		struct catalog_file f = {
			.name = query_text(&q, 0),
			.size = (uint64_t)query_int(&q, 1),
			.sha256 = query_digest(&q, 2),
			.is_signed = query_int(&q, 3) != 0,
			.combined = query_digest(&q, 4),
		};

		if (query_copy(&q, 5, f.sha512, sizeof(f.sha512), e) < 0 ||
			take_pieces(query_blob(&q, 6), &f.pieces, e) < 0 ||
			each(&f, ctx, e) < 0)
			return -1;
	}
	return rc;
}

int catalog_file_find(struct catalog *c, int64_t build, const char *name,
	struct digest *sha256, uint64_t *size, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT file.sha256, size FROM file JOIN object USING(sha256) WHERE "
		    "build = "
		    "?1 AND name = ?2",
		    "it", build, name) < 0)
		return -1;
	rc = query_next(&q, e);
	if (rc > 0) {
		*sha256 = query_digest(&q, 0);
		*size = (uint64_t)query_int(&q, 1);
	}
	return rc;
}

int catalog_object_find(struct catalog *c, const struct digest *sha256, uint64_t size,
	char path[LAYOUT_PATH_MAX], struct err *e)
{
	auto_query struct query q = { 0 };
	struct image image;
	char serial[SERIAL_MAX];
	int rc;

	/* the newest: after EMLINK it is the one with room */
	if (query_begin(&q, c, e,
		    "SELECT distro, release, arch, variant, serial, name FROM file JOIN "
		    "object "
		    "USING(sha256) JOIN build ON build.id = file.build JOIN image ON "
		    "image.id = "
		    "build.image WHERE file.sha256 = ?1 AND size = ?2 ORDER BY "
		    "file.build "
		    "DESC "
		    "LIMIT 1",
		    "di", sha256, (int64_t)size) < 0)
		return -1;
	rc = query_next(&q, e);
	if (rc <= 0)
		return rc;

	if (query_copy(&q, 0, image.distro, sizeof(image.distro), e) < 0 ||
		query_copy(&q, 1, image.release, sizeof(image.release), e) < 0 ||
		query_copy(&q, 2, image.arch, sizeof(image.arch), e) < 0 ||
		query_copy(&q, 3, image.variant, sizeof(image.variant), e) < 0 ||
		query_copy(&q, 4, serial, sizeof(serial), e) < 0)
		return -1;
	layout_artifact(&image, serial, query_text(&q, 5), path);
	return 1;
}
