#include "indexer/write.h"

#include "indexer/inode.h"
#include "indexer/listed.h"
#include "lib/adapt/zst.h"
#include "lib/base/fs.h"
#include "lib/model/catdoc.h"

#include <fcntl.h>
#include <sys/stat.h>

#define ZST_LEVEL 10
#define ZST_MAX   (CATALOG_MAX + (1U << 20))

static bool is_complete(int public_fd, const char *path, uint64_t size)
{
	struct stat st;

	return fstatat(public_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(st.st_mode) && (uint64_t)st.st_size == size;
}

static int write_object(
	struct yard *y, const char *path, struct bytes text, struct err *e)
{
	if (is_complete(y->public_fd, path, text.len))
		return 0;
	return inode_replace(y->staging_fd, y->public_fd, path, text, e);
}

/* Clients fetch the compressed form of catalogs and image documents. */
static bool has_companion(const char *kind)
{
	return strcmp(kind, "catalog") == 0 || strcmp(kind, "image") == 0;
}

int write_companion(const char *path, struct bytes text, struct buf *out, struct err *e)
{
	if (zst_encode(text, ZST_LEVEL, out, e) < 0)
		return -1;
	return buf_check(out, path, e);
}

static int write_document(const char *kind, const struct digest *sha256,
	struct bytes text, void *ctx, struct err *e)
{
	auto_buf struct buf packed = BUF_INIT(ZST_MAX);
	struct yard *y = ctx;
	char path[LAYOUT_PATH_MAX], companion[LAYOUT_PATH_MAX + 4];

	layout_object(sha256, path);
	if (write_object(y, path, text, e) < 0)
		return -1;
	if (!has_companion(kind))
		return 0;

	snprintf(companion, sizeof(companion), "%s.zst", path);
	if (write_companion(companion, text, &packed, e) < 0)
		return -1;
	return write_object(y, companion, buf_bytes(&packed), e);
}

int write_documents(struct yard *y, struct err *e)
{
	auto_fd int objects = fs_open_dir_at(y->public_fd, LAYOUT_OBJECTS, e);

	if (objects < 0 ||
		catalog_document_walk_pending(y->catalog, write_document, y, e) < 0)
		return -1;
	return fs_sync(objects, LAYOUT_OBJECTS, e);
}

/* A generation being written, in the order of its paths. */
struct filling {
	int fd;
	char dir[LAYOUT_PATH_MAX]; /* made last */
};

static int write_file(const char *path, const struct digest *unused, struct bytes text,
	void *ctx, struct err *e)
{
	struct filling *g = ctx;
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 0;

	(void)unused;
	if (len && (strncmp(g->dir, path, len) != 0 || g->dir[len] != '\0')) {
		snprintf(g->dir, sizeof(g->dir), "%.*s", (int)len, path);
		if (fs_mkdirs(g->fd, g->dir, 0755, e) < 0)
			return -1;
	}
	return inode_write(g->fd, path, text, INODE_MARKED, e);
}

/* Every directory beneath and then the one itself. */
static int sync_tree(int at_fd, const char *name, struct err *e)
{
	auto_fd int fd = fs_open_dir_at(at_fd, name, e);
	auto_names struct fs_names names = { 0 };
	struct stat st;

	if (fd < 0 || fs_list_dir(fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (fstatat(fd, names.name[i], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			S_ISDIR(st.st_mode) && sync_tree(fd, names.name[i], e) < 0)
			return -1;
	return fs_sync(fd, name, e);
}

static int write_files(struct yard *y, int64_t number, const char *base, struct err *e)
{
	auto_buf struct buf envelope = BUF_INIT(TRUST_DOC_MAX);
	auto_fd int gen_fd = -1;
	struct filling filling;
	struct catalog_signing s;
	int rc;

	if (fs_remove_tree(y->public_fd, base, e) < 0 ||
		fs_mkdirs(y->public_fd, base, 0755, e) < 0)
		return -1;
	gen_fd = fs_open_dir_at(y->public_fd, base, e);
	filling = (struct filling){ .fd = gen_fd, .dir = "" };
	if (gen_fd < 0 ||
		catalog_genfile_walk(y->catalog, number, write_file, &filling, e) < 0)
		return -1;

	rc = catalog_signing_find(y->catalog, "staged", &s, &envelope, e);
	if (rc == 0 || (rc > 0 && s.generation != number))
		return err_set(e, ERR_DAMAGED,
			"generation %lld was staged without its `current`",
			(long long)number);
	if (rc < 0 || buf_check(&envelope, "current", e) < 0 ||
		write_file(LAYOUT_CURRENT, NULL, buf_bytes(&envelope), &filling, e) < 0)
		return -1;
	return sync_tree(gen_fd, ".", e);
}

int write_generation(struct yard *y, struct notary *n, int64_t number, struct err *e)
{
	char temp[LAYOUT_PATH_MAX], final[LAYOUT_PATH_MAX];

	snprintf(temp, sizeof(temp), "%s/%lld.tmp", LAYOUT_GEN, (long long)number);
	snprintf(final, sizeof(final), "%s/%lld", LAYOUT_GEN, (long long)number);
	if (write_documents(y, e) < 0 || write_files(y, number, temp, e) < 0 ||
		write_check(y, n, temp, e) < 0)
		return -1;
	return fs_rename_synced(y->public_fd, temp, y->public_fd, final, e);
}

static int read_object(struct yard *y, const struct trust_object *o, size_t ceiling,
	struct buf *out, struct err *e)
{
	struct digest d;

	out->ceiling = ceiling;
	if (fs_read_at(y->public_fd, o->path, out, e) < 0)
		return -1;
	d = digest_of(buf_bytes(out));
	if (out->len != o->size || !digest_equal(&d, &o->sha256))
		return err_set(e, ERR_UNTRUSTED, "'%s' is not what `current` says it is",
			o->path);
	return 0;
}

static int check_current(struct yard *y, struct notary *n, const struct envelope *v,
	const struct current *c, struct err *e)
{
	auto_buf struct buf catalog = BUF_INIT(0);

	if (notary_check_pae(n, &n->timestamp, TRUST_TYPE_CURRENT, v->payload,
		    v->signature, v->signature_count, e) < 0)
		return err_wrap(e, "'%s'", LAYOUT_CURRENT);
	if (read_object(y, &c->catalog, CATALOG_MAX, &catalog, e) < 0)
		return -1;
	if (notary_check_pae(n, &n->publish, TRUST_TYPE_CATALOG, buf_bytes(&catalog),
		    c->catalog_signature, c->catalog_signature_count, e) < 0)
		return err_wrap(e, "'%s'", c->catalog.path);
	return 0;
}

static int check_files(struct yard *y, struct notary *n, int base_fd,
	const struct current *c, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(0);
	auto_arena struct arena arena = { 0 };
	struct trust_object *file;
	struct listed l;
	size_t count;

	if (read_object(y, &c->files, TRUST_DOC_MAX, &text, e) < 0 ||
		files_parse(buf_bytes(&text), &arena, &file, &count, e) < 0)
		return -1;
	l = (struct listed){ .file = file, .count = count, .base_fd = base_fd, .n = n };
	for (size_t i = 0; i < count; i++)
		if (listed_check(&l, i, e) < 0)
			return -1;
	return 0;
}

int write_check(struct yard *y, struct notary *n, const char *base, struct err *e)
{
	auto_fd int base_fd = fs_open_dir_at(y->public_fd, base, e);
	auto_buf struct buf text = BUF_INIT(TRUST_DOC_MAX);
	auto_envelope struct envelope v = { 0 };
	struct current c = { 0 };
	int rc;

	if (base_fd < 0 || fs_read_at(base_fd, LAYOUT_CURRENT, &text, e) < 0 ||
		envelope_parse(buf_bytes(&text), &v, e) < 0)
		return -1;
	if (strcmp(v.type, TRUST_TYPE_CURRENT) != 0)
		return err_set(
			e, ERR_UNTRUSTED, "'%s' is of type '%s'", LAYOUT_CURRENT, v.type);
	if (current_parse(v.payload, &c, e) < 0)
		return -1;

	rc = check_current(y, n, &v, &c, e);
	if (rc == 0)
		rc = check_files(y, n, base_fd, &c, e);
	current_release(&c);
	return rc;
}
