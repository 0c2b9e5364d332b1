#include "indexer/fsck.h"

#include "indexer/inode.h"
#include "indexer/listed.h"
#include "indexer/proof.h"
#include "indexer/write.h"
#include "lib/adapt/zst.h"
#include "lib/base/fs.h"

#include <fcntl.h>

#define RE_PUBLISH "publish again, or copy it back from a mirror"

/* Reads a file of public/; a complaint of check `check` when that fails. */
static bool read_file(
	struct fsck *f, const char *check, const char *path, struct buf *out)
{
	struct err e;

	if (fs_read_at(f->yard->public_fd, path, out, &e) == 0)
		return true;
	fsck_find(f, check, path, "%s; " RE_PUBLISH, e.text);
	return false;
}

/* Reads a file that must be these bytes. */
static bool read_exact(struct fsck *f, const char *path, uint64_t size,
	const struct digest *sha256, struct buf *out)
{
	struct digest d;

	if (!read_file(f, "F7", path, out))
		return false;
	d = digest_of(buf_bytes(out));
	if (out->len == size && digest_equal(&d, sha256))
		return true;
	fsck_find(f, "F7", path,
		"untrusted: its content is not what was signed for; " RE_PUBLISH);
	return false;
}

static void check_mark(struct fsck *f, const char *path, const struct digest *want)
{
	struct err e;
	auto_fd int fd = fs_open_beneath(f->yard->public_fd, path, O_RDONLY, 0, &e);
	struct digest mark;

	if (fd < 0 || inode_read_mark(fd, path, &mark, &e) < 0 ||
		!digest_equal(&mark, want)) {
		fsck_find(f, "F4", path,
			"its attribute " LAYOUT_DIGEST_XATTR
			" is not its digest; set it to the sha256");
		fsck_remark(f, path, want);
	}
}

/* It follows from the document, whose digest was right. */
static void renew_companion(struct fsck *f, const char *companion, struct bytes text)
{
	auto_buf struct buf packed = BUF_INIT(CATALOG_MAX);
	struct err e;

	if (write_companion(companion, text, &packed, &e) == 0)
		fsck_rewrite(f, companion, buf_bytes(&packed));
}

static void check_companion(struct fsck *f, const char *path, struct bytes text)
{
	auto_buf struct buf packed = BUF_INIT(CATALOG_MAX), plain = BUF_INIT(CATALOG_MAX);
	char companion[LAYOUT_PATH_MAX + 4];
	struct digest d;
	struct err e;

	snprintf(companion, sizeof(companion), "%s.zst", path);
	if (!read_file(f, "F7", companion, &packed))
		return;
	if (zst_decode(buf_bytes(&packed), &plain, &e) < 0 ||
		!bytes_equal(buf_bytes(&plain), text)) {
		fsck_find(f, "F7", companion,
			"untrusted: does not unpack to the document beside "
			"it; " RE_PUBLISH);
		renew_companion(f, companion, text);
		return;
	}
	d = digest_of(buf_bytes(&packed));
	check_mark(f, companion, &d);
}

static int check_document(const char *kind, const struct digest *sha256,
	struct bytes unused, void *ctx, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(CATALOG_MAX);
	struct fsck *f = ctx;
	char path[LAYOUT_PATH_MAX];
	uint64_t size = 0;

	(void)unused;
	f->checked++;
	layout_object(sha256, path);
	if (catalog_document_find(f->yard->catalog, sha256, &size, e) < 0)
		return -1;
	if (!read_exact(f, path, size, sha256, &text))
		return 0;
	check_mark(f, path, sha256);
	if (strcmp(kind, "catalog") == 0 || strcmp(kind, "image") == 0)
		check_companion(f, path, buf_bytes(&text));
	return 0;
}

int fsck_documents(struct fsck *f, struct err *e)
{
	return catalog_document_walk(f->yard->catalog, check_document, f, e);
}

/* The generation is there, only the link to it is not. */
static void mend_live(struct fsck *f, int64_t number)
{
	char target[64];

	snprintf(target, sizeof(target), LAYOUT_GEN "/%lld", (long long)number);
	if (f->repair && fs_exists_at(f->yard->public_fd, target)) {
		fsck_relink(f, LAYOUT_LIVE, target);
		f->live = number;
	}
}

static int check_live_link(struct fsck *f, struct err *e)
{
	struct catalog_generation live, staged;
	int has_live = catalog_generation_find(f->yard->catalog, "live", &live, e);
	int has_staged = catalog_generation_find(f->yard->catalog, "staged", &staged, e);
	int rc = yard_live(f->yard, &f->live, e);

	if (has_live < 0 || has_staged < 0)
		return -1;
	if (rc < 0)
		return fsck_find(f, "F6", LAYOUT_LIVE, "%s; run 'publish'", e->text);
	if (rc == 0 && has_live) {
		fsck_find(f, "F6", LAYOUT_LIVE,
			"is missing, generation %lld is live; link it to '" LAYOUT_GEN
			"/%lld'",
			(long long)live.number, (long long)live.number);
		mend_live(f, live.number);
	}
	/* between the switch and its row a publication may have stopped: that is whole */
	if (rc > 0 && !(has_live && f->live == live.number) &&
		!(has_staged && f->live == staged.number)) {
		fsck_find(f, "F6", LAYOUT_LIVE,
			"points to generation %lld, live is %lld; link it to '" LAYOUT_GEN
			"/%lld'",
			(long long)f->live, has_live ? (long long)live.number : 0,
			has_live ? (long long)live.number : 0);
		if (has_live)
			mend_live(f, live.number);
	}
	return 0;
}

