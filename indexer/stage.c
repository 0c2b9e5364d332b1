#include "indexer/stage.h"

#include "indexer/catalog_oci.h"
#include "indexer/emission.h"
#include "indexer/stage_oci.h"
#include "lib/adapt/gz.h"
#include "lib/adapt/zst.h"

#include <time.h>

#define FILES_MAX 128
#define BATCH_MAX (4U << 20) /* bytes of text that wait for signatures */

/* What is collected while one generation is decided. */
struct staging {
	struct yard *yard;
	struct notary *notary;
	struct plan *plan;
	struct trust_object catalog;
	struct trust_signature catalog_sig[TRUST_KEYS_MAX];
	size_t catalog_sig_count;
	struct trust_object files;
	struct arena arena;
	struct trust_object legacy[FILES_MAX]; /* what `files` lists */
	size_t legacy_count;
	struct notary_job unsigned_file[FILES_MAX]; /* texts are copies */
	unsigned int treat[FILES_MAX];
	size_t unsigned_count, unsigned_bytes;
};

static struct trust_object object_of(
	struct arena *a, const struct digest *d, uint64_t size)
{
	char path[LAYOUT_PATH_MAX];

	layout_object(d, path);
	return (struct trust_object){
		.path = arena_strdup(a, path), .size = size, .sha256 = *d
	};
}

static int stage_image(struct staging *s, struct plan_image *p, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(IMAGE_DOC_MAX);
	struct catalog *c = s->yard->catalog;
	struct emit_listed *l = &p->listed;

	if (p->kind == PLAN_SAME)
		return 0;
	if (catalog_dirty_put(c, l->image_id, e) < 0)
		return -1;
	if (emit_image_document(c, &s->yard->site, &l->image, l->state, &text, e) < 0 ||
		buf_check(&text, "an image document", e) < 0)
		return -1;
	if (catalog_document_put(
		    c, "image", buf_bytes(&text), s->yard->now_s, &l->document, e) < 0)
		return -1;
	l->document_size = text.len;
	if (catalog_image_set_document(c, l->image_id, &l->document, e) < 0)
		return -1;
	return catalog_image_set_state(c, l->image_id, l->state, e);
}

static int stage_catalog(struct staging *s, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(CATALOG_MAX);
	struct digest d;

	plan_catalog(s->plan, &s->yard->site, &text);
	if (buf_check(&text, "the catalog", e) < 0)
		return -1;

	if (catalog_document_put(s->yard->catalog, "catalog", buf_bytes(&text),
		    s->yard->now_s, &d, e) < 0 ||
		notary_sign_pae(s->notary, TRUST_PUBLISH, TRUST_TYPE_CATALOG,
			buf_bytes(&text), &s->arena, s->catalog_sig,
			&s->catalog_sig_count, e) < 0)
		return -1;
	s->catalog = object_of(&s->arena, &d, text.len);
	return 0;
}

static int put_file(struct staging *s, const char *path, struct bytes text, struct err *e)
{
	if (s->legacy_count == FILES_MAX)
		return err_set(
			e, ERR_LIMIT, "a generation has more than %d files", FILES_MAX);
	s->legacy[s->legacy_count++] = (struct trust_object){
		.path = arena_strdup(&s->arena, path),
		.size = text.len,
		.sha256 = digest_of(text),
	};
	return catalog_genfile_put(s->yard->catalog, s->plan->generation, path, text, e);
}

/* PATH + suffix */
static int put_beside(struct staging *s, const char *path, const char *suffix,
	struct bytes text, struct err *e)
{
	char name[LAYOUT_PATH_MAX];

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return put_file(s, name, text, e);
}

static void forget_unsigned(struct staging *s)
{
	for (size_t i = 0; i < s->unsigned_count; i++) {
		free(STEAL(s->unsigned_file[i].owned));
		buf_release(&s->unsigned_file[i].asc);
	}
	s->unsigned_count = s->unsigned_bytes = 0;
}

