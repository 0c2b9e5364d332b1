#include "indexer/rebuild.h"

#include "indexer/build_facts.h"
#include "indexer/catalog_keep.h"
#include "indexer/combine.h"
#include "indexer/emit.h"
#include "indexer/inode.h"
#include "indexer/intake.h"
#include "indexer/piecefile.h"
#include "lib/adapt/json.h"
#include "lib/base/fs.h"
#include "lib/model/field.h"
#include "lib/model/sums.h"

#include <fcntl.h>

#define FILES_MAX   64
#define PASTS_MAX   65536
#define HISTORY_MAX (16U << 20)
#define SUMS        "SHA256SUMS"
#define SUMS_MAX    (64U << 10)
#define MIRROR      "copy the build back from a mirror, or move it away"

/* What is published about the builds of one image. */
struct past {
	const char *serial, *state;
};

struct about {
	struct rebuild *r;
	struct image image;
	const char *dir; /* images/d/r/a/v */
	struct imagedoc doc;
	struct imagedoc *older; /* what its history lists */
	size_t older_count;
	struct arena arena;
	struct past
		*past; /* history.json: a page, believed for what nothing signed says */
	size_t past_count;
};

static void about_release(struct about *a)
{
	imagedoc_release(&a->doc);
	for (size_t i = 0; i < a->older_count; i++)
		imagedoc_release(&a->older[i]);
	arena_release(&a->arena);
}

static int read_document(
	struct rebuild *r, const struct digest *d, struct imagedoc *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(IMAGE_DOC_MAX);
	char path[LAYOUT_PATH_MAX];
	struct digest got;

	layout_object(d, path);
	if (fs_read_at(r->yard->public_fd, path, &text, e) < 0)
		return -1;
	got = digest_of(buf_bytes(&text));
	if (!digest_equal(&got, d))
		return err_set(e, ERR_UNTRUSTED, "'%s' is not what its name says", path);
	return imagedoc_parse(buf_bytes(&text), out, e) < 0 ? err_wrap(e, "'%s'", path)
							    : 0;
}

static int read_documents(struct about *a, struct err *e)
{
	const struct catdoc *c = &a->r->catalog;
	const struct catdoc_line *line = NULL;

	for (size_t i = 0; i < c->line_count && !line; i++)
		if (image_equal(&c->line[i].image, &a->image))
			line = &c->line[i];
	if (!line)
		return 0;
	if (read_document(a->r, &line->doc, &a->doc, e) < 0)
		return -1;
	a->older = arena_array(&a->arena, a->doc.history_count + 1, sizeof(*a->older));
	for (; a->older_count < a->doc.history_count; a->older_count++)
		if (read_document(a->r, &a->doc.history[a->older_count].object.sha256,
			    &a->older[a->older_count], e) < 0)
			return -1;
	return 0;
}

static int parse_past(struct about *a, struct bytes text, struct err *e)
{
	static const char *const states[] = { "active", "withdrawn", NULL };
	auto_json struct json_doc *doc = NULL;
	const struct json *root, *list, *item;
	size_t count;

	if (json_open(text, &doc, e) < 0 || json_root(doc, &root, e) < 0 ||
		field_array(root, "builds", PASTS_MAX, &list, &count, e) < 0)
		return -1;
	a->past = arena_array(&a->arena, count + 1, sizeof(*a->past));
	for (size_t i = 0; i < count; i++) {
		struct past *p = &a->past[i];

		if (field_object_at(list, i, &item, e) < 0 ||
			field_str(item, "serial", &a->arena, &p->serial, e) < 0 ||
			field_word(item, "state", states, &p->state, e) < 0)
			return -1;
	}
	a->past_count = count;
	return 0;
}

/* A page that is broken says nothing. */
static void read_past(struct about *a)
{
	auto_buf struct buf text = BUF_INIT(HISTORY_MAX);
	auto_free char *path = xasprintf("%s/history.json", a->dir);
	struct err ignored;

	if (fs_read_at(a->r->yard->public_fd, path, &text, &ignored) < 0 ||
		parse_past(a, buf_bytes(&text), &ignored) < 0)
		a->past_count = 0;
}

static const struct doc_build *find_documented(const struct about *a, const char *serial)
{
	const struct doc_build *b = imagedoc_build(&a->doc, serial, "");

	for (size_t i = 0; i < a->older_count && !b; i++)
		b = imagedoc_build(&a->older[i], serial, "");
	return b;
}

static bool is_among(const char *const *list, size_t count, const char *serial)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], serial) == 0)
			return true;
	return false;
}

