#include "indexer/backup.h"

#include "lib/adapt/hashfile.h"
#include "lib/adapt/json.h"
#include "lib/base/fs.h"
#include "lib/base/jsonw.h"
#include "lib/model/field.h"

#include <fcntl.h>

#define LIST_NAME  "backup.json"
#define LIST_BYTES (1U << 20)
#define FILES_MAX  4096
#define DEPTH_MAX  4

struct saving {
	int to_fd;
	struct jsonw *list;
	struct backup_result *out;
};

static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), tail = strlen(suffix);

	return len >= tail && strcmp(name + len - tail, suffix) == 0;
}

/* What is made anew, is public, or belongs to a running agent. */
static bool is_left(const char *path)
{
	static const char *const names[] = { YARD_PUBLIC, YARD_STAGING, YARD_LOCK };
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (strcmp(path, names[i]) == 0)
			return true;
	/* itself is saved by SQLite; its log, and another one beside it, are not */
	if (strncmp(path, CATALOG_NAME, strlen(CATALOG_NAME)) == 0)
		return true;
	return base[0] == '.' || has_suffix(base, ".lock") || strstr(base, ".tmp-");
}

static void note(
	struct saving *s, const char *path, uint64_t size, const struct digest *sha256)
{
	char hex[DIGEST_HEX];

	digest_hex(sha256, hex);
	jsonw_object(s->list);
	jsonw_kstr(s->list, "path", path);
	jsonw_kint(s->list, "size", (int64_t)size);
	jsonw_kstr(s->list, "sha256", hex);
	jsonw_end_object(s->list);
	s->out->files++;
	s->out->size += size;
}

/* Copies a file that is open, hashing; the directories above it are made. */
static int copy_file(int in_fd, int to_fd, const char *to, mode_t mode, mode_t dir_mode,
	uint64_t *size, struct digest *sha256, struct err *e)
{
	auto_hashfile struct hashfile h = HASHFILE_INIT;
	const char *slash = strrchr(to, '/');
	auto_free char *parent = xasprintf("%.*s", slash ? (int)(slash - to) : 0, to);
	struct reader in = reader_of_fd(&in_fd);
	struct writer out = hashfile_writer(&h);
	auto_fd int dir_fd = -1;
	char chunk[65536];
	ssize_t n;

	if (slash && fs_mkdirs(to_fd, parent, dir_mode, e) < 0)
		return -1;
	dir_fd = fs_open_dir_at(to_fd, slash ? parent : ".", e);
	if (dir_fd < 0 || hashfile_begin(&h, dir_fd, slash ? slash + 1 : to, mode, e) < 0)
		return -1;
	while ((n = reader_read(&in, chunk, sizeof(chunk), e)) > 0)
		if (writer_write(&out, chunk, (size_t)n, e) < 0)
			return -1;
	return n < 0 ? -1 : hashfile_commit(&h, size, sha256, e);
}

static int save_file(
	struct saving *s, int from_fd, const char *from, const char *to, struct err *e)
{
	auto_fd int fd = fs_open_beneath(from_fd, from, O_RDONLY | O_NONBLOCK, 0, e);
	struct digest sha256;
	uint64_t size;

	if (fd < 0 || copy_file(fd, s->to_fd, to, 0600, 0700, &size, &sha256, e) < 0)
		return err_wrap(e, "cannot save '%s'", from);
	note(s, to, size, &sha256);
	return 0;
}

static int save_dir(struct saving *s, int from_fd, const char *from, const char *to,
	int depth, struct err *e);

