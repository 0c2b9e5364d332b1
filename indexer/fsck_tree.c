#include "indexer/fsck.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/stat.h>

#define DEPTH_MAX 32
#define FILES_MAX 64

struct tree_walk {
	struct fsck *f;
	char path[4096];
	size_t len;
	int depth;
	/* the build that was asked for last: all its files are asked for in a row */
	char build[LAYOUT_PATH_MAX]; /* d/r/a/v/SERIAL */
	int is_known;
	const char *file[FILES_MAX]; /* what its rows name */
	size_t file_count;
	struct arena arena;
};

static bool is_young(const struct fsck *f, const struct stat *st)
{
	return f->yard->now_s - (int64_t)st->st_mtime < FSCK_GRACE_S;
}

static void check_mode(struct tree_walk *w, const struct stat *st)
{
	mode_t need = S_ISDIR(st->st_mode) ? 05 : 04;

	if (st->st_mode & 02)
		fsck_find(w->f, "F9", w->path, "everybody may write it; chmod o-w");
	if ((st->st_mode & need) != need)
		fsck_find(w->f, "F9", w->path, "the server may not read it; chmod a+rX");
	if (st->st_mode & 02 || (st->st_mode & need) != need)
		fsck_chmod(w->f, w->f->yard->public_fd, w->path,
			S_ISDIR(st->st_mode) ? 0755 : 0644);
}

static void check_symlink(struct tree_walk *w)
{
	const struct layout_link *l = layout_find_link(w->path);
	char target[LAYOUT_PATH_MAX];
	ssize_t n = readlinkat(w->f->yard->public_fd, w->path, target, sizeof(target));

	if (strcmp(w->path, LAYOUT_LIVE) == 0)
		return;
	if (!l || n < 0) {
		fsck_find(w->f, "F9", w->path,
			"is a symbolic link that has no business here; "
			"remove it");
		fsck_lose(w->f, w->path);
	} else if (!bytes_equal_str(bytes_of(target, (size_t)n), l->target)) {
		fsck_find(w->f, "F9", w->path, "must point to '%s'; make the link anew",
			l->target);
		fsck_relink(w->f, w->path, l->target);
	}
}

static int take_file(const struct catalog_file *file, void *ctx, struct err *e)
{
	struct tree_walk *w = ctx;

	if (w->file_count == FILES_MAX)
		return err_set(e, ERR_LIMIT, "a build has more than %d files", FILES_MAX);
	w->file[w->file_count++] = arena_strdup(&w->arena, file->name);
	return 0;
}

/* One question for all files of a build. */
static int read_files(struct tree_walk *w, int64_t build, struct err *e)
{
	arena_release(&w->arena);
	w->file_count = 0;
	return catalog_file_walk(w->f->yard->catalog, build, take_file, w, e);
}

/* "d/r/a/v/SERIAL": 1 a row knows it, 0 not, -1 an error. */
static int find_build(struct tree_walk *w, const char *path, size_t len, struct err *e)
{
	char text[LAYOUT_PATH_MAX];
	struct image image;
	struct err ignored;
	int64_t id = 0;
	char *serial;

	if (len >= sizeof(text))
		return 0;
	snprintf(text, sizeof(text), "%.*s", (int)len, path);
	if (strcmp(text, w->build) == 0)
		return w->is_known;
	snprintf(w->build, sizeof(w->build), "%s", text);
	w->is_known = 0;
	serial = strrchr(text, '/');
	*serial++ = '\0';
	if (strlen(text) < IMAGE_NAME_MAX && image_parse(text, &image, &ignored) == 0)
		w->is_known =
			catalog_build_find(w->f->yard->catalog, &image, serial, &id, e);
	if (w->is_known > 0 && read_files(w, id, e) < 0)
		w->is_known = -1;
	return w->is_known;
}

static bool is_known_file(const struct tree_walk *w, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(name, "SHA256SUMS", 10) == 0)
		return !name[10] || !strcmp(name + 10, ".asc") ||
		       !strcmp(name + 10, ".gpg");
	if (len > 4 && strcmp(name + len - 4, ".asc") == 0)
		len -= 4;
	for (size_t i = 0; i < w->file_count; i++)
		if (strncmp(w->file[i], name, len) == 0 && !w->file[i][len])
			return true;
	return false;
}

/* "images/d/r/a/v/SERIAL[/NAME]" -> 1 a row knows it, 0 not, -1 an error. */
static int is_known_build(struct tree_walk *w, int depth, struct err *e)
{
	const char *at = strchr(w->path, '/') + 1, *name, *serial = at;
	int rc;

	for (int i = 0; i < 4; i++)
		serial = strchr(serial, '/') + 1;
	name = strchr(serial, '/');
	rc = find_build(w, at, name ? (size_t)(name - at) : strlen(at), e);
	return rc <= 0 || depth == 6 ? rc : is_known_file(w, name + 1);
}

static int is_known_object(struct tree_walk *w, struct err *e)
{
	const char *name = strrchr(w->path, '/') + 1;
	char hex[DIGEST_HEX];
	struct digest d;
	struct err ignored;
	uint64_t size;

	if (strlen(name) < 64 || (name[64] && strcmp(name + 64, ".zst") != 0))
		return 0;
	snprintf(hex, sizeof(hex), "%.64s", name);
	if (digest_parse(hex, &d, &ignored) < 0)
		return 0;
	return catalog_document_find(w->f->yard->catalog, &d, &size, e);
}

