#include "indexer/importtree.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/random.h>

#define CHUNK     (256U << 10)
#define IDS       65536U
#define MTIME_MAX INT64_C(077777777777)
#define NONE      UINT32_MAX
#define SPOOL     "import.tmp"

/* One name; several names of one file share an inode. */
struct node {
	struct manifest_entry m;
	uint64_t at;    /* of the content in the spool */
	uint32_t inode; /* number of the node that was the file first */
	bool is_gone;
};

struct importtree {
	struct arena arena;
	int spool_fd;
	uint64_t spool_size;
	struct node *node;
	size_t count, room;
	uint32_t *slot; /* node number + 1 by path, open addressing */
	size_t slots, live;
	uint64_t seed;
	struct unpack_state policy;
	struct unpack_entry judged;
	uint64_t left_out;
	unsigned char *chunk;
	const struct node **order; /* after finish */
	struct importslice reading;
};

int importtree_new(int staging_fd, struct importtree **out, struct err *e)
{
	struct importtree *t = xcalloc(1, sizeof(*t));

	t->chunk = xmalloc(CHUNK);
	t->slots = 1024;
	t->slot = xcalloc(t->slots, sizeof(*t->slot));
	t->policy.limits = (struct unpack_limits)UNPACK_LIMITS_HARD;
	/* an archive of layers may belong to anybody; finish looks at what is kept */
	t->policy.limits.ids = UINT32_MAX;
	t->spool_fd = openat(staging_fd, SPOOL,
		O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (t->spool_fd < 0 || unlinkat(staging_fd, SPOOL, 0) < 0 ||
		getrandom(&t->seed, sizeof(t->seed), 0) < 0) {
		err_sys(e, "cannot make a file in 'staging'");
		importtree_free(&t);
		return -1;
	}
	*out = t;
	return 0;
}

void importtree_free(struct importtree **t)
{
	struct importtree *x = *t;

	if (!x)
		return;
	if (x->spool_fd >= 0)
		close(x->spool_fd);
	arena_release(&x->arena);
	free(x->node);
	free(x->slot);
	free(x->chunk);
	free(x->order);
	free(STEAL(*t));
}

/* ---- names */

static uint64_t hash_path(const struct importtree *t, const char *path)
{
	uint64_t h = t->seed ^ 0xcbf29ce484222325ULL;

	for (; *path; path++)
		h = (h ^ (unsigned char)*path) * 0x100000001b3ULL;
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdULL;
	return h ^ h >> 29;
}

static uint32_t *slot_of(struct importtree *t, const char *path)
{
	size_t i = hash_path(t, path) & (t->slots - 1);

	for (;; i = (i + 1) & (t->slots - 1))
		if (t->slot[i] == 0 || strcmp(t->node[t->slot[i] - 1].m.path, path) == 0)
			return &t->slot[i];
}

static void grow_slots(struct importtree *t)
{
	free(t->slot);
	t->slots *= 2;
	t->slot = xcalloc(t->slots, sizeof(*t->slot));
	for (size_t i = 0; i < t->count; i++)
		*slot_of(t, t->node[i].m.path) = (uint32_t)i + 1;
}

/* The live node of this name, or NULL. */
static struct node *find(struct importtree *t, const char *path)
{
	uint32_t number = *slot_of(t, path);
	struct node *n = number ? &t->node[number - 1] : NULL;

	return n && !n->is_gone ? n : NULL;
}

static uint32_t number_of(const struct importtree *t, const struct node *n)
{
	return (uint32_t)(n - t->node);
}

/* A node for this name; what stood there is forgotten. */
static struct node *claim(struct importtree *t, const char *path)
{
	uint32_t *slot = slot_of(t, path);
	struct node *n;

	if (t->count == t->room) {
		t->room = t->room ? t->room * 2 : 1024;
		t->node = xrealloc(t->node, t->room * sizeof(*t->node));
	}
	/* a name's old node may still be the inode of others, so it is not reused */
	if (*slot)
		t->node[*slot - 1].is_gone = true;
	n = &t->node[t->count++];
	*n = (struct node){ .m = { .path = arena_strdup(&t->arena, path), .link = "" },
		.inode = NONE };
	*slot = (uint32_t)t->count;
	if (t->count * 2 > t->slots)
		grow_slots(t);
	return n;
}

static bool is_below(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return len == 0 ? *path != '\0'
			: strncmp(path, dir, len) == 0 && path[len] == '/';
}

static void forget_below(struct importtree *t, const char *dir)
{
	for (size_t i = 0; i < t->count; i++)
		if (is_below(t->node[i].m.path, dir))
			t->node[i].is_gone = true;
}

static void forget(struct importtree *t, const char *path)
{
	struct node *n = find(t, path);

	if (!n)
		return;
	n->is_gone = true;
	if (n->m.type == '5')
		forget_below(t, path);
}

/* ---- what is not taken */

static bool is_left_empty(const char *path)
{
	static const char *const dirs[] = { "dev", "proc", "sys", "run", "tmp" };

	for (size_t i = 0; i < ARRAY_COUNT(dirs); i++)
		if (is_below(path, dirs[i]))
			return true;
	return false;
}

/* 1 it was one. Only layers have them. */
static int take_whiteout(struct importtree *t, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	char target[RELPATH_MAX + 1];
	int dir_len = slash ? (int)(slash - path) : 0;

	if (strncmp(name, ".wh.", 4) != 0)
		return 0;
	if (strcmp(name, ".wh..wh..opq") == 0) {
		snprintf(target, sizeof(target), "%.*s", dir_len, path);
		forget_below(t, target);
		return 1;
	}
	if (strncmp(name, ".wh..wh.", 8) == 0) /* a builder's own notes */
		return 1;
	snprintf(target, sizeof(target), "%.*s%s%s", dir_len, path, slash ? "/" : "",
		name + 4);
	forget(t, target);
	return 1;
}

/* ---- entries */

static int spool_content(struct importtree *t, struct tar *tar, struct node *n,
	const struct tar_entry *entry, struct err *e)
{
	uint64_t at = t->spool_size;
	ssize_t got;

	n->at = at;
	while ((got = tar_read(tar, t->chunk, CHUNK, e)) > 0) {
		if (fs_write_all(t->spool_fd, t->chunk, (size_t)got, e) < 0)
			return err_wrap(e, "cannot keep '%s'", n->m.path);
		t->spool_size += (uint64_t)got;
	}
	if (got < 0)
		return -1;
	if (t->spool_size - at != (uint64_t)entry->size)
		return err_set(e, ERR_PARSE, "'%s' has %llu of %lld bytes", n->m.path,
			(unsigned long long)(t->spool_size - at), (long long)entry->size);
	return 0;
}

static int by_xattr(const void *a, const void *b)
{
	const struct manifest_xattr *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void copy_xattrs(struct importtree *t, struct node *n)
{
	const struct unpack_entry *j = &t->judged;
	struct manifest_xattr *list;

	if (!j->xattr_count)
		return;
	list = arena_array(&t->arena, j->xattr_count, sizeof(*list));
	for (size_t i = 0; i < j->xattr_count; i++)
		list[i] = (struct manifest_xattr){
			.name = arena_strdup(&t->arena, j->xattr[i].name),
			.value = (const unsigned char *)arena_strndup(&t->arena,
				j->xattr[i].len ? j->xattr[i].value : "",
				j->xattr[i].len),
			.len = (uint16_t)j->xattr[i].len,
		};
	qsort(list, j->xattr_count, sizeof(*list), by_xattr);
	n->m.xattr = list;
	n->m.xattr_count = (uint8_t)j->xattr_count;
}

/* Directories that the archive does not name. */
static int add_parents(struct importtree *t, const char *path, struct err *e)
{
	char part[RELPATH_MAX + 1];
	size_t len = strlen(path);

	for (size_t i = 0; i < len; i++) {
		struct node *n;

		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		n = find(t, part);
		if (n && n->m.type != '5')
			return err_set(e, ERR_PARSE,
				"'%s' lies below '%s', which is no directory", path,
				part);
		if (n)
			continue;
		n = claim(t, part);
		n->m.type = '5';
		n->m.mode = 0755;
	}
	return 0;
}

static int add_hardlink(struct importtree *t, const char *path, struct err *e)
{
	const char *target = t->judged.storage[1];
	struct node *from = find(t, target), *n;
	struct manifest_entry m;
	uint32_t inode;
	uint64_t at;

	if (!from)
		return err_set(e, ERR_PARSE, "'%s' links to '%s', no earlier file", path,
			target);
	if (from->m.type == '5')
		return err_set(
			e, ERR_PARSE, "'%s' links to '%s', a directory", path, target);
	inode = from->inode == NONE ? number_of(t, from) : from->inode;
	m = from->m;
	at = from->at;
	from->inode = inode;
	n = claim(t, path); /* moves the nodes */
	m.path = n->m.path;
	n->m = m;
	n->at = at;
	n->inode = inode;
	return 0;
}

static int add_entry(struct importtree *t, struct tar *tar, const struct tar_entry *entry,
	struct err *e)
{
	const struct unpack_entry *j = &t->judged;
	const char *path = j->storage[0];
	struct node *n;

	if (add_parents(t, path, e) < 0)
		return -1;
	n = find(t, path);
	if (entry->type == TAR_HARDLINK)
		return add_hardlink(t, path, e);
	if (n && n->m.type == '5' && entry->type != TAR_DIR)
		forget_below(t, path);
	n = claim(t, path);
	n->m.type = (char)entry->type;
	n->m.mode = entry->type == TAR_SYMLINK ? 0777 : (uint16_t)j->mode;
	n->m.uid = j->uid;
	n->m.gid = j->gid;
	n->m.mtime_s = j->mtime_s < 0           ? 0
		       : j->mtime_s > MTIME_MAX ? MTIME_MAX
						: j->mtime_s;
	if (entry->type == TAR_SYMLINK)
		n->m.link = arena_strdup(&t->arena, j->target);
	copy_xattrs(t, n);
	if (entry->type != TAR_FILE)
		return 0;
	n->m.size = (uint64_t)entry->size;
	return spool_content(t, tar, n, entry, e);
}

static int judge_entry(struct importtree *t, struct tar *tar,
	const struct tar_entry *entry, unsigned int flags, struct err *e)
{
	switch (unpack_judge(&t->policy, entry, &t->judged, e)) {
	case UNPACK_KEEP:
	case UNPACK_ROOT:
		break;
	case UNPACK_SKIP:
		/* overlayfs' own whiteouts are devices: no layer has them */
		t->left_out++;
		return 0;
	case UNPACK_REFUSE:
	default:
		return -1;
	}
	if (!(flags & IMPORTTREE_ALL) && is_left_empty(t->judged.storage[0])) {
		t->left_out++;
		return 0;
	}
	if ((flags & IMPORTTREE_LAYER) && take_whiteout(t, t->judged.storage[0]))
		return 0;
	return add_entry(t, tar, entry, e);
}

int importtree_add_tar(struct importtree *t, const struct reader *plain,
	unsigned int flags, struct err *e)
{
	auto_tar struct tar *tar = NULL;
	struct tar_entry entry;
	int rc;

	if (tar_open(plain, &tar, e) < 0)
		return -1;
	while ((rc = tar_next(tar, &entry, e)) > 0)
		if (judge_entry(t, tar, &entry, flags, e) < 0)
			return -1;
	return rc;
}

/* ---- reading back */

static ssize_t read_slice(void *ctx, void *buf, size_t size, struct err *e)
{
	struct importslice *s = ctx;
	size_t want = s->left < size ? (size_t)s->left : size;
	ssize_t n = want ? pread(s->fd, buf, want, (off_t)s->at) : 0;

	if (n < 0)
		return err_sys(e, "cannot read what was kept");
	s->at += (uint64_t)n;
	s->left -= (uint64_t)n;
	return n;
}

struct reader importslice_reader(struct importslice *s)
{
	return (struct reader){ .read = read_slice, .ctx = s };
}

int importtree_find(struct importtree *t, const char *path, struct importslice *slice,
	struct reader *out, struct err *e)
{
	const struct node *n = find(t, path);

	(void)e;
	if (!n || n->m.type != '0')
		return 0;
	*slice =
		(struct importslice){ .fd = t->spool_fd, .at = n->at, .left = n->m.size };
	*out = importslice_reader(slice);
	return 1;
}

/* ---- the finished tree */

static int in_order(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a,
			  *y = *(const struct node *const *)b;
	bool dir_x = x->m.type == '5', dir_y = y->m.type == '5';

	if (dir_x != dir_y)
		return dir_x ? -1 : 1;
	return strcmp(x->m.path, y->m.path);
}

/* Of the names of one file the first in tar order is the file, the others link to it. */
static void settle_links(struct importtree *t)
{
	auto_free const char **first = xcalloc(t->count + 1, sizeof(*first));

	for (size_t i = 0; i < t->live; i++) {
		struct node *n = &t->node[number_of(t, t->order[i])];

		if (n->inode == NONE || n->m.type != '0')
			continue;
		if (!first[n->inode]) {
			first[n->inode] = n->m.path;
			continue;
		}
		n->m.type = '1';
		n->m.link = first[n->inode];
		n->m.size = 0;
		n->m.xattr_count = 0;
	}
}

static int check_kept(const struct importtree *t, struct err *e)
{
	if (t->live < 2)
		return err_set(e, ERR_PARSE, "the tree is empty");
	if (t->live > MANIFEST_ENTRIES_MAX)
		return err_set(e, ERR_LIMIT, "the tree has more than %u entries",
			MANIFEST_ENTRIES_MAX);
	for (size_t i = 0; i < t->live; i++) {
		const struct manifest_entry *m = &t->order[i]->m;

		if (m->uid >= IDS || m->gid >= IDS)
			return err_set(e, ERR_PARSE,
				"'%s' belongs to %u:%u, outside of the %u ids that a "
				"client maps",
				m->path, m->uid, m->gid, IDS);
	}
	return 0;
}

int importtree_finish(struct importtree *t, struct err *e)
{
	if (!find(t, "")) {
		struct node *root = claim(t, "");

		root->m.type = '5';
		root->m.mode = 0755;
	}
	t->order = xcalloc(t->count + 1, sizeof(*t->order));
	for (size_t i = 0; i < t->count; i++)
		if (!t->node[i].is_gone)
			t->order[t->live++] = &t->node[i];
	qsort(t->order, t->live, sizeof(*t->order), in_order);
	if (check_kept(t, e) < 0)
		return -1;
	settle_links(t);
	return 0;
}

static const struct manifest_entry *entry_at(void *ctx, size_t i)
{
	const struct importtree *t = ctx;

	return &t->order[i]->m;
}

/* Who owns what is not known: any entry may begin a piece. */
static enum pack_boundary boundary(void *ctx, size_t i)
{
	(void)ctx;
	return i > 0 ? PACK_RUN : PACK_INSIDE;
}

static int open_content(void *ctx, size_t i, struct reader *out, struct err *e)
{
	struct importtree *t = ctx;
	const struct node *n = t->order[i];

	(void)e;
	t->reading =
		(struct importslice){ .fd = t->spool_fd, .at = n->at, .left = n->m.size };
	*out = importslice_reader(&t->reading);
	return 0;
}

static void close_content(void *ctx)
{
	(void)ctx;
}

struct pack_source importtree_source(struct importtree *t)
{
	return (struct pack_source){ .count = t->live,
		.entry = entry_at,
		.boundary = boundary,
		.open = open_content,
		.close = close_content,
		.ctx = t };
}

int64_t importtree_newest_s(const struct importtree *t)
{
	int64_t newest = 0;

	for (size_t i = 0; i < t->live; i++)
		if (t->order[i]->m.mtime_s > newest)
			newest = t->order[i]->m.mtime_s;
	return newest;
}

uint64_t importtree_left_out(const struct importtree *t)
{
	return t->left_out;
}
