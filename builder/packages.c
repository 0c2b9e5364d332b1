#include "builder/packages.h"

#define LICENSE_MAX 255

void packages_init(struct packages *p)
{
	*p = (struct packages){ .kind = "" };
}

void packages_release(struct packages *p)
{
	arena_release(&p->arena);
	free(p->item);
	free(p->path);
	*p = (struct packages){ .kind = "" };
}

/* ---- order */

struct placed {
	struct package package;
	size_t was; /* its index before */
};

static int by_name(const void *a, const void *b)
{
	const struct package *x = &((const struct placed *)a)->package,
			     *y = &((const struct placed *)b)->package;
	int rc = strcmp(x->name, y->name);

	if (rc == 0)
		rc = strcmp(x->arch, y->arch);
	return rc ? rc : strcmp(x->version, y->version);
}

/* Paths name their owner by index, so they follow. */
static void sort_items(struct packages *p)
{
	auto_free struct placed *placed = xcalloc(p->count + 1, sizeof(*placed));
	auto_free size_t *now = xcalloc(p->count + 1, sizeof(*now));

	for (size_t i = 0; i < p->count; i++)
		placed[i] = (struct placed){ .package = p->item[i], .was = i };
	qsort(placed, p->count, sizeof(*placed), by_name);
	for (size_t i = 0; i < p->count; i++) {
		p->item[i] = placed[i].package;
		now[placed[i].was] = i;
	}
	for (size_t i = 0; i < p->path_count; i++)
		p->path[i].owner = now[p->path[i].owner];
}

static int by_path(const void *a, const void *b)
{
	const struct package_path *x = a, *y = b;
	int rc = strcmp(x->path, y->path);

	if (rc)
		return rc;
	return x->owner < y->owner ? -1 : x->owner > y->owner;
}

static void fill_gaps(struct packages *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct package *x = &p->item[i];

		if (!*x->source)
			x->source = x->name;
		if (!*x->source_version)
			x->source_version = x->version;
		/* Some packages list the licences of everything in them. */
		if (strlen(x->license) > LICENSE_MAX)
			x->license = arena_printf(
				&p->arena, "%.*s...", LICENSE_MAX - 3, x->license);
	}
}

typedef int reader(int root_dir, struct packages *p, struct err *e);

static reader *const readers[] = { packagedb_dpkg, packagedb_apk, packagedb_pacman,
	packagedb_rpm };

int packages_read(int root_dir, struct packages *p, struct err *e)
{
	int rc = 1;

	p->merged = packagedb_merged(root_dir);
	for (size_t i = 0; rc == 1 && i < ARRAY_COUNT(readers); i++)
		rc = readers[i](root_dir, p, e);
	if (rc < 0)
		return err_wrap(e, "cannot read the package database");
	fill_gaps(p);
	if (p->count)
		sort_items(p);
	if (p->path_count)
		qsort(p->path, p->path_count, sizeof(*p->path), by_path);
	return 0;
}

size_t packages_owner(const struct packages *p, const char *path)
{
	size_t low = 0, high = p->path_count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(p->path[mid].path, path) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == p->path_count || strcmp(p->path[low].path, path) != 0)
		return PACKAGE_NONE;
	return p->path[low].owner;
}

int packages_format(const struct packages *p, struct buf *out, struct err *e)
{
	return packagelist_format(p->kind, p->item, p->count, out, e);
}
