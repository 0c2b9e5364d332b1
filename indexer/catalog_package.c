#include "indexer/catalog.h"
#include "indexer/query.h"

/* A list is read through its bases: a longer chain costs more to read, a shorter one more
 * to keep. At 64, a hundred nights of five changed packages among 300 take 1,100 rows. */
#define DEPTH_MAX 64

/* A list and what it is based on, the nearest verdict about each package first. */
#define LIST_MEMBERS                                                                     \
	"WITH RECURSIVE chain(id, base, level) AS (SELECT id, base, 0 FROM "             \
	"package_list WHERE id = ?1 UNION ALL SELECT l.id, l.base, level + 1 FROM "      \
	"package_list l JOIN chain ON l.id = chain.base), verdict AS (SELECT package, "  \
	"added, min(level) FROM chain JOIN package_change ON list = chain.id GROUP BY "  \
	"package) "

struct ids {
	int64_t *id;
	size_t count, room;
};

static void ids_release(struct ids *l)
{
	free(l->id);
}

static void ids_add(struct ids *l, int64_t id)
{
	if (l->count == l->room) {
		l->room = l->room ? l->room * 2 : 256;
		l->id = xrealloc(l->id, l->room * sizeof(*l->id));
	}
	l->id[l->count++] = id;
}

static int by_number(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static int package_id(
	struct catalog *c, const struct package *p, int64_t *out, struct err *e)
{
	int rc = query_one_int(c, out, e,
		"SELECT id FROM package WHERE name = ?1 AND version = ?2 AND arch = ?3 "
		"AND size = ?4",
		"ttti", p->name, p->version, p->arch, (int64_t)p->installed_size);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (query_run(c, e,
		    "INSERT INTO package(name, version, arch, size) VALUES(?1, ?2, ?3, "
		    "?4)",
		    "ttti", p->name, p->version, p->arch, (int64_t)p->installed_size) < 0)
		return -1;
	*out = query_last_id(c);
	return 0;
}

/* Sorted; a package that a database names twice is there once. */
static int collect(struct catalog *c, const struct package *item, size_t count,
	struct ids *out, struct err *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		int64_t id = 0;

		if (package_id(c, &item[i], &id, e) < 0)
			return -1;
		ids_add(out, id);
	}
	if (count)
		qsort(out->id, out->count, sizeof(*out->id), by_number);
	for (size_t i = 0; i < out->count; i++)
		if (!kept || out->id[kept - 1] != out->id[i])
			out->id[kept++] = out->id[i];
	out->count = kept;
	return 0;
}

static int read_members(struct catalog *c, int64_t list, struct ids *out, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    LIST_MEMBERS
		    "SELECT package FROM verdict WHERE added = 1 ORDER BY package",
		    "i", list) < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0)
		ids_add(out, query_int(&q, 0));
	return rc;
}

static int put_change(
	struct catalog *c, int64_t list, int64_t package, bool added, struct err *e)
{
	return query_run(c, e,
		"INSERT INTO package_change(list, package, added) VALUES(?1, ?2, ?3)",
		"iii", list, package, (int64_t)added);
}

/* Walks two sorted lists; with list 0 it only counts what differs. */
static int put_difference(struct catalog *c, int64_t list, const struct ids *before,
	const struct ids *now, size_t *count, struct err *e)
{
	size_t i = 0, k = 0;

	*count = 0;
	while (i < before->count || k < now->count) {
		bool gone = k == now->count ||
			    (i < before->count && before->id[i] < now->id[k]);
		bool came = i == before->count ||
			    (k < now->count && now->id[k] < before->id[i]);
		int64_t id = gone ? before->id[i] : now->id[k];

		i += came ? 0 : 1;
		k += gone ? 0 : 1;
		if (!gone && !came)
			continue;
		++*count;
		if (list && put_change(c, list, id, came, e) < 0)
			return -1;
	}
	return 0;
}

/* The list of the image's build before this one: what tonight's is most like. */
static int find_base(
	struct catalog *c, int64_t build, int64_t *list, int64_t *depth, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT l.id, l.depth FROM build this JOIN build b ON b.image = "
		    "this.image AND b.id <> this.id JOIN package_list l ON l.id = "
		    "b.packages WHERE this.id = ?1 ORDER BY b.serial DESC LIMIT 1",
		    "i", build) < 0)
		return -1;
	rc = query_next(&q, e);
	if (rc > 0) {
		*list = query_int(&q, 0);
		*depth = query_int(&q, 1);
	}
	return rc;
}

