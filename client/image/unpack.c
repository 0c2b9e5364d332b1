#include "client/image/unpack.h"

#include "client/image/compare.h"
#include "client/image/derive.h"
#include "client/image/metafiles.h"
#include "client/image/patch.h"
#include "client/image/place.h"
#include "client/image/rawtar.h"
#include "client/image/report.h"
#include "client/image/treetar.h"
#include "client/image/writeout.h"
#include "lib/base/fs.h"
#include "lib/base/tree.h"

#include <inttypes.h>
#include <time.h>

#define CHUNK          (256U << 10)
#define PROGRESS_EVERY (8U << 20)

struct unpacking {
	const struct unpack_job *job;
	int report_fd;
	struct manifest manifest; /* count 0: nothing to compare with */
	struct derive *derive;    /* or NULL */
	struct digest content;    /* of the last file, where it is wanted */
	struct tar *tar;
	struct tree *tree;
	struct unpack_state state;
	uint64_t reported;
	bool broken; /* the archive could not be read on */
	unsigned char chunk[CHUNK];
};

/* ---- one entry */

static int report_progress(struct unpacking *u, struct err *e)
{
	if (u->state.bytes < u->reported + PROGRESS_EVERY)
		return 0;
	u->reported = u->state.bytes;
	return report_send(
		u->report_fd, REPORT_PROGRESS, &u->reported, sizeof(u->reported), e);
}

static int copy_content(
	struct unpacking *u, int fd, struct hasher *hash, const char *path, struct err *e)
{
	for (;;) {
		ssize_t n = tar_read(u->tar, u->chunk, sizeof(u->chunk), e);

		u->broken = n < 0;
		if (n <= 0)
			return (int)n;
		if (hash)
			hasher_add(hash, u->chunk, (size_t)n);
		if (fs_write_all(fd, u->chunk, (size_t)n, e) < 0)
			return err_wrap(e, "cannot write '%s'", path);
	}
}

static int write_file(struct unpacking *u, const struct unpack_entry *entry,
	const struct tree_meta *meta, const struct manifest_entry *want, struct err *e)
{
	auto_hasher struct hasher hash = { 0 };
	auto_fd int fd = tree_file_begin(u->tree, &entry->path, meta->mode, e);
	bool hashed = want || u->derive;

	if (fd < 0)
		return -1;
	if (hashed)
		hasher_init(&hash);
	if (copy_content(u, fd, hashed ? &hash : NULL, entry->path.text, e) < 0)
		return -1;
	if (hashed)
		u->content = hasher_final(&hash);
	if (want && compare_content(want, &u->content, e) < 0)
		return -1;
	return tree_file_end(u->tree, fd, &entry->path, meta, e);
}

static int write_entry(struct unpacking *u, const struct unpack_entry *entry,
	const struct manifest_entry *want, struct err *e)
{
	struct tree_xattr xattrs[TAR_XATTR_MAX];
	struct tree_meta meta = place_meta(entry, xattrs);

	if (entry->type == TAR_FILE)
		return write_file(u, entry, &meta, want, e);
	return place_entry(u->tree, entry, &meta, e);
}

/* Directories that the archive does not name. */
static int derive_parents(struct unpacking *u, const struct relpath *p, struct err *e)
{
	struct unpack_entry dir = { .type = TAR_DIR, .mode = 0755 };
	struct tree_meta meta = { .mode = 0755 };

	for (size_t i = 0; i < p->len; i++) {
		auto_free char *part = NULL;
		struct relpath parent;

		if (p->text[i] != '/')
			continue;
		part = xasprintf("%.*s", (int)i, p->text);
		if (derive_has(u->derive, part))
			continue;
		if (relpath_parse(part, &parent, e) < 0 ||
			tree_dir(u->tree, &parent, &meta, e) < 0 ||
			derive_add(u->derive, part, &dir, NULL, e) < 0)
			return -1;
	}
	return 0;
}

static int keep_entry(struct unpacking *u, const struct unpack_entry *entry,
	const struct manifest_entry *want, struct err *e)
{
	if (!u->derive)
		return write_entry(u, entry, want, e);
	if (derive_parents(u, &entry->path, e) < 0 || write_entry(u, entry, want, e) < 0)
		return -1;
	return derive_add(u->derive, entry->path.text, entry, &u->content, e);
}

/* An archive that asks for what may not be is not trusted; one that is damaged, or a disk
 * that fails, is another matter. */