/* active, held, withdrawn; NULL: nothing published names it. */
static const char *published_state(const struct about *a, const char *serial)
{
	const struct doc_build *b = find_documented(a, serial);

	if (b)
		return b->state;
	if (is_among(a->doc.hold, a->doc.hold_count, serial))
		return "held";
	for (size_t i = 0; i < a->past_count; i++)
		if (strcmp(a->past[i].serial, serial) == 0)
			return a->past[i].state;
	return NULL;
}

/* ---- one build */

struct reading {
	struct about *about;
	const char *serial;
	char dir[LAYOUT_PATH_MAX]; /* images/d/r/a/v/SERIAL */
	int dir_fd;
	const struct doc_build *documented; /* or NULL */
	struct build build;
	struct build_facts facts;
	struct catalog_file file[FILES_MAX];
	size_t count;
	struct arena arena;
	char signer[FPR_MAX];
	int64_t admitted_s;
};

static int read_sums(struct reading *b, struct buf *out, struct err *e)
{
	struct stat st;

	if (fs_read_at(b->dir_fd, SUMS, out, e) < 0)
		return -1;
	if (fstatat(b->dir_fd, SUMS, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "cannot read '%s'", SUMS);
	b->admitted_s = (int64_t)st.st_mtime;
	return 0;
}

/* A signed document may vouch for a build; then the signature tells only whose it is, and
 * nothing where there was one key for ever. */
static int find_signer(struct reading *b, struct bytes sums, struct err *e)
{
	struct rebuild *r = b->about->r;
	auto_buf struct buf asc = BUF_INIT(SIGNATURE_MAX);
	const char *only = rebuild_only_publisher(r);
	char path[LAYOUT_PATH_MAX];

	if (b->documented && only) {
		snprintf(b->signer, sizeof(b->signer), "%s", only);
		return 0;
	}
	layout_artifact(&b->about->image, b->serial, SUMS, path);
	if (fs_read_at(b->dir_fd, SUMS ".asc", &asc, e) < 0 ||
		rebuild_signer(r, sums, buf_bytes(&asc), path, b->signer, e) < 0)
		return -1;
	if (b->documented || rebuild_trusts(r, b->signer))
		return 0;
	return err_set(e, ERR_UNTRUSTED,
		"'%s' is signed by %s, which the newest root does not trust, and no "
		"signed document names the build",
		SUMS, b->signer);
}

static struct catalog_file *add_file(
	struct reading *b, const char *name, bool is_signed, struct err *e)
{
	struct catalog_file *f = &b->file[b->count];

	if (b->count == FILES_MAX) {
		err_set(e, ERR_LIMIT, "a build has more than %d files", FILES_MAX);
		return NULL;
	}
	b->count++;
	*f = (struct catalog_file){ .name = arena_strdup(&b->arena, name),
		.is_signed = is_signed };
	return f;
}

/* Reads the content, and whether the mark is right. */
static int measure(struct reading *b, struct catalog_file *f, struct err *e)
{
	auto_fd int fd = fs_open_beneath(b->dir_fd, f->name, O_RDONLY | O_NONBLOCK, 0, e);
	struct digest mark;
	struct err ignored;
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_DAMAGED, "'%s' is not a regular file", f->name);
	if (digest_of_fd(fd, f->name, &f->sha256, &f->size, e) < 0)
		return -1;
	b->about->r->files++;
	if (inode_read_mark(fd, f->name, &mark, &ignored) < 0 ||
		!digest_equal(&mark, &f->sha256))
		b->about->r->unmarked++;
	return 0;
}

static int read_signed(
	struct reading *b, struct bytes name, const struct digest *want, struct err *e)
{
	auto_free char *text = xasprintf("%.*s", (int)name.len, (const char *)name.data);
	struct catalog_file *f = add_file(b, text, true, e);

	if (!f || measure(b, f, e) < 0)
		return -1;
	if (!digest_equal(&f->sha256, want))
		return err_set(e, ERR_UNTRUSTED, "'%s' is not what %s says it is",
			f->name, SUMS);
	return 0;
}

/* What the document says must be what SHA256SUMS says. */
static int compare_documented(const struct reading *b, struct err *e)
{
	const struct doc_build *d = b->documented;

	if (!d)
		return 0;
	if (d->file_count != b->count)
		return err_set(e, ERR_UNTRUSTED,
			"%s lists %zu files, the signed document %zu", SUMS, b->count,
			d->file_count);
	for (size_t i = 0; i < b->count; i++) {
		const struct doc_file *f = doc_build_file(d, b->file[i].name);

		if (!f || !digest_equal(&f->sha256, &b->file[i].sha256))
			return err_set(e, ERR_UNTRUSTED,
				"'%s' is not what the signed document says it is",
				b->file[i].name);
	}
	return 0;
}

