#include "lib/model/delta.h"

#define NEAREST_OF 64 /* a tree of nothing but equal names costs no more than others */

/* Entries of one manifest in some order of their own. */
struct lookup {
	const struct manifest *m;
	uint32_t *entry;
	size_t count;
};

typedef int compare(const void *a, const void *b, void *manifest);

static bool has_content(const struct manifest_entry *e)
{
	return e->type == '0' && e->size > 0;
}

static int by_digest(const void *a, const void *b, void *manifest)
{
	const struct manifest *m = manifest;
	const uint32_t *x = a, *y = b;
	int c = memcmp(&m->entry[*x].sha256, &m->entry[*y].sha256, DIGEST_SIZE);

	return c ? c : (*x > *y) - (*x < *y);
}

/* Compares as if neither had digits. */
static int compare_without_digits(const char *a, const char *b)
{
	for (;;) {
		while (*a >= '0' && *a <= '9')
			a++;
		while (*b >= '0' && *b <= '9')
			b++;
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
		a++;
		b++;
	}
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int by_path(const void *a, const void *b, void *manifest)
{
	const struct manifest *m = manifest;

	return strcmp(
		m->entry[*(const uint32_t *)a].path, m->entry[*(const uint32_t *)b].path);
}

static int by_stem(const void *a, const void *b, void *manifest)
{
	const struct manifest *m = manifest;
	const uint32_t *x = a, *y = b;
	int c = compare_without_digits(m->entry[*x].path, m->entry[*y].path);

	return c ? c : (*x > *y) - (*x < *y);
}

static int by_name(const void *a, const void *b, void *manifest)
{
	const struct manifest *m = manifest;
	const uint32_t *x = a, *y = b;
	int c = compare_without_digits(
		name_of(m->entry[*x].path), name_of(m->entry[*y].path));

	return c ? c : (*x > *y) - (*x < *y);
}

static struct lookup lookup_make(const struct manifest *m, compare *order)
{
	struct lookup l = { .m = m, .entry = xmalloc((m->count + 1) * sizeof(uint32_t)) };

	for (size_t i = 0; i < m->count; i++)
		if (has_content(&m->entry[i]))
			l.entry[l.count++] = (uint32_t)i;
	qsort_r(l.entry, l.count, sizeof(*l.entry), order, (void *)(uintptr_t)m);
	return l;
}

static int key_path(const struct manifest_entry *want, const struct manifest_entry *have)
{
	return strcmp(want->path, have->path);
}

static int key_stem(const struct manifest_entry *want, const struct manifest_entry *have)
{
	return compare_without_digits(want->path, have->path);
}

static int key_name(const struct manifest_entry *want, const struct manifest_entry *have)
{
	return compare_without_digits(name_of(want->path), name_of(have->path));
}

static int key_digest(
	const struct manifest_entry *want, const struct manifest_entry *have)
{
	return memcmp(&want->sha256, &have->sha256, DIGEST_SIZE);
}

typedef int key(const struct manifest_entry *want, const struct manifest_entry *have);

/* The first that is not before what we want. */
static size_t lower(const struct lookup *l, const struct manifest_entry *want, key *k)
{
	size_t low = 0, high = l->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (k(want, &l->m->entry[l->entry[mid]]) > 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Of those that are as wanted (of very many the first NEAREST_OF) the one nearest in size, or
 * DELTA_NO_BASE. */
static uint32_t nearest(const struct lookup *l, const struct manifest_entry *want, key *k)
{
	uint32_t best = DELTA_NO_BASE;
	uint64_t best_off = UINT64_MAX;
	size_t first = lower(l, want, k);

	for (size_t i = first; i < l->count && i < first + NEAREST_OF; i++) {
		const struct manifest_entry *have = &l->m->entry[l->entry[i]];
		uint64_t off = have->size > want->size ? have->size - want->size
						       : want->size - have->size;

		if (k(want, have) != 0)
			break;
		if (off < best_off) {
			best = l->entry[i];
			best_off = off;
		}
	}
	return best;
}

/* Of the entries that have this content the one at the same path, else the first. */
static uint32_t find_content(const struct lookup *by_content,
	const struct lookup *by_name, const struct manifest_entry *e)
{
	size_t at = lower(by_name, e, key_path);
	const struct manifest *m = by_content->m;

	if (at < by_name->count) {
		const struct manifest_entry *same = &m->entry[by_name->entry[at]];

		if (key_path(e, same) == 0 && key_digest(e, same) == 0)
			return by_name->entry[at];
	}
	at = lower(by_content, e, key_digest);
	if (at < by_content->count &&
		key_digest(e, &m->entry[by_content->entry[at]]) == 0)
		return by_content->entry[at];
	return DELTA_NO_ENTRY;
}

/* Where each content comes from; of those that are told `record` is for now the first entry
 * that has it. */
static struct delta_source *find_sources(const struct manifest *old,
	const struct lookup *by_name, const struct manifest *new)
{
	struct lookup have = lookup_make(old, by_digest),
		      want = lookup_make(new, by_digest);
	struct delta_source *source = xmalloc((new->count + 1) * sizeof(*source));
	uint32_t first = DELTA_NO_ENTRY;

	memset(source, 0xff, (new->count + 1) * sizeof(*source));
	for (size_t i = 0; i < want.count; i++) {
		uint32_t at = want.entry[i];
		const struct manifest_entry *e = &new->entry[at];

		if (first == DELTA_NO_ENTRY || key_digest(e, &new->entry[first]) != 0)
			first = at;
		source[at].old_entry = find_content(&have, by_name, e);
		if (source[at].old_entry == DELTA_NO_ENTRY)
			source[at].record = first;
	}
	free(have.entry);
	free(want.entry);
	return source;
}

struct bases {
	struct lookup path, stem, name;
};

static uint32_t usual_base(const struct bases *b, const struct manifest_entry *e)
{
	uint32_t base = nearest(&b->path, e, key_path);

	if (base == DELTA_NO_BASE)
		base = nearest(&b->stem, e, key_stem);
	if (base == DELTA_NO_BASE)
		base = nearest(&b->name, e, key_name);
	return base;
}

static uint32_t pieces_of(uint64_t size)
{
	return (uint32_t)((size + DELTA_PIECE_MAX - 1) / DELTA_PIECE_MAX);
}

bool delta_piece_at(uint64_t size, uint32_t number, uint64_t *offset, size_t *len)
{
	uint64_t at = (uint64_t)number * DELTA_PIECE_MAX;

	if (at >= size)
		return false;
	*offset = at;
	*len = (size_t)(size - at < DELTA_PIECE_MAX ? size - at : DELTA_PIECE_MAX);
	return true;
}

#define FILE_MAX (UINT64_C(64) << 30)

static int add_record(struct delta_plan *p, uint32_t at,
	const struct manifest_entry *entry, uint32_t base, struct err *e)
{
	if (entry->size > FILE_MAX)
		return err_set(e, ERR_LIMIT, "'%s' is too large", entry->path);
	p->record[p->count] = (struct delta_record){
		.entry = at,
		.base = base,
		.piece = (uint32_t)p->piece_count,
		.piece_count = pieces_of(entry->size),
	};
	p->piece_count += pieces_of(entry->size);
	if (p->piece_count > 2 * (size_t)MANIFEST_ENTRIES_MAX)
		return err_set(e, ERR_LIMIT, "more pieces than a delta may have");
	p->count++;
	return 0;
}

/* Entries are walked in order, so the first that has a content becomes its record before the
 * others ask for it. */
static int add_records(struct delta_plan *p, const struct bases *b,
	const struct manifest *new, struct err *e)
{
	for (uint32_t i = 0; i < new->count; i++) {
		uint32_t first = p->source[i].record;
		const struct manifest_entry *entry = &new->entry[i];

		if (first == DELTA_NO_ENTRY)
			continue;
		p->source[i].record =
			first == i ? (uint32_t)p->count : p->source[first].record;
		if (first == i && add_record(p, i, entry, usual_base(b, entry), e) < 0)
			return -1;
	}
	return 0;
}

int delta_plan(const struct manifest *old, const struct manifest *new,
	struct delta_plan *out, struct err *e)
{
	struct bases b = { lookup_make(old, by_path), lookup_make(old, by_stem),
		lookup_make(old, by_name) };
	struct delta_plan p = {
		.source = find_sources(old, &b.path, new),
		.record = xmalloc((new->count + 1) * sizeof(*p.record)),
	};
	int rc = add_records(&p, &b, new, e);

	free(b.path.entry);
	free(b.stem.entry);
	free(b.name.entry);
	if (rc < 0) {
		delta_plan_release(&p);
		return -1;
	}
	p.piece = xcalloc(p.piece_count + 1, sizeof(*p.piece));
	*out = p;
	return 0;
}

void delta_plan_release(struct delta_plan *p)
{
	free(p->source);
	free(p->record);
	free(p->piece);
	*p = (struct delta_plan){ 0 };
}