static int judge_failure(const struct unpacking *u, struct err *e)
{
	bool asks_too_much = e->sys == 0 || e->sys == ELOOP || e->sys == EXDEV ||
			     e->sys == ENOTDIR || e->sys == EISDIR || e->sys == EEXIST ||
			     e->sys == ENAMETOOLONG;

	if (asks_too_much && !u->broken &&
		(e->code == ERR_PARSE || e->code == ERR_LIMIT || e->code == ERR_SYS ||
			e->code == ERR_NOTFOUND))
		e->code = ERR_UNTRUSTED;
	return -1;
}

static int take_entry(struct unpacking *u, const struct tar_entry *t, struct err *e)
{
	const struct manifest_entry *want = NULL;
	struct unpack_entry entry;
	struct tree_xattr xattrs[TAR_XATTR_MAX];
	struct tree_meta meta;

	if (u->manifest.count > 0) {
		if (u->state.entries >= u->manifest.count)
			return err_set(
				e, ERR_UNTRUSTED, "'%s' is not in the manifest", t->path);
		want = &u->manifest.entry[u->state.entries];
		if (compare_entry(want, t, e) < 0)
			return -1;
	}
	switch (unpack_judge(&u->state, t, &entry, e)) {
	case UNPACK_KEEP:
		return keep_entry(u, &entry, want, e) < 0 ? judge_failure(u, e) : 0;
	case UNPACK_ROOT:
		meta = place_meta(&entry, xattrs);
		if (u->derive && derive_add(u->derive, "", &entry, NULL, e) < 0)
			return -1;
		return tree_root(u->tree, &meta, e);
	case UNPACK_SKIP:
		return 0;
	default:
		return judge_failure(u, e);
	}
}

/* ---- the archive */

/* What remains behind the last entry belongs to the archive: it is decoded (checksums)
 * and hashed too. */
static int drain(struct unpacking *u, const struct reader *raw, struct err *e)
{
	ssize_t n;

	do
		n = reader_read(raw, u->chunk, sizeof(u->chunk), e);
	while (n > 0);
	return (int)n;
}

static int check_end(const struct unpacking *u, struct rawtar *raw, struct err *e)
{
	const struct unpack_job *job = u->job;
	struct digest got;

	if (u->manifest.count == 0)
		return 0;
	if (u->state.entries != u->manifest.count ||
		u->state.entries != job->limits.entries)
		return err_set(e, ERR_UNTRUSTED,
			"%" PRIu64 " entries where %zu were signed for", u->state.entries,
			u->manifest.count);
	if (u->state.bytes != job->limits.unpacked_size)
		return err_set(e, ERR_UNTRUSTED,
			"%" PRIu64 " bytes unpacked where %" PRIu64 " were signed for",
			u->state.bytes, job->limits.unpacked_size);
	got = rawtar_digest(raw);
	if (!digest_equal(&got, &job->diff_id))
		return err_set(e, ERR_UNTRUSTED,
			"the archive is not the one whose diff id was signed");
	return 0;
}

static int unpack_entries(struct unpacking *u, struct err *e)
{
	auto_writeout struct writeout *writeout = NULL;
	struct tar_entry entry;
	int rc;

	if (writeout_open(u->job->root_fd, &writeout, e) < 0)
		return -1;
	while ((rc = tar_next(u->tar, &entry, e)) == 1) {
		if (take_entry(u, &entry, e) < 0 || report_progress(u, e) < 0)
			return -1;
		writeout_at(writeout, u->state.bytes);
	}
	return rc < 0 ? -1 : writeout_finish(&writeout, e);
}

/* An archive may lack an entry for the root; one that comes later wins. */
static int default_root(struct unpacking *u, struct err *e)
{
	struct tree_meta meta = { .mode = 0755,
		.mtime_s = u->derive ? 0 : (int64_t)time(NULL) };

	return tree_root(u->tree, &meta, e);
}

static int unpack_archive(struct unpacking *u, struct err *e)
{
	const struct rawtar_from from = { .fd = u->job->archive_fd,
		.gate = u->job->gate,
		.coding = u->job->coding,
		.hashed = u->manifest.count > 0 };
	auto_rawtar struct rawtar *archive = NULL;
	struct reader raw;

	if (rawtar_open(&from, &archive, e) < 0)
		return -1;
	raw = rawtar_as_reader(archive);
	if (tar_open(&raw, &u->tar, e) < 0 ||
		tree_open(u->job->root_fd, u->job->tree_flags, &u->tree, e) < 0 ||
		default_root(u, e) < 0 || unpack_entries(u, e) < 0 ||
		drain(u, &raw, e) < 0 || check_end(u, archive, e) < 0)
		return -1;
	return tree_finish(u->tree, e);
}

