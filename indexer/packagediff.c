#include "indexer/packagediff.h"

#include "lib/model/debversion.h"

const char *const packagediff_words[] = {
	[PACKAGE_ADDED] = "added",
	[PACKAGE_REMOVED] = "removed",
	[PACKAGE_UPGRADED] = "upgraded",
	[PACKAGE_DOWNGRADED] = "downgraded",
};

static int by_name(const struct package *a, const struct package *b)
{
	int rc = strcmp(a->name, b->name);

	return rc ? rc : strcmp(a->arch, b->arch);
}

/* How many from here on are called the same. */
static size_t run_of(const struct package *p, size_t count)
{
	size_t n = count ? 1 : 0;

	while (n < count && by_name(&p[0], &p[n]) == 0)
		n++;
	return n;
}

static bool has(const struct package *p, size_t count, const char *version)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(p[i].version, version) == 0)
			return true;
	return false;
}

/* The next of a run that the other list does not have with this version. */
static const struct package *next_changed(const struct package *p, size_t count,
	size_t *at, const struct package *other, size_t other_count)
{
	while (*at < count && has(other, other_count, p[*at].version))
		(*at)++;
	return *at < count ? &p[(*at)++] : NULL;
}

static int compare_run(const struct package *old, size_t old_count,
	const struct package *new, size_t new_count, packagediff_each *each, void *ctx,
	struct err *e)
{
	size_t i = 0, k = 0;

	for (;;) {
		struct packagediff d = {
			.old = next_changed(old, old_count, &i, new, new_count),
			.new = next_changed(new, new_count, &k, old, old_count),
		};

		if (!d.old && !d.new)
			return 0;
		if (!d.old)
			d.kind = PACKAGE_ADDED;
		else if (!d.new)
			d.kind = PACKAGE_REMOVED;
		else if (debversion_compare(d.old->version, d.new->version) <= 0)
			d.kind = PACKAGE_UPGRADED;
		else
			d.kind = PACKAGE_DOWNGRADED;
		if (each(&d, ctx, e) < 0)
			return -1;
	}
}

int packagediff_walk(const struct package *old, size_t old_count,
	const struct package *new, size_t new_count, packagediff_each *each, void *ctx,
	struct err *e)
{
	while (old_count || new_count) {
		int order = !old_count ? 1 : !new_count ? -1 : by_name(old, new);
		size_t a = order <= 0 ? run_of(old, old_count) : 0;
		size_t b = order >= 0 ? run_of(new, new_count) : 0;

		if (compare_run(old, a, new, b, each, ctx, e) < 0)
			return -1;
		if (a) {
			old += a;
			old_count -= a;
		}
		if (b) {
			new += b;
			new_count -= b;
		}
	}
	return 0;
}
