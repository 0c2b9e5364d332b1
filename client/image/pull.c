#include "client/image/pull.h"

#include "client/image/home.h"
#include "client/image/metafiles.h"
#include "lib/base/atomic.h"
#include "lib/base/fs.h"
#include "lib/base/tree.h"
#include "lib/model/start.h"

#include <fcntl.h>
#include <inttypes.h>

enum part { PART_MANIFEST, PART_ROOTFS, PART_META, PART_COUNT };

static const char *const part_name[PART_COUNT] = {
	[PART_MANIFEST] = "rootfs.man",
	[PART_ROOTFS] = "rootfs.tar.zst",
	[PART_META] = "meta.tar.xz",
};

struct pull {
	struct out *out;
	struct repo *repo;
	const struct store *store;
	const struct imagedoc *doc;
	const struct doc_build *build;
	const struct doc_file *file[PART_COUNT];
	struct verified got[PART_COUNT];
	int partial_fd;
	struct stage stage;
	struct pulled *done;
	struct buf dropped; /* keys of config lines that were not believed */
	const char *step;
};

/* ---- which build */

static int no_such_build(const struct imagedoc *doc, const char *name, struct err *e)
{
	auto_buf struct buf known = BUF_INIT(4096);

	for (size_t i = 0; i < doc->build_count; i++)
		if (strcmp(doc->build[i].state, "withdrawn") != 0)
			buf_printf(&known, "%s%s", known.len ? ", " : "",
				doc->build[i].serial);
	if (known.len == 0)
		return err_set(
			e, ERR_NOTFOUND, "'%s' has no build that may be used", name);
	return err_set(e, ERR_NOTFOUND, "'%s' has no such build; there are %s", name,
		buf_str(&known));
}

static int choose_build(struct pull *p, const struct image_ref *ref, struct err *e)
{
	char name[IMAGE_NAME_MAX];
	const struct doc_build *b = imagedoc_build(p->doc, ref->serial, ref->id);

	image_format(&p->doc->image, name);
	if (!b) {
		no_such_build(p->doc, name, e);
		return -1;
	}
	if (strcmp(b->state, "withdrawn") == 0)
		return err_set(e, ERR_NOTFOUND,
			"build %s of '%s' was withdrawn by its publisher", b->serial,
			name);
	for (size_t i = 0; i < PART_COUNT; i++) {
		p->file[i] = doc_build_file(b, part_name[i]);
		if (!p->file[i])
			return err_set(e, ERR_NOTFOUND, "build %s of '%s' offers no '%s'",
				b->serial, name, part_name[i]);
	}
	if (!digest_equal(&p->file[PART_MANIFEST]->sha256, &b->id))
		return err_set(e, ERR_UNTRUSTED,
			"not trusted: build %s of '%s' is named after another manifest",
			b->serial, name);
	p->build = b;
	p->done->image = p->doc->image;
	memcpy(p->done->serial, b->serial, sizeof(p->done->serial));
	digest_hex(&b->id, p->done->id);
	return 0;
}

/* ---- room */

static uint64_t to_fetch(const struct pull *p)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < PART_COUNT; i++)
		sum += p->file[i]->size;
	return sum;
}

static int need(int fd, uint64_t bytes, const char *what, struct err *e)
{
	uint64_t free_bytes;
	char want[32], have[32];

	if (fs_free_bytes(fd, &free_bytes, e) < 0)
		return -1;
	if (free_bytes >= bytes)
		return 0;
	return err_set(e, ERR_NOSPACE, "needs %s for %s, and %s are free",
		out_size(bytes, want, sizeof(want)), what,
		out_size(free_bytes, have, sizeof(have)));
}

static int check_room(const struct pull *p, struct err *e)
{
	const struct unpack_limits hard = UNPACK_LIMITS_HARD;
	uint64_t unpacked = p->build->unpacked_size, fetch = to_fetch(p);
	struct stat store, cache;

	if (unpacked > hard.unpacked_size || p->build->entries > hard.entries)
		return err_set(e, ERR_LIMIT,
			"the image unpacks to %" PRIu64 " bytes in %" PRIu64
			" entries; %" PRIu64 " and %" PRIu64 " are allowed",
			unpacked, p->build->entries, hard.unpacked_size, hard.entries);
	unpacked += unpacked / 20;
	if (fstat(p->store->data_fd, &store) < 0 || fstat(p->partial_fd, &cache) < 0)
		return err_sys(e, "cannot examine the store");
	if (store.st_dev == cache.st_dev)
		return need(p->store->data_fd, unpacked + fetch, "the image", e);
	if (need(p->store->data_fd, unpacked, "the unpacked image", e) < 0)
		return -1;
	return need(p->partial_fd, fetch, "the download", e);
}

/* ---- fetching */

