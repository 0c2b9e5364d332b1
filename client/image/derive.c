#include "client/image/derive.h"

#include <sys/random.h>

#define MTIME_MAX INT64_C(077777777777)
#define FIRST     1024U
#define NONE      UINT32_MAX

/* One name. Names of one file share the number of the node that was the file first. */
struct node {
	struct manifest_entry m;
	struct manifest_entry link; /* what the archive says of it as a hard link */
	uint32_t inode;
	bool is_gone;
};

struct derive {
	struct arena arena;
	struct node *node;
	size_t count, room;
	uint32_t *slot; /* node number + 1 by path, open addressing */
	size_t slots;
	uint64_t seed;
};

struct derive *derive_new(void)
{
	struct derive *d = xcalloc(1, sizeof(*d));

	d->slots = FIRST;
	d->slot = xcalloc(d->slots, sizeof(*d->slot));
	/* nobody chooses names that collide */
	(void)!getrandom(&d->seed, sizeof(d->seed), 0);
	return d;
}

void derive_free(struct derive **d)
{
	if (!*d)
		return;
	arena_release(&(*d)->arena);
	free((*d)->node);
	free((*d)->slot);
	free(*d);
	*d = NULL;
}

/* ---- by name */

static uint32_t *slot_of(struct derive *d, const char *path)
{
	uint64_t h = d->seed ^ 0xcbf29ce484222325ULL;
	size_t i;

	for (const char *p = path; *p; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3ULL;
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
	for (i = h & (d->slots - 1); d->slot[i]; i = (i + 1) & (d->slots - 1))
		if (strcmp(d->node[d->slot[i] - 1].m.path, path) == 0)
			break;
	return &d->slot[i];
}

static void grow_slots(struct derive *d)
{
	free(d->slot);
	d->slots *= 2;
	d->slot = xcalloc(d->slots, sizeof(*d->slot));
	for (size_t i = 0; i < d->count; i++)
		*slot_of(d, d->node[i].m.path) = (uint32_t)i + 1;
}

bool derive_has(struct derive *d, const char *path)
{
	return *slot_of(d, path) != 0;
}

/* The node of a new entry; what had its name is gone, or, a directory, changed. */
static struct node *claim(struct derive *d, const char *path)
{
	uint32_t *slot = slot_of(d, path);
	struct node *n;

	if (d->count == d->room) {
		d->room = d->room ? d->room * 2 : FIRST;
		d->node = xrealloc(d->node, d->room * sizeof(*d->node));
	}
	if (*slot)
		d->node[*slot - 1].is_gone = true;
	n = &d->node[d->count++];
	*n = (struct node){ .m = { .path = arena_strdup(&d->arena, path), .link = "" },
		.inode = NONE };
	*slot = (uint32_t)d->count;
	if (d->count * 2 > d->slots)
		grow_slots(d);
	return n;
}

/* ---- one entry */

static int by_xattr(const void *a, const void *b)
{
	const struct manifest_xattr *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void copy_xattrs(struct derive *d, struct node *n, const struct unpack_entry *from)
{
	struct manifest_xattr *list;

	if (from->xattr_count == 0)
		return;
	list = arena_array(&d->arena, from->xattr_count, sizeof(*list));
	for (size_t i = 0; i < from->xattr_count; i++)
		list[i] = (struct manifest_xattr){
			.name = arena_strdup(&d->arena, from->xattr[i].name),
			.value = (const unsigned char *)arena_strndup(&d->arena,
				from->xattr[i].len ? from->xattr[i].value : "",
				from->xattr[i].len),
			.len = (uint16_t)from->xattr[i].len,
		};
	qsort(list, from->xattr_count, sizeof(*list), by_xattr);
	n->m.xattr = list;
	n->m.xattr_count = (uint8_t)from->xattr_count;
}

static void copy_facts(struct derive *d, struct node *n, const struct unpack_entry *from)
{
	n->m.mode = from->type == TAR_SYMLINK ? 0777 : (uint16_t)from->mode;
	n->m.uid = from->uid;
	n->m.gid = from->gid;
	n->m.mtime_s = from->mtime_s;
	copy_xattrs(d, n, from);
}

static int check_time(const struct manifest_entry *m, struct err *e)
{
	if (m->mtime_s >= 0 && m->mtime_s <= MTIME_MAX)
		return 0;
	return err_set(
		e, ERR_PARSE, "'%s' has a time before 1970 or after 2242", m->path);
}

static int add_hardlink(struct derive *d, const char *path,
	const struct unpack_entry *entry, struct err *e)
{
	const char *target = entry->link.text;
	uint32_t number = *slot_of(d, target);
	struct node *n, *from;

	if (number == 0 || d->node[number - 1].m.type != '0')
		return err_set(e, ERR_PARSE, "'%s' links to '%s', no earlier file", path,
			target);
	if (strcmp(path, target) == 0)
		return 0;
	n = claim(d, path); /* moves the nodes */
	from = &d->node[number - 1];
	if (from->inode == NONE)
		from->inode = number - 1;
	n->inode = from->inode;
	copy_facts(d, n, entry);
	n->link = n->m;
	n->m = from->m;
	n->m.path = n->link.path;
	return check_time(&n->link, e);
}

int derive_add(struct derive *d, const char *path, const struct unpack_entry *entry,
	const struct digest *content, struct err *e)
{
	struct node *n;

	if (d->count >= 2 * (size_t)MANIFEST_ENTRIES_MAX)
		return err_set(
			e, ERR_LIMIT, "more than %u entries", MANIFEST_ENTRIES_MAX);
	if (*path && entry->type == TAR_HARDLINK)
		return add_hardlink(d, path, entry, e);
	n = claim(d, path);
	n->m.type = *path ? (char)entry->type : '5';
	copy_facts(d, n, entry);
	if (entry->type == TAR_SYMLINK)
		n->m.link = arena_strdup(&d->arena, entry->target);
	if (n->m.type == '0') {
		n->m.size = entry->size;
		if (entry->size > 0)
			n->m.sha256 = *content;
	}
	return check_time(&n->m, e);
}

/* ---- all of them */

static int by_path(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;

	return strcmp((*x)->m.path, (*y)->m.path);
}

static int put_directories(const struct derive *d, struct manifest *out, struct err *e)
{
	auto_free const struct node **dir = xcalloc(d->count + 1, sizeof(*dir));
	size_t count = 0;

	for (size_t i = 0; i < d->count; i++)
		if (!d->node[i].is_gone && d->node[i].m.type == '5')
			dir[count++] = &d->node[i];
	qsort(dir, count, sizeof(*dir), by_path);
	for (size_t i = 0; i < count; i++)
		if (manifest_add(out, &dir[i]->m, e) < 0)
			return -1;
	return 0;
}

/* Of several names of one file the first in order is the file. */
static int put_others(struct derive *d, struct manifest *out, struct err *e)
{
	auto_free const char **first = xcalloc(d->count + 1, sizeof(*first));

	for (size_t i = 0; i < d->count; i++) {
		const struct node *n = &d->node[i];
		struct manifest_entry m = n->m;

		if (n->is_gone || m.type == '5')
			continue;
		if (n->inode != NONE && first[n->inode]) {
			m = n->link.path ? n->link : m;
			m.type = '1';
			m.link = first[n->inode];
			m.size = 0;
			m.sha256 = (struct digest){ { 0 } };
		} else if (n->inode != NONE) {
			first[n->inode] = m.path;
		}
		if (manifest_add(out, &m, e) < 0)
			return -1;
	}
	return 0;
}

int derive_finish(struct derive *d, struct manifest *out, struct err *e)
{
	return put_directories(d, out, e) < 0 ? -1 : put_others(d, out, e);
}