static int read_listed(struct reading *b, struct bytes sums, struct err *e)
{
	auto_buf struct buf again = BUF_INIT(SUMS_MAX);
	struct bytes rest = sums, name;
	struct digest want;
	int rc;

	while ((rc = sums_next(&rest, &want, &name, e)) > 0)
		if (read_signed(b, name, &want, e) < 0)
			return -1;
	if (rc < 0)
		return -1;
	emit_sums(b->file, b->count, &again);
	if (!bytes_equal(buf_bytes(&again), sums))
		return err_set(
			e, ERR_UNTRUSTED, "%s is not in the form it is made in", SUMS);
	return compare_documented(b, e);
}

static const struct doc_delta *find_delta(const struct reading *b, const char *name)
{
	const struct doc_build *d = b->documented;

	for (size_t i = 0; d && i < d->delta_count; i++) {
		const char *slash = strrchr(d->delta[i].path, '/');

		if (slash && strcmp(slash + 1, name) == 0)
			return &d->delta[i];
	}
	return NULL;
}

/* Logs and deltas: not in SHA256SUMS. */
static int read_unlisted(struct reading *b, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(b->dir_fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		const struct doc_delta *d = find_delta(b, names.name[i]);
		char base[SERIAL_MAX];
		struct catalog_file *f;

		if (!layout_delta_base(names.name[i], base) &&
			!intake_is_log(names.name[i]))
			continue;
		f = add_file(b, names.name[i], false, e);
		if (!f || measure(b, f, e) < 0)
			return -1;
		if (d && !digest_equal(&f->sha256, &d->sha256))
			return err_set(e, ERR_UNTRUSTED,
				"'%s' is not what the signed document says it is",
				f->name);
	}
	return 0;
}

static int read_build_json(struct reading *b, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(BUILD_JSON_MAX);

	if (fs_read_at(b->dir_fd, "build.json", &text, e) < 0 ||
		build_parse(buf_bytes(&text), &b->build, e) < 0)
		return err_wrap(e, "'build.json'");
	if (!image_equal(&b->build.image, &b->about->image) ||
		strcmp(b->build.serial, b->serial) != 0)
		return err_set(e, ERR_UNTRUSTED,
			"'build.json' is of another build than its directory");
	return 0;
}

/* sha512 belongs to the archive that an appliance list names, under its own name where it
 * has one. */
static int add_sha512(struct reading *b, struct err *e)
{
	struct catalog_file *named = NULL;

	for (size_t i = 0; i < b->count; i++) {
		const char *dot = strstr(b->file[i].name, ".tar.gz");

		if (dot && !dot[7] && b->file[i].is_signed &&
			(!named || strcmp(named->name, "rootfs.tar.gz") == 0))
			named = &b->file[i];
	}
	if (!named)
		return 0;

	auto_fd int fd = fs_open_beneath(b->dir_fd, named->name, O_RDONLY, 0, e);

	return fd < 0 ? -1 : digest512_of_fd(fd, named->name, named->sha512, e);
}

static int read_all(struct reading *b, struct err *e)
{
	auto_buf struct buf sums = BUF_INIT(SUMS_MAX);

	if (read_sums(b, &sums, e) < 0 || find_signer(b, buf_bytes(&sums), e) < 0 ||
		read_listed(b, buf_bytes(&sums), e) < 0 || read_build_json(b, e) < 0 ||
		build_facts_read(b->dir_fd, &b->build, &b->facts, e) < 0 ||
		read_unlisted(b, e) < 0 ||
		combine_files(b->dir_fd, b->file, b->count, e) < 0 ||
		piecefile_read(b->dir_fd, b->file, b->count, e) < 0)
		return -1;
	return add_sha512(b, e);
}

/* ---- its rows */

/* Since when it is gone is not published: its time of grace begins anew. */
static int put_marks(struct reading *b, int64_t id, const char *state, struct err *e)
{
	struct about *a = b->about;
	struct catalog *c = a->r->yard->catalog;
	bool is_pinned = is_among(a->doc.pin, a->doc.pin_count, b->serial);

	if (is_pinned && catalog_pin_put(c, id, a->r->yard->now_s, "", e) < 0)
		return -1;
	if (strcmp(state, "withdrawn") != 0)
		return 0;
	/* taken back among those that are offered, a document would name it */
	return catalog_build_withdraw(c, id, a->doc.build_count && !b->documented,
		a->r->yard->now_s, a->r->live, e);
}

static int put_held_event(struct reading *b, struct err *e)
{
	char name[IMAGE_NAME_MAX];
	struct catalog_event v = { .at_s = b->about->r->yard->now_s,
		.kind = "held",
		.image = name,
		.serial = b->serial,
		.message = "found in public/, and nothing that is published names it" };

	image_format(&b->about->image, name);
	return catalog_event_add(b->about->r->yard->catalog, &v, e) < 0 ? -1 : 0;
}