/* Signs what waits, all at once. */
static int put_signatures(struct staging *s, struct err *e)
{
	if (notary_sign(s->notary, s->unsigned_file, s->unsigned_count, e) < 0)
		return -1;
	for (size_t i = 0; i < s->unsigned_count; i++) {
		const struct notary_job *job = &s->unsigned_file[i];
		struct bytes asc = buf_bytes(&job->asc);

		if (s->treat[i] & EMIT_ASC &&
			put_beside(s, job->path, ".asc", asc, e) < 0)
			return -1;
		if (s->treat[i] & EMIT_GPG &&
			put_beside(s, job->path, ".gpg", asc, e) < 0)
			return -1;
	}
	forget_unsigned(s);
	return 0;
}

static int await_signature(
	struct staging *s, const struct emit_file *f, struct bytes text, struct err *e)
{
	struct notary_job *job = &s->unsigned_file[s->unsigned_count];

	if (!(f->treat & (EMIT_ASC | EMIT_GPG)))
		return 0;
	*job = (struct notary_job)NOTARY_JOB_INIT;
	job->path = arena_strdup(&s->arena, f->path);
	job->owned = xmalloc(text.len + 1);
	if (text.len)
		memcpy(job->owned, text.data, text.len);
	job->data = bytes_of(job->owned, text.len);
	job->is_read_back = true;
	s->treat[s->unsigned_count++] = f->treat;
	s->unsigned_bytes += text.len;
	if (s->unsigned_bytes < BATCH_MAX && s->unsigned_count < FILES_MAX)
		return 0;
	return put_signatures(s, e);
}

static int put_companions(
	struct staging *s, const struct emit_file *f, struct bytes text, struct err *e)
{
	static const struct {
		unsigned int treat;
		const char *suffix;
		int (*encode)(
			struct bytes raw, int level, struct buf *out, struct err *e);
		int level;
	} kinds[] = { { EMIT_GZ, ".gz", gz_encode, 9 },
		{ EMIT_ZST, ".zst", zst_encode, 10 } };

	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		auto_buf struct buf packed = BUF_INIT(EMIT_INDEX_MAX);

		if (!(f->treat & kinds[i].treat))
			continue;
		if (kinds[i].encode(text, kinds[i].level, &packed, e) < 0 ||
			buf_check(&packed, f->path, e) < 0 ||
			put_beside(s, f->path, kinds[i].suffix, buf_bytes(&packed), e) <
				0)
			return -1;
	}
	return 0;
}