/* ---- all of it */

static int load_manifest(struct unpacking *u, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(MANIFEST_BYTES_MAX);

	if (u->job->manifest_fd < 0 || u->derive)
		return 0;
	if (fs_read_fd(u->job->manifest_fd, "rootfs.man", &text, e) < 0)
		return -1;
	if (manifest_parse(buf_bytes(&text), &u->manifest, e) < 0) {
		e->code = ERR_UNTRUSTED;
		return err_wrap(e, "rootfs.man");
	}
	if (!digest_equal(&u->manifest.diff_id, &u->job->diff_id))
		return err_set(e, ERR_UNTRUSTED,
			"rootfs.man and the image document name different archives");
	return 0;
}

static int send_metafile(void *ctx, const char *name, struct bytes content, struct err *e)
{
	auto_buf struct buf frame = BUF_INIT(REPORT_MAX);
	const int *report_fd = ctx;

	buf_add(&frame, name, strlen(name) + 1);
	buf_add(&frame, content.data, content.len);
	if (buf_check(&frame, name, e) < 0)
		return -1;
	return report_send(*report_fd, REPORT_META, frame.data, frame.len, e);
}

static int delta_moved(void *ctx, struct err *e)
{
	return report_progress(ctx, e);
}

static int apply_delta(struct unpacking *u, struct err *e)
{
	const struct unpack_job *job = u->job;
	struct patch_job patch = {
		.delta_fd = job->archive_fd,
		.root_fd = job->root_fd,
		.base_fd = job->base_fd,
		.base_manifest_fd = job->base_manifest_fd,
		.manifest_fd = job->manifest_fd,
		.id = job->id,
		.tree_flags = job->tree_flags,
	};

	return patch_run(&patch, &u->state, delta_moved, u, e);
}

static int tar_moved(void *ctx, uint64_t bytes, struct err *e)
{
	(void)ctx;
	(void)bytes;
	(void)e;
	return 0;
}

/* Contents are read once more: the order of the archive need not be that of ours. */
static int write_derived(struct unpacking *u, struct err *e)
{
	auto_manifest struct manifest m;
	auto_buf struct buf text = BUF_INIT(MANIFEST_BYTES_MAX);
	struct unpack_entry root = { .type = TAR_DIR, .mode = 0755 };
	struct treetar_watch watch = { .moved = tar_moved, .ctx = u };

	manifest_init(&m);
	if (!derive_has(u->derive, "") && derive_add(u->derive, "", &root, NULL, e) < 0)
		return -1;
	if (derive_finish(u->derive, &m, e) < 0 ||
		treetar_write(u->job->root_fd, &m, NULL, &watch, &m.diff_id, &m.tar_size,
			e) < 0 ||
		manifest_format(&m, &text, e) < 0)
		return -1;
	return fs_write_all(u->job->manifest_fd, text.data, text.len, e);
}

static int unpack_tree(struct unpacking *u, struct err *e)
{
	if (u->derive)
		return unpack_archive(u, e) < 0 ? -1 : write_derived(u, e);
	if (u->job->coding == UNPACK_DELTA)
		return apply_delta(u, e);
	return load_manifest(u, e) < 0 ? -1 : unpack_archive(u, e);
}

int unpack_run(const struct unpack_job *job, int report_fd, struct err *e)
{
	struct unpacking *u = xcalloc(1, sizeof(*u));
	struct unpack_done done;
	int rc;

	u->job = job;
	u->report_fd = report_fd;
	u->state.limits = job->limits;
	u->derive = job->derive ? derive_new() : NULL;
	manifest_init(&u->manifest);
	rc = unpack_tree(u, e);
	if (rc == 0 && job->meta_fd >= 0 &&
		metafiles_read(job->meta_fd, send_metafile, &report_fd, e) < 0)
		rc = err_wrap(e, "meta.tar.xz");
	done = (struct unpack_done){
		.entries = u->state.entries,
		.bytes = u->state.bytes,
		.skipped = u->state.skipped,
	};
	tar_close(&u->tar);
	tree_release(&u->tree);
	manifest_release(&u->manifest);
	derive_free(&u->derive);
	free(u);
	if (rc < 0)
		return -1;
	return report_send(report_fd, REPORT_DONE, &done, sizeof(done), e);
}
