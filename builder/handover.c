#include "builder/handover.h"

#include "builder/metadata.h"
#include "builder/pack.h"
#include "builder/piecestore.h"
#include "builder/provenance.h"
#include "builder/sbom.h"
#include "builder/tested.h"
#include "builder/unshared.h"

#include "lib/adapt/xz.h"
#include "lib/base/atomic.h"
#include "lib/base/fs.h"
#include "lib/base/jsonw.h"

#define DOCUMENT_MAX  (16U << 20)
#define SBOM_MAX      (64U << 20)
#define TOOL          "rootyard " VERSION
#define LOG_MAX       (16 << 20)
#define ARTIFACTS_MAX 16
#define META_XZ_LEVEL 6
#define MESSAGE_MAX   1000

struct handover {
	struct job *job;
	struct packages packages;
	struct rootfs tree;
	struct pack_result packed;
	struct artifact artifact[ARTIFACTS_MAX];
	size_t count;
	struct err *e;
};

static int add_document(struct handover *h, const char *name, struct bytes content)
{
	if (pack_document(
		    h->job->stage_dir, name, content, &h->artifact[h->count], h->e) < 0)
		return -1;
	h->count++;
	return 0;
}

typedef int metadata_fn(const struct metadata_in *in, struct buf *tar, struct err *e);

static int add_metadata(struct handover *h, const char *name, metadata_fn *make)
{
	auto_buf struct buf tar = BUF_INIT(DOCUMENT_MAX), xz = BUF_INIT(DOCUMENT_MAX);
	const struct metadata_in in = { .recipe = h->job->recipe,
		.generated = &h->job->generated,
		.created_s = h->job->created_s,
		.epoch_s = h->job->epoch_s };

	if (make(&in, &tar, h->e) < 0 ||
		xz_encode(buf_bytes(&tar), META_XZ_LEVEL, &xz, h->e) < 0)
		return -1;
	return add_document(h, name, buf_bytes(&xz));
}

static int add_packages(struct handover *h)
{
	auto_buf struct buf text = BUF_INIT(DOCUMENT_MAX);

	if (packages_format(&h->packages, &text, h->e) < 0)
		return -1;
	return add_document(h, "packages.json", buf_bytes(&text));
}

static int add_sbom(struct handover *h)
{
	auto_buf struct buf text = BUF_INIT(SBOM_MAX);
	const struct job *j = h->job;
	const struct sbom_in in = { .image = &j->image,
		.packages = &h->packages,
		.source = j->source,
		.source_count = j->source_count,
		.id = &h->packed.id,
		.epoch_s = j->epoch_s,
		.tool = TOOL };

	if (sbom_format(&in, &text, h->e) < 0)
		return -1;
	return add_document(h, "sbom.spdx.json", buf_bytes(&text));
}

static int pack_with_cache(struct handover *h)
{
	struct job *j = h->job;
	auto_piecestore struct piecestore store = PIECESTORE_INIT;
	const struct pack_cache cache = piecestore_cache(&store);
	const struct pack_options options = { .threads = j->threads,
		.xz_level = (int)j->xz_level,
		.zst_level = (int)j->zst_level,
		.cache = j->pieces ? &cache : NULL };

	if (j->pieces && piecestore_open(&store, j->pieces, j->log_fd, h->e) < 0)
		return -1;
	if (pack_tree(j->root_dir, &h->tree, j->stage_dir, &options, &h->packed, h->e) <
		0)
		return -1;
	j->packed = h->packed.counts;
	if (j->pieces)
		store_trim(&store.store, j->cache_max_bytes);
	return 0;
}