/* Pages are made again with their image: images/d/index.html, and two of an image. */
static bool is_page(const char *path, int depth)
{
	const char *base = strrchr(path, '/') + 1;

	return ((depth == 3 || depth == 6) && strcmp(base, "index.html") == 0) ||
	       (depth == 6 && strcmp(base, "history.json") == 0);
}

static int check_owner(struct tree_walk *w, const struct stat *st, struct err *e)
{
	int depth = 1, rc = 1;

	for (const char *c = w->path; *c; c++)
		depth += *c == '/';
	if (strncmp(w->path, "images/", 7) == 0) {
		if (depth < 6 && S_ISDIR(st->st_mode))
			return 0;
		if (is_page(w->path, depth) && S_ISREG(st->st_mode))
			return 0;
		rc = depth == 6 || depth == 7 ? is_known_build(w, depth, e) : 0;
	} else if (strncmp(w->path, LAYOUT_OBJECTS "/", strlen(LAYOUT_OBJECTS "/")) ==
		   0) {
		rc = is_known_object(w, e);
	} else if (strncmp(w->path, "v2/", 3) == 0 && !S_ISDIR(st->st_mode)) {
		rc = fsck_oci_knows(w->f, w->path, e);
	} else if (strncmp(w->path, "sigs/", 5) == 0 && !S_ISDIR(st->st_mode)) {
		rc = fsck_claims_know(w->f, w->path, e);
	}
	if (rc < 0)
		return -1;
	if (rc == 0 && !is_young(w->f, st)) {
		fsck_find(w->f, "F3", w->path,
			"nothing in the catalog knows it; move it away or remove it");
		fsck_lose(w->f, w->path);
	}
	return 0;
}

static bool is_temporary(const char *path)
{
	const char *base = strrchr(path, '/');
	size_t len;

	base = base ? base + 1 : path;
	len = strlen(base);
	return (len > 4 && strcmp(base + len - 4, ".tmp") == 0) || strstr(base, ".tmp-");
}

static void check_name(struct tree_walk *w)
{
	struct relpath p;
	struct err ignored;

	/* what container engines look for there has '@' and '=' in its name */
	if (strncmp(w->path, "sigs/", 5) == 0)
		return;
	if (relpath_parse(w->path, &p, &ignored) < 0 || !relpath_is_portable(&p)) {
		fsck_find(w->f, "F16", w->path,
			"is a name that no signed document may carry; remove it");
		fsck_lose(w->f, w->path);
	}
}

static int walk(struct tree_walk *w, struct err *e);

/* Moved away a moment ago? */
static bool is_gone(const struct tree_walk *w)
{
	return w->f->repair && !fs_exists_at(w->f->yard->public_fd, w->path);
}

static int visit_odd(struct tree_walk *w)
{
	fsck_find(w->f, "F9", w->path, "is neither a file nor a directory; remove it");
	fsck_lose(w->f, w->path);
	return 0;
}

static int visit(struct tree_walk *w, int dir_fd, const char *name, struct err *e)
{
	struct stat st;

	if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "cannot look at '%s'", w->path);
	check_name(w);
	if (is_gone(w))
		return 0;
	if (is_temporary(w->path)) {
		if (!is_young(w->f, &st)) {
			fsck_find(w->f, "F13", w->path,
				"is left over from an interrupted run; run 'publish', "
				"which removes it");
			fsck_lose(w->f, w->path);
		}
		return 0;
	}
	if (S_ISLNK(st.st_mode)) {
		check_symlink(w);
		return 0;
	}
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return visit_odd(w);
	check_mode(w, &st);
	if (check_owner(w, &st, e) < 0)
		return -1;
	return S_ISDIR(st.st_mode) && !is_gone(w) ? walk(w, e) : 0;
}

static int walk(struct tree_walk *w, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	auto_fd int dir_fd = -1;
	size_t len = w->len;
	int rc = 0;

	if (++w->depth > DEPTH_MAX)
		return err_set(e, ERR_LIMIT, "'%s' is too deep", w->path);
	dir_fd = fs_open_dir_at(w->f->yard->public_fd, len ? w->path : ".", e);
	if (dir_fd < 0 || fs_list_dir(dir_fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count && rc == 0; i++) {
		int n = snprintf(w->path + len, sizeof(w->path) - len, "%s%s",
			len ? "/" : "", names.name[i]);

		if (n < 0 || (size_t)n >= sizeof(w->path) - len)
			return err_set(e, ERR_LIMIT, "a name in public/ is too long");
		w->len = len + (size_t)n;
		rc = visit(w, dir_fd, names.name[i], e);
	}
	w->len = len;
	w->path[len] = '\0';
	w->depth--;
	return rc;
}

static int check_staging(struct fsck *f, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(f->yard->staging_fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		char path[300];
		struct stat st;

		snprintf(path, sizeof(path), "%s/%s", YARD_STAGING, names.name[i]);
		if (fstatat(f->yard->staging_fd, names.name[i], &st,
			    AT_SYMLINK_NOFOLLOW) == 0 &&
			!is_young(f, &st)) {
			fsck_find(f, "F13", path,
				"is left over from an interrupted run; run 'publish', "
				"which removes it");
			fsck_lose_staged(f, names.name[i]);
		}
	}
	return 0;
}

int fsck_tree(struct fsck *f, struct err *e)
{
	auto_free struct tree_walk *w = xcalloc(1, sizeof(*w));
	int rc;

	w->f = f;
	rc = walk(w, e);
	arena_release(&w->arena);
	return rc < 0 ? -1 : check_staging(f, e);
}