static void fetch_moved(void *ctx, uint64_t now, uint64_t total)
{
	const struct pull *p = ctx;

	out_step(p->out, p->step, now, total, "B");
}

static int fetch_parts(struct pull *p, struct err *e)
{
	struct fetch_progress progress = { .moved = fetch_moved, .ctx = p };

	for (size_t i = 0; i < PART_COUNT; i++) {
		auto_free char *step = xasprintf("fetch %s", part_name[i]);
		char size[32];

		p->step = step;
		if (repo_file(p->repo, p->file[i], p->partial_fd, &progress, &p->got[i],
			    e) < 0)
			return -1;
		out_step_done(p->out, step, "%s, verified",
			out_size(p->file[i]->size, size, sizeof(size)));
	}
	p->done->fetched_bytes = to_fetch(p);
	return 0;
}

static void forget_parts(const struct pull *p)
{
	for (size_t i = 0; i < PART_COUNT; i++)
		repo_file_forget(p->file[i], p->partial_fd);
}

/* ---- making the image */

static void unpack_moved(void *ctx, uint64_t bytes)
{
	const struct pull *p = ctx;

	out_step(p->out, "unpack", bytes, p->build->unpacked_size, "B");
}

static int write_file(int dir_fd, const char *name, struct bytes content, struct err *e)
{
	auto_fd int fd = openat(
		dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0 || fchmod(fd, 0644) < 0)
		return err_sys(e, "cannot make '%s'", name);
	if (content.len > 0 && fs_write_all(fd, content.data, content.len, e) < 0)
		return err_wrap(e, "cannot write '%s'", name);
	return 0;
}

static int keep_metafile(void *ctx, const char *name, struct bytes content, struct err *e)
{
	struct pull *p = ctx;
	auto_buf struct buf text = BUF_INIT(2 * METAFILES_BYTES_MAX);
	auto_fd int meta_fd = -1;

	if (!metafile_is_kept(name))
		return 0;
	metafile_filter(name, content, &text, &p->dropped);
	if (buf_check(&text, name, e) < 0)
		return -1;
	meta_fd = fs_open_dir_at(p->stage.dir_fd, "meta", e);
	if (meta_fd < 0)
		return -1;
	return write_file(meta_fd, name, buf_bytes(&text), e);
}

static int write_start(struct pull *p, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(4096);
	char epoch[32];

	snprintf(epoch, sizeof(epoch), "%" PRId64, p->build->epoch_s);
	start_line(&text, "arch", p->doc->image.arch);
	start_line(&text, "init", p->build->init ? p->build->init : "");
	start_line(
		&text, "stop_signal", p->build->stop_signal ? p->build->stop_signal : "");
	start_line(&text, "epoch", epoch);
	if (buf_check(&text, "start", e) < 0)
		return -1;
	return write_file(p->stage.dir_fd, "start", buf_bytes(&text), e);
}