static int pack(struct handover *h)
{
	const struct job *j = h->job;
	int64_t start = job_clock();
	char size[32];

	if (packages_read(j->root_dir, &h->packages, h->e) < 0 ||
		rootfs_scan(j->root_dir, &h->packages, j->epoch_s, &h->tree, h->e) < 0 ||
		pack_with_cache(h) < 0)
		return -1;
	h->artifact[h->count++] = h->packed.manifest;
	h->artifact[h->count++] = h->packed.tar_xz;
	h->artifact[h->count++] = h->packed.tar_zst;
	job_timed(h->job, "pack", start,
		"%zu packages, %llu entries, %s, %llu of %llu pieces as before",
		h->packages.count, (unsigned long long)h->packed.entries,
		out_size(h->packed.tar_xz.size, size, sizeof(size)),
		(unsigned long long)j->packed.reused_pieces,
		(unsigned long long)j->packed.pieces);
	return 0;
}

/* ---- documents about the build itself */

static void add_counts(struct jsonw *w, const struct pack_counts *c)
{
	jsonw_key(w, "packed");
	jsonw_object(w);
	jsonw_kint(w, "pieces", (int64_t)c->pieces);
	jsonw_kint(w, "bytes", (int64_t)c->bytes);
	jsonw_kint(w, "reused_pieces", (int64_t)c->reused_pieces);
	jsonw_kint(w, "reused_bytes", (int64_t)c->reused_bytes);
	jsonw_end_object(w);
}

