#include "client/image/pull_foreign.h"

#include "client/image/adopt.h"
#include "client/image/home.h"
#include "client/image/inventory.h"

struct pulling {
	struct out *out;
	struct repo repo;
	struct store store;
	const struct foreign_build *build;
	int partial_fd;
	struct verified root, meta;
	const char *step;
};

static void release(struct pulling *p)
{
	verified_release(&p->root);
	verified_release(&p->meta);
	if (p->partial_fd >= 0)
		close(p->partial_fd);
	store_release(&p->store);
	repo_release(&p->repo);
}

static void moved(void *ctx, uint64_t now, uint64_t total)
{
	const struct pulling *p = ctx;

	out_step(p->out, p->step, now, p->build->has_digests ? total : 0, "B");
}

static void say_note(void *ctx, const char *sentence)
{
	out_note(ctx, "%s", sentence);
}

/* ---- which build */

static int choose(struct pulling *p, const struct image_ref *ref, struct err *e)
{
	const struct foreign_build *b = NULL;
	const struct catdoc_line *line;
	size_t count;

	if (*ref->id)
		return err_set(e, ERR_USAGE,
			"a server of this kind does not tell ids: name a serial");
	if (catdoc_find(&p->repo.catalog, ref, &line, e) < 0)
		return -1;
	count = foreign_find(&p->repo.foreign, &line->image, &b);
	for (size_t i = 0; i < count; i++)
		if (!*ref->serial || strcmp(b[i].serial, ref->serial) == 0) {
			p->build = &b[i];
			return 0;
		}
	return err_set(e, ERR_NOTFOUND, "there is no such build; the newest is %s",
		line->serial);
}

/* Is the build that this ref names the one that is wanted? */
static int is_stored(
	const struct pulling *p, const char *remote, struct pulled *done, struct err *e)
{
	auto_inventory struct inventory v = { 0 };

	if (inventory_take(&p->store, &v, e) < 0)
		return -1;
	for (size_t i = 0; i < v.ref_count; i++) {
		const struct inventory_ref *r = &v.ref[i];

		if (!r->is_there || strcmp(r->remote, remote) != 0 ||
			!image_equal(&r->image, &p->build->image) ||
			strcmp(r->serial, p->build->serial) != 0)
			continue;
		done->image = r->image;
		done->was_stored = true;
		memcpy(done->serial, r->serial, sizeof(done->serial));
		snprintf(done->id, sizeof(done->id), "%.64s", r->name);
		return 1;
	}
	return 0;
}

/* ---- its files */

static int fetch(struct pulling *p, const struct foreign_file *file, const char *what,
	struct verified *out, struct pulled *done, struct err *e)
{
	struct fetch_progress progress = { .moved = moved, .ctx = p };
	auto_free char *step = xasprintf("fetch %s", what);
	char size[32];

	p->step = step;
	if (repo_foreign_file(&p->repo, file, p->build->has_digests, p->partial_fd,
		    &progress, out, e) < 0)
		return -1;
	done->fetched_bytes += out->size;
	out_step_done(p->out, step, "%s%s", out_size(out->size, size, sizeof(size)),
		p->build->has_digests ? ", digest checked" : "");
	return 0;
}

static int hash_more(struct hasher *h, int fd, struct err *e)
{
	unsigned char chunk[64 << 10];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, chunk, sizeof(chunk), at)) > 0) {
		hasher_add(h, chunk, (size_t)n);
		at += n;
	}
	return n < 0 ? err_sys(e, "cannot read a download") : 0;
}

/* What Incus calls the image's fingerprint. */
static int check_combined(const struct pulling *p, struct err *e)
{
	auto_hasher struct hasher h = { 0 };
	struct digest is;

	if (!p->build->has_digests)
		return 0;
	hasher_init(&h);
	if (hash_more(&h, p->meta.fd, e) < 0 || hash_more(&h, p->root.fd, e) < 0)
		return -1;
	is = hasher_final(&h);
	if (digest_equal(&is, &p->build->combined))
		return 0;
	return err_set(e, ERR_UNTRUSTED,
		"not trusted: metadata and root file system are each as told, and "
		"together another image than was told");
}

static void forget(const struct pulling *p)
{
	repo_foreign_forget(&p->repo, &p->build->root, p->partial_fd);
	repo_foreign_forget(&p->repo, &p->build->meta, p->partial_fd);
}

/* Is it worth while to go on with what is there of the download? */
static bool can_go_on(const struct err *e)
{
	return e->code == ERR_NETWORK || e->code == ERR_SYS || e->code == ERR_NOSPACE ||
	       e->code == ERR_BUSY;
}

static int adopt(
	struct pulling *p, const char *remote, struct pulled *done, struct err *e)
{
	struct adopt_job job = {
		.store = &p->store,
		.out = p->out,
		.remote = remote,
		.image = &p->build->image,
		.serial = p->build->serial,
		.archive_fd = p->root.fd,
		.coding = UNPACK_XZ,
		.meta_fd = p->meta.fd,
	};

	if (adopt_image(&job, done, e) < 0)
		return err_wrap(e, "cannot unpack build %s", p->build->serial);
	return 0;
}

static int open_partials(struct pulling *p, struct err *e)
{
	auto_fd int cache_fd = home_open(PLACE_CACHE, e);

	p->partial_fd = cache_fd < 0 ? -1 : home_subdir(cache_fd, "partial", e);
	return p->partial_fd < 0 ? -1 : 0;
}

static int fetch_and_adopt(
	struct pulling *p, const char *remote, struct pulled *done, struct err *e)
{
	if (fetch(p, &p->build->meta, "metadata", &p->meta, done, e) < 0 ||
		fetch(p, &p->build->root, "rootfs.tar.xz", &p->root, done, e) < 0 ||
		check_combined(p, e) < 0 || adopt(p, remote, done, e) < 0) {
		if (!can_go_on(e))
			forget(p);
		return -1;
	}
	forget(p);
	return 0;
}

int pull_foreign(const struct remote *remote, const struct image_ref *ref,
	const struct pull_options *options, struct out *out, struct pulled *done,
	struct err *e)
{
	struct repo_options net = {
		.rate_max = options->rate_max, .note = say_note, .ctx = out
	};
	with_cleanup(release) struct pulling p = { .out = out,
		.repo = REPO_INIT,
		.store = STORE_INIT,
		.partial_fd = -1,
		.root = VERIFIED_INIT,
		.meta = VERIFIED_INIT };
	int rc;

	if (store_open(&p.store, e) < 0 || repo_open(remote, &net, &p.repo, e) < 0 ||
		repo_catalog(&p.repo, e) < 0 || choose(&p, ref, e) < 0 ||
		open_partials(&p, e) < 0)
		return -1;
	rc = options->flags & PULL_MEND ? 0 : is_stored(&p, remote->name, done, e);
	/* a pull that was cut off behind its last step left its downloads */
	if (rc > 0 && !(options->flags & PULL_DRY_RUN))
		forget(&p);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (options->flags & PULL_MEND)
		return err_set(e, ERR_NOTFOUND,
			"what this kind of server offers cannot be compared with what "
			"was "
			"stored: remove the image with 'rootyard prune --all' and pull "
			"it "
			"anew");
	if (options->flags & PULL_DRY_RUN) {
		done->image = p.build->image;
		memcpy(done->serial, p.build->serial, sizeof(done->serial));
		done->fetched_bytes = p.build->root.size + p.build->meta.size;
		return 0;
	}
	if (fetch_and_adopt(&p, remote->name, done, e) < 0)
		return -1;
	return store_set_aliases(&p.store, remote->name, &p.repo.catalog, e);
}