static int save_one(struct saving *s, int from_fd, const char *from, const char *to,
	int depth, struct err *e)
{
	struct stat st;

	if (is_left(to))
		return 0;
	if (fstatat(from_fd, from, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "cannot look at '%s'", from);
	if (S_ISDIR(st.st_mode))
		return depth < DEPTH_MAX ? save_dir(s, from_fd, from, to, depth + 1, e)
					 : 0;
	return S_ISREG(st.st_mode) ? save_file(s, from_fd, from, to, e) : 0;
}

static int save_dir(struct saving *s, int from_fd, const char *from, const char *to,
	int depth, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(from_fd, from, &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		auto_free char *below = xasprintf("%s/%s", from, names.name[i]);
		auto_free char *there = *to ? xasprintf("%s/%s", to, names.name[i])
					    : xstrdup(names.name[i]);

		if (save_one(s, from_fd, *to ? below : names.name[i], there, depth, e) <
			0)
			return -1;
	}
	return 0;
}

static int save_catalog(struct saving *s, struct yard *y, const char *path, struct err *e)
{
	auto_free char *to = xasprintf("%s/%s", path, CATALOG_NAME);
	auto_fd int fd = -1;
	struct digest sha256;
	uint64_t size;

	if (catalog_copy(y->catalog, to, e) < 0)
		return -1;
	fd = fs_open_beneath(s->to_fd, CATALOG_NAME, O_RDONLY, 0, e);
	if (fd < 0)
		return -1;
	if (fchmod(fd, 0600) < 0)
		return err_sys(e, "cannot close '%s' to others", to);
	if (fs_sync(fd, to, e) < 0 || digest_of_fd(fd, to, &sha256, &size, e) < 0)
		return -1;
	note(s, CATALOG_NAME, size, &sha256);
	return 0;
}

static int save_all(struct saving *s, struct yard *y, const char *path, struct err *e)
{
	if (save_catalog(s, y, path, e) < 0 || save_dir(s, y->fd, ".", "", 0, e) < 0)
		return -1;
	/* public, but small, and without them no signature can be checked */
	if (save_dir(s, y->public_fd, "trust", "trust", 0, e) < 0)
		return -1;
	return save_dir(s, y->public_fd, "keys", "keys", 0, e);
}

int backup_write(struct yard *y, int dir_fd, const char *path, struct backup_result *out,
	struct err *e)
{
	auto_buf struct buf text = BUF_INIT(LIST_BYTES);
	struct jsonw w = jsonw_to(&text);
	struct saving s = { .to_fd = dir_fd, .list = &w, .out = out };
	struct catalog_generation g = { .number = 0 };

	*out = (struct backup_result){ 0 };
	if (catalog_generation_find(y->catalog, "live", &g, e) < 0)
		return -1;
	out->generation = g.number;
	jsonw_object(&w);
	jsonw_kint(&w, "schema", 1);
	jsonw_kstr(&w, "repo", y->facts.repo);
	jsonw_kint(&w, "created", y->now_s);
	jsonw_kint(&w, "generation", g.number);
	jsonw_key(&w, "files");
	jsonw_array(&w);
	if (save_all(&s, y, path, e) < 0)
		return -1;
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	buf_add_byte(&text, '\n');
	if (buf_check(&text, LIST_NAME, e) < 0)
		return -1;
	return atomic_write_file(dir_fd, LIST_NAME, buf_bytes(&text), 0600, e);
}

/* ---- and back */

/* Where a saved file belongs, and who may read it there. */
static const struct place {
	const char *prefix, *to;
	mode_t mode, dir_mode;
	bool may_be_there; /* copied with public/ already */
} places[] = {
	{ "gnupg/", "", 0600, 0700, false },
	{ "trust/", YARD_PUBLIC "/", 0644, 0755, true },
	{ "keys/", YARD_PUBLIC "/", 0644, 0755, true },
	{ "", "", 0644, 0755, false },
};

static const struct place *place_of(const char *path)
{
	const struct place *p = places;

	while (strncmp(path, p->prefix, strlen(p->prefix)) != 0)
		p++;
	return p;
}

static int restore_file(const struct json *o, int from_fd, int tree_fd,
	struct backup_result *out, struct err *e)
{
	auto_arena struct arena arena = { 0 };
	auto_free char *to = NULL;
	auto_fd int fd = -1;
	const struct place *p;
	struct digest want, got;
	uint64_t size, copied;
	const char *path;

	if (field_path(o, "path", &arena, &path, e) < 0 ||
		field_size(o, "size", &size, e) < 0 ||
		field_digest(o, "sha256", &want, e) < 0)
		return -1;
	p = place_of(path);
	to = xasprintf("%s%s", p->to, path);
	if (p->may_be_there && fs_exists_at(tree_fd, to))
		return 0;
	fd = fs_open_beneath(from_fd, path, O_RDONLY | O_NONBLOCK, 0, e);
	if (fd < 0 ||
		copy_file(fd, tree_fd, to, p->mode, p->dir_mode, &copied, &got, e) < 0)
		return -1;
	if (copied != size || !digest_equal(&got, &want)) {
		unlinkat(tree_fd, to, 0);
		return err_set(e, ERR_DAMAGED, "'%s' is not what was saved", path);
	}
	out->files++;
	out->size += size;
	return 0;
}

static int restore_files(const struct json *root, int from_fd, int tree_fd,
	struct backup_result *out, struct err *e)
{
	const struct json *list, *item;
	size_t count;

	if (field_array(root, "files", FILES_MAX, &list, &count, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (field_object_at(list, i, &item, e) < 0 ||
			restore_file(item, from_fd, tree_fd, out, e) < 0)
			return -1;
	return 0;
}

/* Nothing that could be lost may lie there. */
static int check_place(int tree_fd, const char *tree, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_exists_at(tree_fd, YARD_MARK))
		return 0;
	if (fs_list_dir(tree_fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (strcmp(names.name[i], YARD_PUBLIC) != 0)
			return err_set(e, ERR_CONFLICT,
				"'%s' is not empty: remove '%s' from it, or name another "
				"directory",
				tree, names.name[i]);
	return 0;
}

int backup_restore(int dir_fd, int tree_fd, const char *tree, struct backup_result *out,
	struct err *e)
{
	auto_buf struct buf text = BUF_INIT(LIST_BYTES);
	auto_json struct json_doc *doc = NULL;
	auto_yard struct yard y = YARD_INIT;
	const struct json *root;

	*out = (struct backup_result){ 0 };
	if (fs_read_at(dir_fd, LIST_NAME, &text, e) < 0)
		return err_wrap(e, "it is no finished backup");
	if (json_open(buf_bytes(&text), &doc, e) < 0 || json_root(doc, &root, e) < 0 ||
		field_schema(root, e) < 0 ||
		json_get_int(root, "generation", 0, FIELD_INT_MAX, &out->generation, e) <
			0)
		return err_wrap(e, "'%s'", LIST_NAME);
	if (check_place(tree_fd, tree, e) < 0 ||
		atomic_write_file(
			tree_fd, YARD_MARK, bytes_of_str("restore\n"), 0600, e) < 0 ||
		yard_make(tree_fd, e) < 0 ||
		restore_files(root, dir_fd, tree_fd, out, e) < 0)
		return -1;
	if (unlinkat(tree_fd, YARD_MARK, 0) < 0)
		return err_sys(e, "cannot remove '%s/%s'", tree, YARD_MARK);
	if (fs_sync(tree_fd, tree, e) < 0 || yard_open(tree, 0, 0, &y, e) < 0)
		return -1;
	return yard_live(&y, &out->live, e) < 0 ? -1 : 0;
}