static int write_timings(struct handover *h)
{
	auto_buf struct buf text = BUF_INIT(65536);
	struct jsonw w = jsonw_to(&text);
	const struct job *j = h->job;

	jsonw_object(&w);
	jsonw_kint(&w, "schema", 1);
	jsonw_key(&w, "phases");
	jsonw_array(&w);
	for (size_t i = 0; i < j->timing_count; i++) {
		jsonw_object(&w);
		jsonw_kstr(&w, "phase", j->timing[i].phase);
		jsonw_kint(&w, "ms", j->timing[i].ms);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	add_counts(&w, &j->packed);
	jsonw_end_object(&w);
	buf_add_byte(&text, '\n');
	return atomic_write_file(
		j->stage_dir, "timings.json", buf_bytes(&text), 0644, h->e);
}

/* The log is bounded, on disk, and not signed for. */
static int close_log(const struct job *j, struct err *e)
{
	struct stat st;

	if (fstat(j->log_fd, &st) < 0)
		return err_sys(e, "cannot look at 'build.log'");
	if (st.st_size > LOG_MAX && ftruncate(j->log_fd, LOG_MAX) < 0)
		return err_sys(e, "cannot shorten 'build.log'");
	return fs_sync(j->log_fd, "build.log", e);
}

static void fill_common(const struct job *j, struct build *b)
{
	build_init(b);
	b->image = j->image;
	snprintf(b->serial, sizeof(b->serial), "%s", j->serial);
	b->epoch_s = j->epoch_s;
	b->tool = TOOL;
	b->recipe = j->recipe_digest;
	b->test_result = j->test_result;
	b->test_kind = j->test_kind;
	b->source = j->source;
	b->source_count = j->source_count;
	b->accepted = j->accepted;
	b->accepted_count = j->accepted_count;
	b->scrub = j->scrub;
	b->scrub_count = j->scrub_count;
}

static int write_build(const struct job *j, const struct build *b, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(BUILD_JSON_MAX);

	if (build_format(b, &text, e) < 0)
		return -1;
	return atomic_write_file(j->stage_dir, "build.json", buf_bytes(&text), 0644, e);
}

static int by_source(const void *a, const void *b)
{
	const struct build_source *x = a, *y = b;
	int rc = strcmp(x->kind, y->kind);

	return rc ? rc : strcmp(x->url, y->url);
}

static int by_artifact(const void *a, const void *b)
{
	const struct artifact *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void fill_success(struct handover *h, struct build *b)
{
	struct job *j = h->job;

	qsort(h->artifact, h->count, sizeof(*h->artifact), by_artifact);
	fill_common(j, b);
	b->result = "ok";
	b->class = j->is_retry ? "flaky" : "ok";
	b->message = "";
	b->artifact = h->artifact;
	b->artifact_count = h->count;
	b->id = h->packed.id;
	b->diff_id = h->packed.diff_id;
	b->entries = h->packed.entries;
	b->unpacked_size = h->packed.unpacked_size;
}

/* Says of all other artifacts who made them from what. */
static int add_provenance(struct handover *h)
{
	auto_buf struct buf text = BUF_INIT(DOCUMENT_MAX);
	const struct job *j = h->job;
	const struct provenance_settings settings = { .xz_level = j->xz_level,
		.zst_level = j->zst_level,
		.epoch_fixed = j->epoch_fixed,
		.allow_unverified = j->allow_unverified,
		.mirror = text_str(&j->release->mirror),
		.expired_days = (int64_t)j->release->accept_expired_release_days };
	auto_build struct build b;

	fill_success(h, &b);
	if (provenance_format(&b, &settings, &text, h->e) < 0)
		return -1;
	return add_document(h, PROVENANCE_NAME, buf_bytes(&text));
}

static int write_success(struct handover *h)
{
	auto_build struct build b;

	fill_success(h, &b);
	return write_build(h->job, &b, h->e);
}

/* What an action said of its secrets fails the build, and does not stay. */
static int check_log(const struct job *j, struct err *e)
{
	size_t hits;

	if (secrets_redact(&j->secrets, j->log_fd, &hits, e) < 0)
		return -1;
	if (hits == 0)
		return 0;
	return err_set(e, ERR_RECIPE,
		"a secret was written to the log %zu times: it was overwritten there",
		hits);
}

int handover_complete(struct job *j, struct err *e)
{
	struct handover h = { .job = j, .e = e };
	int rc = -1;

	if (unshared_become(j->owner_uid, j->owner_gid, e) < 0)
		return -1;
	packages_init(&h.packages);
	rootfs_init(&h.tree);
	if (j->source_count)
		qsort(j->source, j->source_count, sizeof(*j->source), by_source);
	if (check_log(j, e) == 0 && pack(&h) == 0 &&
		add_metadata(&h, "meta.tar.xz", metadata_lxc) == 0 &&
		add_metadata(&h, "incus.tar.xz", metadata_incus) == 0 &&
		add_packages(&h) == 0 && add_sbom(&h) == 0 &&
		add_document(&h, "recipe.yaml", bytes_of_str(j->recipe_yaml)) == 0 &&
		add_provenance(&h) == 0 && write_timings(&h) == 0 && close_log(j, e) == 0)
		rc = write_success(&h);
	rootfs_release(&h.tree);
	packages_release(&h.packages);
	return rc;
}

/* ---- a failed build */

const char *handover_class(enum err_code code)
{
	switch (code) {
	case ERR_RECIPE:
		return "recipe";
	case ERR_UPSTREAM:
	case ERR_NETWORK:
	case ERR_UNTRUSTED:
	case ERR_NOTFOUND:
	case ERR_AGAIN:
		return "upstream";
	case ERR_TEST:
		return "test";
	default:
		return "internal";
	}
}

static int remove_all_but_log(const struct job *j, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(j->stage_dir, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (strcmp(names.name[i], "build.log") != 0 &&
			strcmp(names.name[i], TEST_LOG) != 0 &&
			fs_remove_tree(j->stage_dir, names.name[i], e) < 0)
			return -1;
	return 0;
}

int handover_failed(struct job *j, const struct err *why, struct err *e)
{
	auto_build struct build b;
	size_t hits;

	job_log(j, "failed: %s", why->text);
	fill_common(j, &b);
	b.result = "failed";
	b.class = handover_class(why->code);
	b.message = arena_printf(&j->arena, "%.*s", MESSAGE_MAX, why->text);
	b.source_count = b.scrub_count = 0;
	if (remove_all_but_log(j, e) < 0 ||
		secrets_redact(&j->secrets, j->log_fd, &hits, e) < 0 ||
		close_log(j, e) < 0)
		return -1;
	return write_build(j, &b, e);
}