static int put_rows(struct reading *b, const char *state, bool is_late, struct err *e)
{
	struct catalog *c = b->about->r->yard->catalog;
	struct catalog_build row;
	int64_t id = 0;

	if (build_facts_row(&b->build, &b->facts, &row, e) < 0)
		return -1;
	row.state = strcmp(state, "held") == 0 ? "held" : "active";
	row.admitted_s = b->admitted_s;
	row.signer = b->signer;
	if (catalog_build_add(c, &row, b->file, b->count, e) < 0 ||
		build_facts_put_packages(c, &b->build, &b->facts, e) < 0 ||
		catalog_build_find(c, &row.image, row.serial, &id, e) < 0)
		return -1;
	return is_late ? put_held_event(b, e) : put_marks(b, id, state, e);
}

/* A build that cannot be read is a finding; the others are looked at all the same. */
static int take_build(struct about *a, const char *serial, const char *state,
	bool is_late, struct err *e)
{
	auto_free struct reading *b = xcalloc(1, sizeof(*b));
	struct rebuild *r = a->r;
	struct err why;
	int rc;

	b->about = a;
	b->serial = serial;
	b->documented = find_documented(a, serial);
	layout_build(&a->image, serial, b->dir);
	build_init(&b->build);
	b->dir_fd = fs_open_beneath(
		r->yard->public_fd, b->dir, O_RDONLY | O_DIRECTORY, 0, &why);
	rc = b->dir_fd < 0 ? -1 : read_all(b, &why);
	if (rc < 0)
		rebuild_find(r, b->dir, "%s; " MIRROR, why.text);
	rc = rc < 0 ? 0 : put_rows(b, state, is_late, e);
	r->builds++;
	r->held += is_late;
	if (is_late)
		r->warn(b->dir, r->ctx);
	if (b->dir_fd >= 0)
		close(b->dir_fd);
	build_release(&b->build);
	build_facts_release(&b->facts);
	arena_release(&b->arena);
	return rc;
}

/* ---- walking images/ */

static int take_serials(
	struct about *a, const struct fs_names *names, bool is_late, struct err *e)
{
	struct catalog *c = a->r->yard->catalog;
	size_t taken = 0;

	if (catalog_begin(c, e) < 0)
		return -1;
	/* oldest first: lists of packages are kept as what changed */
	for (size_t i = 0; i < names->count; i++) {
		const char *serial = names->name[i];
		const char *state;

		if (!serial_is_valid(serial))
			continue;
		state = published_state(a, serial);
		if (!state == !is_late)
			continue;
		taken++;
		if (take_build(a, serial, state ? state : "held", is_late, e) < 0) {
			catalog_rollback(c);
			return -1;
		}
	}
	a->r->images += taken && !is_late;
	return catalog_commit(c, e);
}

static void check_there(struct about *a, const struct imagedoc *d)
{
	for (size_t i = 0; i < d->build_count; i++) {
		char path[LAYOUT_PATH_MAX];

		layout_build(&a->image, d->build[i].serial, path);
		if (!fs_exists_at(a->r->yard->public_fd, path))
			rebuild_find(a->r, path,
				"is missing, and a signed document names it; " MIRROR);
	}
}

/* What the documents name has to be there. */
static void check_all_there(struct about *a)
{
	check_there(a, &a->doc);
	for (size_t i = 0; i < a->older_count; i++)
		check_there(a, &a->older[i]);
}

static int take_image(struct rebuild *r, const char *dir, bool is_late, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	struct about a = { .r = r, .dir = dir };
	struct err ignored;
	int rc;

	/* pages lie beside: what is no image is fsck's to name */
	if (image_parse(strchr(dir, '/') + 1, &a.image, &ignored) < 0)
		return 0;
	if (fs_list_dir(r->yard->public_fd, dir, &names, e) < 0)
		return -1;
	rc = read_documents(&a, e);
	if (rc == 0) {
		read_past(&a);
		if (!is_late)
			check_all_there(&a);
		rc = take_serials(&a, &names, is_late, e);
	}
	about_release(&a);
	return rc;
}

static bool is_directory(const struct rebuild *r, const char *path)
{
	struct stat st;

	return fstatat(r->yard->public_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode);
}

/* images/d/r/a/v: `depth` levels below. */
static int descend(
	struct rebuild *r, const char *dir, int depth, bool is_late, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (depth == 0)
		return take_image(r, dir, is_late, e);
	if (fs_list_dir(r->yard->public_fd, dir, &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		auto_free char *below = xasprintf("%s/%s", dir, names.name[i]);

		if (is_directory(r, below) &&
			descend(r, below, depth - 1, is_late, e) < 0)
			return -1;
	}
	return 0;
}

int rebuild_builds(struct rebuild *r, bool is_late, struct err *e)
{
	return descend(r, "images", 4, is_late, e);
}
