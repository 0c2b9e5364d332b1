#include "indexer/rebuild.h"

#include "indexer/emit.h"
#include "indexer/listed.h"
#include "lib/base/fs.h"

#include <fcntl.h>

/* ---- documents: what the chain of `current` names, from the newest to the oldest */

static int64_t made_at(struct rebuild *r, const char *path)
{
	struct stat st;

	return fstatat(r->yard->public_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0
		       ? (int64_t)st.st_mtime
		       : r->yard->now_s;
}

/* Reads an object: 1 it is there and is what its name says, 0 it is not there. */
static int read_object(
	struct rebuild *r, const struct digest *d, struct buf *out, struct err *e)
{
	char path[LAYOUT_PATH_MAX];
	struct digest got;

	layout_object(d, path);
	if (!fs_exists_at(r->yard->public_fd, path))
		return 0;
	if (fs_read_at(r->yard->public_fd, path, out, e) < 0)
		return -1;
	got = digest_of(buf_bytes(out));
	if (!digest_equal(&got, d))
		return err_set(e, ERR_UNTRUSTED, "'%s' is not what its name says", path);
	return 1;
}

static int is_noted(struct rebuild *r, const struct digest *d, struct err *e)
{
	uint64_t size;

	return catalog_document_find(r->yard->catalog, d, &size, e);
}

static int note(struct rebuild *r, const char *kind, const struct digest *d, size_t size,
	struct err *e)
{
	char path[LAYOUT_PATH_MAX];

	layout_object(d, path);
	return catalog_document_note(
		r->yard->catalog, kind, d, size, made_at(r, path), e);
}

/* A document that others name: read and noted once. 1 noted now, 0 known or gone. */
static int take(struct rebuild *r, const char *kind, const struct digest *d,
	struct buf *text, struct err *e)
{
	int rc = is_noted(r, d, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	buf_clear(text);
	rc = read_object(r, d, text, e);
	if (rc <= 0)
		return rc;
	return note(r, kind, d, text->len, e) < 0 ? -1 : 1;
}

/* An image document, and those of its older builds. */
static int take_image(struct rebuild *r, const struct digest *d, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(IMAGE_DOC_MAX),
			    older = BUF_INIT(IMAGE_DOC_MAX);
	auto_imagedoc struct imagedoc doc = { .build_count = 0 };
	int rc = take(r, "image", d, &text, e);

	if (rc <= 0)
		return rc;
	if (imagedoc_parse(buf_bytes(&text), &doc, e) < 0)
		return -1;
	for (size_t i = 0; i < doc.history_count; i++)
		if (take(r, "image", &doc.history[i].object.sha256, &older, e) < 0)
			return -1;
	return 0;
}

static int take_catalog(struct rebuild *r, const struct digest *d, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(CATALOG_MAX);
	auto_catdoc struct catdoc doc = { 0 };
	int rc = take(r, "catalog", d, &text, e);

	if (rc <= 0)
		return rc;
	if (catdoc_parse(buf_bytes(&text), &doc, e) < 0)
		return -1;
	for (size_t i = 0; i < doc.line_count; i++)
		if (take_image(r, &doc.line[i].doc, e) < 0)
			return -1;
	return 0;
}

static void push(struct rebuild *r, const struct catalog_signing *s)
{
	if (r->signing_count == r->signing_room) {
		r->signing_room = r->signing_room ? r->signing_room * 2 : 64;
		r->signing = xrealloc(r->signing, r->signing_room * sizeof(*r->signing));
	}
	r->signing[r->signing_count++] = *s;
}

static bool is_before(const struct rebuild *r, const struct current *c)
{
	const struct catalog_signing *last;

	if (!r->signing_count)
		return c->version == r->version;
	last = &r->signing[r->signing_count - 1];
	return c->version == last->version - 1 && c->generation <= last->generation;
}

/* One link of the chain: 1 and the digest of the one before, 0 at its end. */
static int take_current(struct rebuild *r, struct digest *d, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(TRUST_DOC_MAX);
	auto_current struct current c = { 0 };
	int rc = take(r, "current", d, &text, e);

	if (rc <= 0)
		return rc;
	if (current_parse(buf_bytes(&text), &c, e) < 0)
		return -1;
	if (!is_before(r, &c) || strcmp(c.repo, r->yard->facts.repo) != 0)
		return err_set(e, ERR_UNTRUSTED,
			"version %lld of `current` does not stand where it was found",
			(long long)c.version);
	push(r, &(struct catalog_signing){ .version = c.version,
			.generation = c.generation,
			.created_s = c.created_s,
			.expires_s = c.expires_s,
			.payload = *d });
	buf_clear(&text);
	if (take_catalog(r, &c.catalog.sha256, e) < 0 ||
		take(r, "files", &c.files.sha256, &text, e) < 0)
		return -1;
	if (!c.prev_sha256[0])
		return 0;
	return digest_parse(c.prev_sha256, d, e) < 0 ? -1 : 1;
}

/* What nothing in the chain names any more, and waits for prune. */
static const char *kind_of(struct bytes text)
{
	auto_arena struct arena arena = { 0 };
	auto_imagedoc struct imagedoc image = { .build_count = 0 };
	struct trust_object *file;
	size_t count;
	struct err ignored;

	if (imagedoc_parse(text, &image, &ignored) == 0)
		return "image";
	if (files_parse(text, &arena, &file, &count, &ignored) == 0)
		return "files";
	return NULL;
}

static int take_leftover(struct rebuild *r, const char *name, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(CATALOG_MAX);
	struct digest d;
	struct err ignored;
	const char *kind;
	int rc;

	if (digest_parse(name, &d, &ignored) < 0)
		return 0;
	rc = is_noted(r, &d, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	/* nobody is sent here: what is broken stays unknown, for fsck to name */
	if (read_object(r, &d, &text, &ignored) <= 0)
		return 0;
	kind = kind_of(buf_bytes(&text));
	return kind ? note(r, kind, &d, text.len, e) : 0;
}

static int take_leftovers(struct rebuild *r, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(r->yard->public_fd, LAYOUT_OBJECTS, &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (take_leftover(r, names.name[i], e) < 0)
			return -1;
	return 0;
}

static void find_published(struct rebuild *r)
{
	for (size_t i = 0; i < r->signing_count; i++)
		if (r->signing[i].generation == r->live)
			r->published_s = r->signing[i].created_s;
}

int rebuild_documents(struct rebuild *r, struct err *e)
{
	struct digest d = r->payload;
	int rc;

	do
		rc = take_current(r, &d, e);
	while (rc > 0);
	if (rc < 0)
		return -1;
	if (!r->signing_count)
		return err_set(e, ERR_DAMAGED,
			"cannot find the payload of `current` in '%s'", LAYOUT_OBJECTS);
	find_published(r);
	return take_leftovers(r, e);
}

/* ---- generations */

struct listing {
	struct rebuild *r;
	int64_t generation;
};

static int put_line(struct listing *l, const struct catdoc_line *line, struct err *e)
{
	struct catalog *c = l->r->yard->catalog;
	bool is_live = l->generation == l->r->live;
	char name[IMAGE_NAME_MAX];
	int64_t build = 0, image = 0;
	int rc = catalog_build_find(c, &line->image, line->serial, &build, e);

	if (rc > 0)
		rc = catalog_image_find(c, &line->image, &image, e);
	if (rc < 0)
		return -1;
	if (rc > 0 && is_live &&
		(catalog_image_set_document(c, image, &line->doc, e) < 0 ||
			catalog_image_set_state(c, image, line->state, e) < 0))
		return -1;
	if (rc > 0)
		rc = is_noted(l->r, &line->doc, e);
	if (rc > 0)
		return catalog_listing_put(c, l->generation, image, build, &line->doc, e);
	if (rc < 0 || !is_live)
		return rc;
	image_format(&line->image, name);
	return rebuild_find(l->r, name,
		"the catalog lists '%s', which is not there; copy it back from a mirror",
		line->serial);
}

static int put_listing(
	struct rebuild *r, int64_t number, const struct digest *catalog, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(CATALOG_MAX);
	auto_catdoc struct catdoc doc = { 0 };
	struct listing l = { .r = r, .generation = number };

	if (read_object(r, catalog, &text, e) < 0 ||
		catdoc_parse(buf_bytes(&text), &doc, e) < 0)
		return -1;
	for (size_t i = 0; i < doc.line_count; i++)
		if (put_line(&l, &doc.line[i], e) < 0)
			return -1;
	return 0;
}

/* Are the files of the generation what its list says? And who signed them. */
static int check_files(struct rebuild *r, int64_t number, const struct trust_object *o,
	char signer[FPR_MAX], struct err *e)
{
	auto_buf struct buf text = BUF_INIT(TRUST_DOC_MAX);
	auto_arena struct arena arena = { 0 };
	struct trust_object *file;
	char base[LAYOUT_PATH_MAX];
	auto_fd int base_fd = -1;
	struct listed l;
	size_t count;

	yard_gen_path(number, ".", base);
	base_fd = fs_open_dir_at(r->yard->public_fd, base, e);
	if (base_fd < 0 || fs_read_at(r->yard->public_fd, o->path, &text, e) < 0 ||
		files_parse(buf_bytes(&text), &arena, &file, &count, e) < 0)
		return -1;
	l = (struct listed){
		.file = file, .count = count, .base_fd = base_fd, .n = r->notary
	};
	for (size_t i = 0; i < count; i++) {
		struct err why;

		if (listed_check(&l, i, &why) < 0)
			rebuild_find(r, base, "%s; copy it back from a mirror", why.text);
		else if (verify_signer(r->notary->verifier)[0])
			snprintf(signer, FPR_MAX, "%s",
				verify_signer(r->notary->verifier));
	}
	return 0;
}

static int64_t generation_made(const struct rebuild *r, const struct current *c)
{
	int64_t made = c->created_s;

	for (size_t i = 0; i < r->signing_count; i++)
		if (r->signing[i].generation == c->generation)
			made = r->signing[i].created_s;
	return made;
}

static int put_generation(
	struct rebuild *r, int64_t number, const struct current *c, struct err *e)
{
	struct catalog_generation g = { .number = number,
		.created_s = generation_made(r, c),
		.catalog = c->catalog.sha256,
		.files = c->files.sha256 };
	struct catalog *to = r->yard->catalog;

	if (number == r->live && check_files(r, number, &c->files, r->publish_fpr, e) < 0)
		return -1;
	/* those before are dropped soon, and nobody asks who signed them */
	memcpy(g.signer, r->publish_fpr, sizeof(g.signer));
	if (catalog_generation_stage(to, &g, e) < 0 ||
		put_listing(r, number, &c->catalog.sha256, e) < 0)
		return -1;
	return catalog_generation_live(to, number, e);
}

/* One that was never finished has no `current`; one whose documents are gone is of no use
 * either: the next command that writes removes both. */
static int take_generation(struct rebuild *r, int64_t number, struct err *e)
{
	auto_envelope struct envelope v = { 0 };
	auto_current struct current c = { 0 };
	struct err ignored;
	int rc = yard_read_current(
		r->yard, number, &v, &c, number == r->live ? e : &ignored);

	if (rc < 0 && number == r->live)
		return -1;
	if (rc <= 0 || c.generation != number)
		return 0;
	rc = is_noted(r, &c.catalog.sha256, e);
	if (rc > 0)
		rc = is_noted(r, &c.files.sha256, e);
	if (rc > 0)
		rc = put_generation(r, number, &c, e);
	return rc < 0 ? -1 : 0;
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int rebuild_generations(struct rebuild *r, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	auto_free int64_t *number = NULL;
	size_t count = 0;

	if (fs_list_dir(r->yard->public_fd, LAYOUT_GEN, &names, e) < 0)
		return -1;
	number = xcalloc(names.count + 1, sizeof(*number));
	for (size_t i = 0; i < names.count; i++) {
		char *end;
		long long value = strtoll(names.name[i], &end, 10);

		if (!*end && value > 0 && value <= r->live)
			number[count++] = value;
	}
	qsort(number, count, sizeof(*number), by_number);
	for (size_t i = 0; i < count; i++)
		if (take_generation(r, number[i], e) < 0)
			return -1;
	return 0;
}

int rebuild_signings(struct rebuild *r, struct err *e)
{
	struct catalog *c = r->yard->catalog;
	struct bytes none = bytes_of("", 0);

	for (size_t i = r->signing_count; i-- > 0;) {
		const struct catalog_signing *s = &r->signing[i];

		if (catalog_signing_stage(c, s, none, e) < 0 ||
			catalog_signing_live(c, s->version, e) < 0)
			return -1;
	}
	return 0;
}
