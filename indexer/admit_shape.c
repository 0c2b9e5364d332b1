#include "indexer/admit_tree.h"
#include "lib/base/relpath.h"
#include "lib/model/manifest.h"

struct place {
	const char *path;
	size_t index;
};

static int by_path(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static const struct manifest_entry *find(const struct manifest *m,
	const struct place *sorted, const char *path, size_t before)
{
	struct place key = { .path = path };
	const struct place *p = bsearch(&key, sorted, m->count, sizeof(*sorted), by_path);

	return p && p->index < before ? &m->entry[p->index] : NULL;
}

static int check_parent(const struct manifest *m, const struct place *sorted, size_t i,
	char *scratch, struct err *e)
{
	const char *path = m->entry[i].path, *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;
	const struct manifest_entry *parent;

	memcpy(scratch, path, len);
	scratch[len] = '\0';
	parent = find(m, sorted, scratch, i);
	if (!parent || parent->type != '5')
		return err_set(e, ERR_PARSE,
			"'rootfs.man': '%s' comes before its directory", path);
	return 0;
}

static int check_link(
	const struct manifest *m, const struct place *sorted, size_t i, struct err *e)
{
	const struct manifest_entry *target = find(m, sorted, m->entry[i].link, i);

	if (!target || target->type != '0')
		return err_set(e, ERR_PARSE,
			"'rootfs.man': '%s' links to '%s', no earlier file",
			m->entry[i].path, m->entry[i].link);
	return 0;
}

static int check_order(
	const struct manifest *m, const struct place *sorted, struct err *e)
{
	char scratch[RELPATH_MAX + 1];

	if (!m->count || m->entry[0].path[0] || m->entry[0].type != '5')
		return err_set(e, ERR_PARSE, "'rootfs.man' does not begin with the root");
	for (size_t i = 1; i < m->count; i++) {
		if (strcmp(sorted[i].path, sorted[i - 1].path) == 0)
			return err_set(e, ERR_PARSE, "'rootfs.man': '%s' comes twice",
				sorted[i].path);
		if (check_parent(m, sorted, i, scratch, e) < 0)
			return -1;
		if (m->entry[i].type == '1' && check_link(m, sorted, i, e) < 0)
			return -1;
	}
	return 0;
}

int admit_shape(const struct manifest *m, struct err *e)
{
	auto_free struct place *sorted = xcalloc(m->count + 1, sizeof(*sorted));

	for (size_t i = 0; i < m->count; i++)
		sorted[i] = (struct place){ .path = m->entry[i].path, .index = i };
	qsort(sorted, m->count, sizeof(*sorted), by_path);
	return check_order(m, sorted, e);
}