static void check_catalog(
	struct fsck *f, const struct current *c, const struct trust_object *o)
{
	auto_buf struct buf text = BUF_INIT(CATALOG_MAX);
	auto_catdoc struct catdoc doc = { 0 };
	struct err e;

	if (!read_exact(f, o->path, o->size, &o->sha256, &text))
		return;
	if (catdoc_parse(buf_bytes(&text), &doc, &e) < 0) {
		fsck_find(f, "F7", o->path, "%s; " RE_PUBLISH, e.text);
		return;
	}
	if (doc.generation != c->generation)
		fsck_find(f, "F7", o->path,
			"untrusted: is the catalog of generation %lld, not "
			"%lld; " RE_PUBLISH,
			(long long)doc.generation, (long long)c->generation);
	if (!f->quick && f->notary &&
		notary_check_pae(f->notary, &f->notary->publish, TRUST_TYPE_CATALOG,
			buf_bytes(&text), c->catalog_signature,
			c->catalog_signature_count, &e) < 0)
		fsck_find(f, "F7", o->path, "untrusted: %s; " RE_PUBLISH, e.text);
	for (size_t i = 0; i < doc.line_count; i++) {
		auto_buf struct buf image = BUF_INIT(IMAGE_DOC_MAX);
		char path[LAYOUT_PATH_MAX];

		layout_object(&doc.line[i].doc, path);
		read_exact(f, path, doc.line[i].doc_size, &doc.line[i].doc, &image);
	}
}

static void check_listed(struct fsck *f, const struct listed *l, size_t at)
{
	char path[LAYOUT_PATH_MAX];
	struct err e;

	if (listed_check(l, at, &e) == 0)
		return;
	yard_gen_path(f->live, l->file[at].path, path);
	fsck_find(f, "F7", path, "%s%s; " RE_PUBLISH,
		e.code == ERR_UNTRUSTED ? "untrusted: " : "", e.text);
}

static void check_files(struct fsck *f, const struct trust_object *o)
{
	auto_buf struct buf text = BUF_INIT(TRUST_DOC_MAX);
	auto_arena struct arena arena = { 0 };
	struct trust_object *file;
	char base[LAYOUT_PATH_MAX];
	auto_fd int base_fd = -1;
	struct listed l;
	size_t count;
	struct err e;

	if (!read_exact(f, o->path, o->size, &o->sha256, &text))
		return;
	if (files_parse(buf_bytes(&text), &arena, &file, &count, &e) < 0) {
		fsck_find(f, "F7", o->path, "%s; " RE_PUBLISH, e.text);
		return;
	}
	yard_gen_path(f->live, ".", base);
	base_fd = fs_open_dir_at(f->yard->public_fd, base, &e);
	if (base_fd < 0) {
		fsck_find(f, "F7", base, "%s; " RE_PUBLISH, e.text);
		return;
	}
	l = (struct listed){ .file = file,
		.count = count,
		.base_fd = base_fd,
		.n = f->quick ? NULL : f->notary };
	for (size_t i = 0; i < count; i++)
		check_listed(f, &l, i);
}

static void check_current(struct fsck *f, const struct envelope *v,
	const struct current *c, const char *path)
{
	struct err e;

	if (!f->quick && f->notary &&
		notary_check_pae(f->notary, &f->notary->timestamp, TRUST_TYPE_CURRENT,
			v->payload, v->signature, v->signature_count, &e) < 0)
		fsck_find(f, "F7", path, "untrusted: %s; run 'refresh'", e.text);
	if (c->generation != f->live)
		fsck_find(f, "F7", path, "untrusted: is of generation %lld; " RE_PUBLISH,
			(long long)c->generation);
	if (strcmp(c->repo, f->yard->facts.repo) != 0)
		fsck_find(f, "F7", path,
			"untrusted: is of another repository; " RE_PUBLISH);
	if (c->expires_s <= f->yard->now_s)
		fsck_find(f, "F7", path,
			"untrusted: has expired; run 'refresh --clock-is-right'");
	check_catalog(f, c, &c->catalog);
	check_files(f, &c->files);
}

/* F8: the same facts give the same bytes. */
static void find_other(const char *path, const char *sentence, void *ctx)
{
	fsck_find(ctx, "F8", path, "%s; " RE_PUBLISH, sentence);
}

/* Only while nothing waits to be published: else the catalog knows more than the
 * generation. */
static int check_legacy(struct fsck *f, struct err *e)
{
	auto_plan struct plan plan = { 0 };

	if (plan_make(f->yard, &plan, e) < 0)
		return -1;
	f->is_pending = !plan_is_empty(&plan) || plan.generation != f->live + 1;
	if (f->is_pending)
		return 0;
	plan.generation = f->live;
	return proof_indexes(f->yard, &plan, find_other, f, e);
}

int fsck_live(struct fsck *f, struct err *e)
{
	auto_envelope struct envelope v = { 0 };
	struct current c = { 0 };
	char path[LAYOUT_PATH_MAX];
	struct err why;
	int rc;

	if (check_live_link(f, e) < 0)
		return -1;
	if (!f->live)
		return 0;
	yard_gen_path(f->live, LAYOUT_CURRENT, path);
	rc = yard_read_current(f->yard, f->live, &v, &c, &why);
	if (rc == 0)
		fsck_find(f, "F7", path, "is missing; " RE_PUBLISH);
	else if (rc < 0)
		fsck_find(f, "F7", path, "untrusted: %s; run 'refresh'", why.text);
	else
		check_current(f, &v, &c, path);
	current_release(&c);
	return check_legacy(f, e);
}
