#include "client/image/pull.h"

#include "client/image/home.h"
#include "client/image/imagefiles.h"
#include "client/image/pull_foreign.h"
#include "lib/base/fs.h"
#include "lib/base/tree.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/file.h>

/* A delta carries the manifest: then only that and the metadata are fetched. */
enum part { PART_MANIFEST, PART_ROOTFS, PART_META, PART_DELTA, PART_COUNT };

static const char *const part_name[PART_COUNT] = {
	[PART_MANIFEST] = "rootfs.man",
	[PART_ROOTFS] = "rootfs.tar.zst",
	[PART_META] = "meta.tar.xz",
	[PART_DELTA] = "delta",
};

struct pull {
	struct out *out;
	const struct pull_options *options;
	struct repo *repo;
	const struct store *store;
	const struct imagedoc *doc;
	const struct doc_build *build;
	const struct doc_file *file[PART_COUNT];
	bool wanted[PART_COUNT];
	struct doc_file delta;
	char base[STORE_NAME_MAX]; /* the stored image that the delta is of */
	struct verified got[PART_COUNT];
	int partial_fd;
	struct gate *gate; /* while the archive is unpacked as it comes */
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
	for (size_t i = 0; i < PART_DELTA; i++) {
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

/* ---- how it comes: whole, or as what changed in an image that is stored */

static void want_whole(struct pull *p)
{
	p->wanted[PART_MANIFEST] = p->wanted[PART_ROOTFS] = p->wanted[PART_META] = true;
	p->wanted[PART_DELTA] = false;
	p->done->base[0] = '\0';
}

/* Which night that base is, if the document still says so. */
static void note_base(struct pull *p, const struct doc_delta *delta)
{
	for (size_t i = 0; i < p->doc->build_count; i++)
		if (digest_equal(&p->doc->build[i].id, &delta->from))
			memcpy(p->done->base, p->doc->build[i].serial,
				sizeof(p->done->base));
}

const struct doc_delta *pull_least(
	const struct store *store, const struct doc_build *build)
{
	const struct doc_file *whole = doc_build_file(build, part_name[PART_ROOTFS]);
	const struct doc_delta *best = NULL;
	char name[STORE_NAME_MAX];

	for (size_t i = 0; i < build->delta_count; i++) {
		const struct doc_delta *d = &build->delta[i];

		store_name(store, &d->from, name);
		if (store_has(store, name) && whole &&
			d->size < (best ? best->size : whole->size))
			best = d;
	}
	return best;
}

static void want_least(struct pull *p)
{
	const struct doc_delta *best = pull_least(p->store, p->build);

	want_whole(p);
	if (!best)
		return;
	store_name(p->store, &best->from, p->base);
	p->delta = (struct doc_file){ .name = part_name[PART_DELTA],
		.path = best->path,
		.size = best->size,
		.sha256 = best->sha256 };
	p->file[PART_DELTA] = &p->delta;
	p->wanted[PART_DELTA] = true;
	p->wanted[PART_MANIFEST] = p->wanted[PART_ROOTFS] = false;
	note_base(p, best);
}

/* ---- room */

static uint64_t to_fetch(const struct pull *p)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < PART_COUNT; i++)
		if (p->wanted[i])
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

/* How far the unpacker may go. */
static int part_is_good(void *ctx, uint64_t bytes, struct err *e)
{
	const struct pull *p = ctx;

	return gate_allow(p->gate, bytes, e);
}

static int fetch_part(struct pull *p, size_t i, struct err *e)
{
	struct fetch_progress progress = {
		.moved = fetch_moved, .good = p->gate ? part_is_good : NULL, .ctx = p
	};
	auto_free char *step = xasprintf("fetch %s", part_name[i]);
	char size[32];

	p->step = step;
	if (repo_file(p->repo, p->file[i], p->partial_fd, &progress, &p->got[i], e) < 0)
		return -1;
	p->done->fetched_bytes += p->file[i]->size;
	out_step_done(p->out, step, "%s, verified",
		out_size(p->file[i]->size, size, sizeof(size)));
	return 0;
}

/* Fetched last and unpacked while it comes: its pieces are signed for one by one. */
static bool arrives(const struct pull *p, size_t part)
{
	return part == PART_ROOTFS && p->file[part]->pieces;
}

static int fetch_parts(struct pull *p, struct err *e)
{
	for (size_t i = 0; i < PART_COUNT; i++)
		if (p->wanted[i] && p->got[i].fd < 0 && !arrives(p, i) &&
			fetch_part(p, i, e) < 0)
			return -1;
	return 0;
}

/* All that may have been begun for this build: it is stored, or not to be trusted. */
static void forget_parts(const struct pull *p)
{
	for (size_t i = 0; i < PART_DELTA; i++)
		repo_file_forget(p->file[i], p->partial_fd);
	for (size_t i = 0; i < p->build->delta_count; i++) {
		struct doc_file delta = { .sha256 = p->build->delta[i].sha256 };

		repo_file_forget(&delta, p->partial_fd);
	}
}

static int open_partials(struct err *e)
{
	auto_fd int cache_fd = home_open(PLACE_CACHE, e);

	return cache_fd < 0 ? -1 : home_subdir(cache_fd, "partial", e);
}

/* Of a file that did not come whole the pieces that lie there are good. */
static void forget_untrusted(const struct pull *p)
{
	for (size_t i = 0; i < PART_COUNT; i++)
		if (p->file[i] && (!p->file[i]->pieces || p->got[i].fd >= 0))
			repo_file_forget(p->file[i], p->partial_fd);
}

/* ---- making the image */

static void unpack_moved(void *ctx, uint64_t bytes)
{
	const struct pull *p = ctx;

	out_step(p->out, "unpack", bytes, p->build->unpacked_size, "B");
}

static int keep_metafile(void *ctx, const char *name, struct bytes content, struct err *e)
{
	struct pull *p = ctx;

	return imagefiles_meta(p->stage.dir_fd, name, content, &p->dropped, e);
}

static int write_start(struct pull *p, struct err *e)
{
	const struct doc_build *b = p->build;
	struct image_start facts = {
		.arch = p->doc->image.arch,
		.init = b->init ? b->init : "",
		.stop_signal = b->stop_signal ? b->stop_signal : "",
		.epoch_s = b->epoch_s,
	};

	return imagefiles_start(p->stage.dir_fd, &facts, e);
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

static struct unpack_job unpack_job(const struct pull *p)
{
	struct unpack_job job = {
		.root_fd = p->stage.root_fd,
		.meta_fd = p->got[PART_META].fd,
		.diff_id = p->build->diff_id,
		.limits = UNPACK_LIMITS_HARD,
		.tree_flags = p->store->ids.full ? 0 : TREE_NO_CHOWN,
	};

	job.limits.entries = p->build->entries;
	job.limits.unpacked_size = p->build->unpacked_size;
	return job;
}

static int end_unpacker(struct pull *p, struct confined *child, struct err *e)
{
	struct unpack_watch watch = {
		.progress = unpack_moved, .metafile = keep_metafile, .ctx = p
	};
	char size[32];

	if (unpacker_end(child, &watch, &p->done->unpacked, e) < 0) {
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

static int run_unpacker(struct pull *p, const struct unpack_job *job, struct err *e)
{
	struct confined child;

	if (unpacker_start(job, &p->store->ids, &child, e) < 0)
		return -1;
	return end_unpacker(p, &child, e);
}

/* Both at once; of two failures the unpacker's counts when it was the reason for the other. */
static int fetch_and_unpack(
	struct pull *p, const struct unpack_job *job, struct gate *gate, struct err *e)
{
	struct confined child;
	struct err lost;
	int fetched;

	if (unpacker_start(job, &p->store->ids, &child, e) < 0)
		return -1;
	p->gate = gate;
	fetched = fetch_part(p, PART_ROOTFS, &lost);
	p->gate = NULL;
	gate_release(gate);
	if (end_unpacker(p, &child, e) < 0 &&
		(fetched == 0 || lost.code == ERR_INTERRUPTED))
		return -1;
	if (fetched < 0)
		*e = lost;
	return fetched;
}

static int unpack_arriving(struct pull *p, struct unpack_job job, struct err *e)
{
	auto_gate struct gate gate = GATE_INIT;
	char name[DIGEST_HEX];
	auto_fd int archive_fd = -1;

	digest_hex(&p->file[PART_ROOTFS]->sha256, name);
	archive_fd = openat(p->partial_fd, name,
		O_RDONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (archive_fd < 0)
		return err_sys(e, "cannot open the partial download '%s'", name);
	if (gate_open(p->file[PART_ROOTFS]->size, &gate, e) < 0)
		return -1;
	job.archive_fd = archive_fd;
	job.gate = &gate;
	return fetch_and_unpack(p, &job, &gate, e);
}

static int unpack_whole(struct pull *p, struct err *e)
{
	struct unpack_job job = unpack_job(p);

	job.coding = UNPACK_ZST;
	job.archive_fd = p->got[PART_ROOTFS].fd;
	job.manifest_fd = p->got[PART_MANIFEST].fd;
	if (keep_manifest(p, e) < 0)
		return -1;
	return job.archive_fd < 0 ? unpack_arriving(p, job, e) : run_unpacker(p, &job, e);
}

/* The child wrote the manifest; that it is the one that was signed for, we see ourselves. */
static int check_manifest(const struct pull *p, int fd, struct err *e)
{
	struct digest is;
	uint64_t size;

	if (digest_of_fd(fd, part_name[PART_MANIFEST], &is, &size, e) < 0)
		return -1;
	if (!digest_equal(&is, &p->build->id))
		return err_set(e, ERR_UNTRUSTED,
			"not trusted: the delta made another manifest than was signed "
			"for");
	return 0;
}

static int unpack_delta(struct pull *p, struct err *e)
{
	auto_fd int images_fd = fs_open_dir_at(p->store->images_fd, p->base, e);
	auto_fd int base_fd = images_fd < 0 ? -1 : fs_open_dir_at(images_fd, "rootfs", e);
	auto_fd int old_fd = base_fd < 0
				     ? -1
				     : fs_open_beneath(images_fd,
					       part_name[PART_MANIFEST], O_RDONLY, 0, e);
	auto_fd int new_fd =
		old_fd < 0 ? -1
			   : openat(p->stage.dir_fd, part_name[PART_MANIFEST],
				     O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
				     0644);
	struct unpack_job job = unpack_job(p);

	if (old_fd < 0)
		return -1;
	if (new_fd < 0 || fchmod(new_fd, 0644) < 0)
		return err_sys(e, "cannot make 'rootfs.man'");
	job.archive_fd = p->got[PART_DELTA].fd;
	job.coding = UNPACK_DELTA;
	job.manifest_fd = new_fd;
	job.base_fd = base_fd;
	job.base_manifest_fd = old_fd;
	job.id = p->build->id;
	return run_unpacker(p, &job, e) < 0 ? -1 : check_manifest(p, new_fd, e);
}

static int make_image(struct pull *p, struct err *e)
{
	if ((p->wanted[PART_DELTA] ? unpack_delta(p, e) : unpack_whole(p, e)) < 0 ||
		write_start(p, e) < 0)
		return -1;
	return p->options->flags & PULL_MEND ? store_exchange(&p->stage, e)
					     : store_publish(&p->stage, e);
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

/* The delta is gone from the server, or the stored image is not what it was. */
static bool can_do_without(const struct err *e)
{
	return e->code == ERR_DAMAGED || e->code == ERR_NOTFOUND || e->code == ERR_AGAIN;
}

static int make_whole(struct pull *p, struct err *e)
{
	out_note(p->out, "%s; fetching the whole image", e->text);
	want_whole(p);
	if (store_restage(&p->stage, e) < 0 || check_room(p, e) < 0 ||
		fetch_parts(p, e) < 0)
		return -1;
	return make_image(p, e);
}

static int fetch_and_make(struct pull *p, struct err *e)
{
	auto_fd int partial_fd = open_partials(e);
	int rc;

	if (partial_fd < 0)
		return -1;
	p->partial_fd = partial_fd;
	want_least(p);
	rc = check_room(p, e) < 0 || fetch_parts(p, e) < 0 ? -1 : make_image(p, e);
	if (rc < 0 && p->wanted[PART_DELTA] && can_do_without(e))
		rc = make_whole(p, e);
	if (rc < 0) {
		if (e->code == ERR_UNTRUSTED)
			forget_untrusted(p);
		return -1;
	}
	forget_parts(p);
	say_what_was_left_out(p);
	return 0;
}

static int set_ref(const struct pull *p, const char *name, struct err *e)
{
	return store_set_ref(p->store, p->repo->remote->name, &p->doc->image,
		p->build->serial, name, e);
}

/* 1 it is here and has its name; 0 it is not. Locked, so that nobody prunes it between the two.
 */
static int use_stored(struct pull *p, const char *name, struct err *e)
{
	auto_fd int fd = -1, partial_fd = -1;

	if (!store_has(p->store, name))
		return 0;
	fd = store_hold(p->store, name, LOCK_SH, e);
	if (fd < 0)
		return e->code == ERR_NOTFOUND ? 0 : -1;
	p->done->was_stored = true;
	partial_fd = open_partials(e);
	if (partial_fd < 0 || set_ref(p, name, e) < 0)
		return -1;
	/* a pull that was cut off behind its last step left its downloads */
	p->partial_fd = partial_fd;
	forget_parts(p);
	return 1;
}

/* Under the stage's lock. */
static int make_stored(struct pull *p, const char *name, struct err *e)
{
	auto_fd int old_fd = -1;

	if (p->options->flags & PULL_MEND) {
		old_fd = store_hold(p->store, name, LOCK_EX | LOCK_NB, e);
		if (old_fd < 0)
			return -1;
		if (store_restage(&p->stage, e) < 0)
			return -1;
	} else if (p->stage.dir_fd < 0) {
		p->done->was_stored = true;
		return set_ref(p, name, e);
	}
	return fetch_and_make(p, e) < 0 ? -1 : set_ref(p, name, e);
}

static int store_image(struct pull *p, const char *name, struct err *e)
{
	int rc = p->options->flags & PULL_MEND ? 0 : use_stored(p, name, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (store_stage(p->store, name, say_waiting, p->out, &p->stage, e) < 0)
		return -1;
	rc = make_stored(p, name, e);
	for (size_t i = 0; i < PART_COUNT; i++)
		verified_release(&p->got[i]);
	buf_release(&p->dropped);
	store_stage_release(&p->stage);
	return rc;
}

/* ---- from the name to the build */

static void say_state(struct out *out, const struct imagedoc *doc)
{
	const struct doc_build *last = imagedoc_build(doc, "", "");

	if (strcmp(doc->state, "active") == 0)
		return;
	out_note(out, "this image is %s%s%s%s%s", doc->state,
		doc->eol && *doc->eol ? ", its end of life is " : "",
		doc->eol ? doc->eol : "", last ? ", its last build was " : "",
		last ? last->serial : "");
}

static void say_note(void *ctx, const char *sentence)
{
	out_note(ctx, "%s", sentence);
}

/* What a pull would fetch, without doing it. */
static void foresee(struct pull *p, const char *name)
{
	p->done->was_stored = store_has(p->store, name);
	if (p->done->was_stored)
		return;
	want_least(p);
	p->done->fetched_bytes = to_fetch(p);
	p->done->unpacked.bytes = p->build->unpacked_size;
	p->done->unpacked.entries = p->build->entries;
}

static int pull_once(const struct remote *remote, const struct image_ref *ref,
	const struct pull_options *options, struct out *out, struct pulled *done,
	struct err *e)
{
	struct repo_options net = {
		.rate_max = options->rate_max, .note = say_note, .ctx = out
	};
	auto_store struct store store = STORE_INIT;
	auto_repo struct repo repo = REPO_INIT;
	auto_imagedoc struct imagedoc doc = { 0 };
	const struct catdoc_line *line;
	char name[STORE_NAME_MAX];
	struct pull p = {
		.out = out,
		.options = options,
		.repo = &repo,
		.store = &store,
		.doc = &doc,
		.stage = STAGE_INIT,
		.done = done,
		.dropped = BUF_INIT(4096),
	};

	for (size_t i = 0; i < PART_COUNT; i++)
		p.got[i].fd = -1;
	if (store_open(&store, e) < 0 || repo_open(remote, &net, &repo, e) < 0 ||
		repo_catalog(&repo, e) < 0 ||
		catdoc_find(&repo.catalog, ref, &line, e) < 0 ||
		repo_image(&repo, line, &doc, e) < 0 || choose_build(&p, ref, e) < 0)
		return -1;
	say_state(out, &doc);
	store_name(&store, &p.build->id, name);
	done->single_id = !store.ids.full;
	if (options->flags & PULL_DRY_RUN) {
		foresee(&p, name);
		return 0;
	}
	if (store_image(&p, name, e) < 0)
		return -1;
	return store_set_aliases(&store, remote->name, &repo.catalog, e);
}

int pull_image(const struct remote *remote, const struct image_ref *ref,
	const struct pull_options *options, struct out *out, struct pulled *done,
	struct err *e)
{
	memset(done, 0, sizeof(*done));
	if (remote_kind(remote) != REMOTE_ROOTYARD)
		return pull_foreign(remote, ref, options, out, done, e);
	if (pull_once(remote, ref, options, out, done, e) == 0)
		return 0;
	if (e->code != ERR_AGAIN)
		return -1;
	/* Listed but gone: perhaps a newer generation is out by now. */
	memset(done, 0, sizeof(*done));
	if (pull_once(remote, ref, options, out, done, e) == 0)
		return 0;
	if (e->code == ERR_AGAIN)
		e->code = ERR_NETWORK;
	return -1;
}