static int stage_file(
	const struct emit_file *f, struct bytes text, void *ctx, struct err *e)
{
	auto_buf struct buf clear = BUF_INIT(EMIT_INDEX_MAX);
	struct staging *s = ctx;

	if (f->treat & EMIT_CLEAR) {
		if (notary_clearsign(s->notary, text, f->path, &clear, e) < 0)
			return -1;
		text = buf_bytes(&clear);
	}
	if (put_file(s, f->path, text, e) < 0 || await_signature(s, f, text, e) < 0)
		return -1;
	return put_companions(s, f, text, e);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* One pass over the catalog writes every index; what it costs is told. */
static int stage_indexes(struct staging *s, struct err *e)
{
	int64_t begin = now_ms();

	if (emission_run(s->yard, s->plan, stage_file, s, e) < 0)
		return -1;
	for (size_t i = 0; i < s->legacy_count; i++)
		s->plan->index_bytes += s->legacy[i].size;
	s->plan->index_ms = now_ms() - begin;
	return 0;
}

static int stage_listing(struct staging *s, struct err *e)
{
	for (size_t i = 0; i < s->plan->count; i++) {
		const struct emit_listed *l = &s->plan->image[i].listed;

		if (catalog_listing_put(s->yard->catalog, s->plan->generation,
			    l->image_id, l->build, &l->document, e) < 0)
			return -1;
	}
	return 0;
}

int stage_current(
	struct yard *y, struct notary *n, const struct current *c, struct err *e)
{
	auto_buf struct buf payload = BUF_INIT(TRUST_DOC_MAX);
	auto_buf struct buf envelope = BUF_INIT(TRUST_DOC_MAX);
	auto_arena struct arena arena = { 0 };
	struct trust_signature sigs[TRUST_KEYS_MAX];
	size_t count;
	struct catalog_signing row = { .version = c->version,
		.generation = c->generation,
		.created_s = c->created_s,
		.expires_s = c->expires_s };

	if (current_format(c, &payload, e) < 0 || buf_check(&payload, "current", e) < 0 ||
		notary_sign_pae(n, TRUST_TIMESTAMP, TRUST_TYPE_CURRENT,
			buf_bytes(&payload), &arena, sigs, &count, e) < 0)
		return -1;
	if (envelope_format(TRUST_TYPE_CURRENT, buf_bytes(&payload), sigs, count,
		    &envelope, e) < 0 ||
		buf_check(&envelope, "current", e) < 0)
		return -1;
	if (catalog_document_put(y->catalog, "current", buf_bytes(&payload), y->now_s,
		    &row.payload, e) < 0)
		return -1;
	return catalog_signing_stage(y->catalog, &row, buf_bytes(&envelope), e);
}

static int stage_trust(struct staging *s, struct err *e)
{
	struct yard *y = s->yard;
	struct catalog_signing last;
	char prev[DIGEST_HEX] = "";
	int rc = catalog_signing_find(y->catalog, "live", &last, NULL, e);
	struct current c = {
		.repo = y->facts.repo,
		.version = s->plan->version,
		.generation = s->plan->generation,
		.created_s = y->now_s,
		.expires_s = y->now_s + (int64_t)EMIT_CURRENT_DAYS * DAY_S,
		.root_version = s->notary->root.version,
		.prev_sha256 = prev,
		.catalog = s->catalog,
		.catalog_signature_count = s->catalog_sig_count,
		.files = s->files,
	};

	if (rc < 0)
		return -1;
	if (rc > 0)
		digest_hex(&last.payload, prev);
	memcpy(c.catalog_signature, s->catalog_sig, sizeof(s->catalog_sig));
	return stage_current(y, s->notary, &c, e);
}

static int stage_files(struct staging *s, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(TRUST_DOC_MAX);
	struct digest d;

	if (files_format(s->legacy, s->legacy_count, &text, e) < 0 ||
		buf_check(&text, "the list of files", e) < 0)
		return -1;
	if (catalog_document_put(s->yard->catalog, "files", buf_bytes(&text),
		    s->yard->now_s, &d, e) < 0)
		return -1;
	s->files = object_of(&s->arena, &d, text.len);
	return 0;
}

static int stage_rows(struct staging *s, struct err *e)
{
	struct yard *y = s->yard;
	struct catalog_generation g = {
		.number = s->plan->generation,
		.created_s = y->now_s,
	};
	struct catalog_site site = y->facts;

	for (size_t i = 0; i < s->plan->count; i++)
		if (stage_image(s, &s->plan->image[i], e) < 0)
			return -1;
	if (stage_catalog(s, e) < 0)
		return -1;

	/* the rows below name the generation, which names `files`: checked at the commit
	 */
	if (stage_indexes(s, e) < 0 || put_signatures(s, e) < 0 || stage_files(s, e) < 0)
		return -1;
	g.catalog = s->catalog.sha256;
	g.files = s->files.sha256;
	memcpy(g.signer, s->notary->asc_fpr, sizeof(g.signer));
	if (catalog_generation_stage(y->catalog, &g, e) < 0 || stage_listing(s, e) < 0 ||
		stage_trust(s, e) < 0 ||
		(y->site.clients & CLIENT_OCI && stage_oci(y, s->notary, s->plan, e) < 0))
		return -1;
	site.facts = s->plan->facts;
	return catalog_site_put(y->catalog, &site, e);
}

int stage_generation(struct yard *y, struct notary *n, struct plan *plan, struct err *e)
{
	struct staging s = { .yard = y, .notary = n, .plan = plan };
	int rc;

	if (catalog_begin(y->catalog, e) < 0)
		return -1;
	rc = stage_rows(&s, e);
	if (rc == 0)
		rc = catalog_commit(y->catalog, e);
	else
		catalog_rollback(y->catalog);
	forget_unsigned(&s);
	arena_release(&s.arena);
	return rc;
}