static int keep_manifest(struct pull *p, struct err *e)
{
	int from = p->got[PART_MANIFEST].fd;
	auto_fd int to = openat(p->stage.dir_fd, part_name[PART_MANIFEST],
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (to < 0)
		return err_sys(e, "cannot make 'rootfs.man'");
	if (lseek(from, 0, SEEK_SET) < 0 ||
		fs_copy_fd(from, to, (int64_t)p->got[PART_MANIFEST].size, e) < 0)
		return err_wrap(e, "cannot store 'rootfs.man'");
	if (lseek(from, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot rewind 'rootfs.man'");
	return 0;
}

static int unpack_tree(struct pull *p, struct err *e)
{
	struct unpack_job job = {
		.archive_fd = p->got[PART_ROOTFS].fd,
		.coding = UNPACK_ZST,
		.root_fd = p->stage.root_fd,
		.manifest_fd = p->got[PART_MANIFEST].fd,
		.meta_fd = p->got[PART_META].fd,
		.diff_id = p->build->diff_id,
		.limits = UNPACK_LIMITS_HARD,
		.tree_flags = p->store->ids.full ? 0 : TREE_NO_CHOWN,
	};
	struct unpack_watch watch = {
		.progress = unpack_moved, .metafile = keep_metafile, .ctx = p
	};
	char size[32];

	job.limits.entries = p->build->entries;
	job.limits.unpacked_size = p->build->unpacked_size;
	if (unpacker_run(&job, &p->store->ids, &watch, &p->done->unpacked, e) < 0) {
		/* Its digest was right, so damage is what was signed for. */
		if (e->code == ERR_PARSE || e->code == ERR_LIMIT)
			e->code = ERR_UNTRUSTED;
		if (e->code == ERR_UNTRUSTED)
			return err_wrap(e, "not trusted: what build %s unpacks to",
				p->build->serial);
		return err_wrap(e, "cannot unpack build %s", p->build->serial);
	}
	out_step_done(p->out, "unpack", "%s in %" PRIu64 " entries",
		out_size(p->done->unpacked.bytes, size, sizeof(size)),
		p->done->unpacked.entries);
	return 0;
}

static int make_image(struct pull *p, struct err *e)
{
	if (keep_manifest(p, e) < 0 || unpack_tree(p, e) < 0 || write_start(p, e) < 0)
		return -1;
	return store_publish(&p->stage, e);
}

static void say_what_was_left_out(const struct pull *p)
{
	if (p->dropped.len > 0)
		out_note(p->out, "not believed: these settings of the image's config: %s",
			buf_str(&p->dropped));
	if (p->done->unpacked.skipped > 0)
		out_note(p->out, "%" PRIu64 " device nodes were not made",
			p->done->unpacked.skipped);
	if (!p->store->ids.full)
		out_note(p->out,
			"all files of this image belong to you, so programs that change "
			"users or owners will fail in it: %s",
			p->store->ids.why);
}

static void say_waiting(void *ctx)
{
	struct out *out = ctx;

	out_note(out, "another process is pulling the same image: waiting for it");
}

static int fetch_and_make(struct pull *p, struct err *e)
{
	auto_fd int cache_fd = home_open(PLACE_CACHE, e);
	auto_fd int partial_fd = cache_fd < 0 ? -1 : home_subdir(cache_fd, "partial", e);

	if (partial_fd < 0)
		return -1;
	p->partial_fd = partial_fd;
	if (check_room(p, e) < 0 || fetch_parts(p, e) < 0 || make_image(p, e) < 0) {
		if (e->code == ERR_UNTRUSTED)
			forget_parts(p);
		return -1;
	}
	forget_parts(p);
	say_what_was_left_out(p);
	return 0;
}

static int store_image(struct pull *p, const char *name, struct err *e)
{
	int rc;

	p->done->was_stored = store_has(p->store, name);
	if (p->done->was_stored)
		return 0;
	if (store_stage(p->store, name, say_waiting, p->out, &p->stage, e) < 0)
		return -1;
	p->done->was_stored = p->stage.dir_fd < 0;
	rc = p->done->was_stored ? 0 : fetch_and_make(p, e);
	for (size_t i = 0; i < PART_COUNT; i++)
		verified_release(&p->got[i]);
	buf_release(&p->dropped);
	store_stage_release(&p->stage);
	return rc;
}

/* ---- from the name to the build */

static void say_state(struct out *out, const struct imagedoc *doc)
{
	if (strcmp(doc->state, "active") == 0)
		return;
	out_note(out, "this image is %s%s%s", doc->state,
		doc->eol && *doc->eol ? ", its end of life is " : "",
		doc->eol ? doc->eol : "");
}

static int pull_once(const struct remote *remote, const struct image_ref *ref,
	struct out *out, struct pulled *done, struct err *e)
{
	auto_store struct store store = STORE_INIT;
	auto_repo struct repo repo = REPO_INIT;
	auto_imagedoc struct imagedoc doc = { 0 };
	const struct catdoc_line *line;
	char name[STORE_NAME_MAX];
	struct pull p = {
		.out = out,
		.repo = &repo,
		.store = &store,
		.doc = &doc,
		.stage = STAGE_INIT,
		.done = done,
		.dropped = BUF_INIT(4096),
	};

	for (size_t i = 0; i < PART_COUNT; i++)
		p.got[i].fd = -1;
	if (store_open(&store, e) < 0 || repo_open(remote, &repo, e) < 0 ||
		repo_catalog(&repo, e) < 0 ||
		catdoc_find(&repo.catalog, ref, &line, e) < 0 ||
		repo_image(&repo, line, &doc, e) < 0 || choose_build(&p, ref, e) < 0)
		return -1;
	say_state(out, &doc);
	store_name(&store, &p.build->id, name);
	done->single_id = !store.ids.full;
	if (store_image(&p, name, e) < 0)
		return -1;
	if (store_set_ref(&store, remote->name, &doc.image, p.build->serial, name, e) < 0)
		return -1;
	return store_set_aliases(&store, remote->name, &repo.catalog, e);
}

int pull_image(const struct remote *remote, const struct image_ref *ref, struct out *out,
	struct pulled *done, struct err *e)
{
	memset(done, 0, sizeof(*done));
	if (pull_once(remote, ref, out, done, e) == 0)
		return 0;
	if (e->code != ERR_AGAIN)
		return -1;
	/* Listed but gone: perhaps a newer generation is out by now. */
	memset(done, 0, sizeof(*done));
	if (pull_once(remote, ref, out, done, e) == 0)
		return 0;
	if (e->code == ERR_AGAIN)
		e->code = ERR_NETWORK;
	return -1;
}