static int make_list(struct catalog *c, const struct digest *sha256, int64_t base,
	int64_t depth, size_t count, int64_t *out, struct err *e)
{
	int rc = base ? query_run(c, e,
				"INSERT INTO package_list(sha256, base, depth, count) "
				"VALUES(?1, ?2, ?3, ?4)",
				"diii", sha256, base, depth, (int64_t)count)
		      : query_run(c, e,
				"INSERT INTO package_list(sha256, depth, count) "
				"VALUES(?1, 0, ?2)",
				"di", sha256, (int64_t)count);

	*out = query_last_id(c);
	return rc;
}

static int add_list(struct catalog *c, int64_t build, const struct digest *sha256,
	const struct package *item, size_t count, int64_t *out, struct err *e)
{
	with_cleanup(ids_release) struct ids now = { 0 }, before = { 0 };
	int64_t base = 0, depth = 0;
	size_t changes = 0;

	if (collect(c, item, count, &now, e) < 0 ||
		find_base(c, build, &base, &depth, e) < 0)
		return -1;
	if (base && read_members(c, base, &before, e) < 0)
		return -1;
	if (put_difference(c, 0, &before, &now, &changes, e) < 0)
		return -1;
	if (depth + 1 > DEPTH_MAX || changes > now.count / 2) {
		base = 0;
		before.count = 0;
	}
	if (make_list(c, sha256, base, depth + 1, now.count, out, e) < 0)
		return -1;
	return put_difference(c, *out, &before, &now, &changes, e);
}

int catalog_packages_put(struct catalog *c, int64_t build, const struct digest *sha256,
	const struct package *item, size_t count, struct err *e)
{
	int64_t list = 0;
	int rc = query_one_int(c, &list, e,
		"SELECT id FROM package_list WHERE sha256 = ?1", "d", sha256);

	if (rc < 0 || (rc == 0 && add_list(c, build, sha256, item, count, &list, e) < 0))
		return -1;
	return query_run(
		c, e, "UPDATE build SET packages = ?1 WHERE id = ?2", "ii", list, build);
}

int catalog_package_count(struct catalog *c, int64_t build, int64_t *out, struct err *e)
{
	return query_one_int(c, out, e,
		"SELECT count FROM build JOIN package_list l ON l.id = packages WHERE "
		"build.id = ?1",
		"i", build);
}

int catalog_package_walk(struct catalog *c, int64_t build,
	int (*each)(const struct catalog_package *p, void *ctx, struct err *e), void *ctx,
	struct err *e)
{
	auto_query struct query q = { 0 };
	int64_t list = 0;
	int rc = query_one_int(c, &list, e,
		"SELECT packages FROM build WHERE id = ?1 AND packages IS NOT NULL", "i",
		build);

	if (rc <= 0)
		return rc;
	if (query_begin(&q, c, e,
		    LIST_MEMBERS
		    "SELECT name, version, arch, size FROM verdict JOIN package ON id = "
		    "package WHERE added = 1 ORDER BY name, arch, version",
		    "i", list) < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0) {
		struct catalog_package p = {
			.name = query_text(&q, 0),
			.version = query_text(&q, 1),
			.arch = query_text(&q, 2),
			.size = (uint64_t)query_int(&q, 3),
		};

		if (each(&p, ctx, e) < 0)
			return -1;
	}
	return rc < 0 ? -1 : 1;
}

int catalog_packages_sweep(struct catalog *c, struct err *e)
{
	int64_t left = 0;

	/* removing one may leave its base without use */
	do {
		if (query_run(c, e,
			    "DELETE FROM package_list WHERE NOT EXISTS (SELECT 1 FROM "
			    "build WHERE packages = package_list.id) AND NOT EXISTS "
			    "(SELECT 1 FROM package_list above WHERE above.base = "
			    "package_list.id)",
			    "") < 0 ||
			query_one_int(c, &left, e, "SELECT changes()", "") < 0)
			return -1;
	} while (left > 0);
	return 0;
}
