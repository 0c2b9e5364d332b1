#include "client/image/cmd.h"
#include "client/image/home.h"
#include "client/image/inventory.h"
#include "client/image/stored.h"
#include "lib/base/fs.h"
#include "lib/base/jsonw.h"

#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#define PARTIAL_AGE_S (7 * 86400)
#define OUTPUT_MAX    (4U << 20)

struct values {
	bool all;
};

static const struct opt opts[] = {
	{ "all", 'a', OPT_FLAG, offsetof(struct values, all), NULL,
		"also images that have a name, and downloads that could be continued", 0,
		0 },
	{ .name = NULL },
};

struct pruning {
	struct call *call;
	struct store store;
	struct inventory v;
	bool all;
	struct usage_image *images; /* doomed as seen before anything was removed */
	struct usage_row *rows;
	size_t removed;
	uint64_t partial_bytes;
};

static void release(struct pruning *p)
{
	free(p->images);
	free(p->rows);
	inventory_release(&p->v);
	store_release(&p->store);
}

/* ---- images */

static bool is_needless(const struct pruning *p, const struct inventory_image *i)
{
	return i->containers == 0 && (p->all || i->refs == 0);
}

static int drop_refs(const struct pruning *p, const char *name, struct err *e)
{
	for (size_t i = 0; i < p->v.ref_count; i++) {
		const struct inventory_ref *r = &p->v.ref[i];

		if (strcmp(r->name, name) == 0 &&
			store_drop_ref(&p->store, r->remote, &r->image, name, e) < 0)
			return -1;
	}
	return 0;
}

/* Looks again under the image's locks: a container or a name may have come meanwhile. */
static int still_needless(const struct pruning *p, const char *name, struct err *e)
{
	auto_inventory struct inventory now = { 0 };

	if (inventory_take(&p->store, &now, e) < 0)
		return -1;
	for (size_t i = 0; i < now.image_count; i++)
		if (strcmp(now.image[i].name, name) == 0)
			return is_needless(p, &now.image[i]) && !now.unreadable;
	return 0;
}

/* 1 removed, 0 somebody needs it, -1. */
static int remove_image(const struct pruning *p, const char *name, struct err *e)
{
	auto_fd int fd = store_hold(&p->store, name, LOCK_EX | LOCK_NB, e);
	auto_stage struct stage doom = STAGE_INIT;
	int rc;

	if (fd < 0)
		return e->code == ERR_NOTFOUND || e->code == ERR_BUSY ? 0 : -1;
	rc = store_doom(&p->store, name, &doom, e);
	if (rc <= 0)
		return rc;
	rc = still_needless(p, name, e);
	if (rc <= 0)
		return rc;
	/* names first: one without an image is pulled anew, an image without one is pruned */
	if (drop_refs(p, name, e) < 0 || store_unpublish(&doom, e) < 0)
		return -1;
	return 1;
}

static int prune_images(struct pruning *p, struct err *e)
{
	for (size_t i = 0; i < p->v.image_count; i++) {
		const char *name = p->v.image[i].name;
		int rc;

		if (!p->images[i].doomed)
			continue;
		rc = p->call->dry_run ? 1 : remove_image(p, name, e);
		if (rc < 0)
			return err_wrap(e, "cannot remove the image '%.12s'", name);
		if (rc == 0) {
			p->images[i].doomed = false;
			out_note(p->call->out, "image '%.12s' is in use now: it stays",
				name);
		}
		p->removed += (size_t)rc;
	}
	return 0;
}

/* ---- downloads that were begun */

static int prune_partial(struct pruning *p, int dir_fd, const char *name, struct err *e)
{
	auto_fd int fd =
		openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	/* somebody is writing it, or it is gone */
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &st) < 0 ||
		!S_ISREG(st.st_mode))
		return 0;
	if (!p->all && time(NULL) - st.st_mtime < PARTIAL_AGE_S)
		return 0;
	p->partial_bytes += (uint64_t)st.st_blocks * 512;
	if (!p->call->dry_run && unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT)
		return err_sys(e, "cannot remove the download '%s'", name);
	return 0;
}

static int prune_partials(struct pruning *p, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	auto_fd int cache_fd = home_open(PLACE_CACHE, e);
	auto_fd int dir_fd = cache_fd < 0 ? -1 : home_subdir(cache_fd, "partial", e);

	if (dir_fd < 0 || fs_list_dir(dir_fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (prune_partial(p, dir_fd, names.name[i], e) < 0)
			return -1;
	return 0;
}

/* ---- what is said */

static void say(const struct pruning *p)
{
	struct out *out = p->call->out;
	const struct usage_row *all = &p->rows[p->v.image_count];
	auto_buf struct buf text = BUF_INIT(OUTPUT_MAX);
	struct jsonw w = jsonw_to(&text);
	char size[32];

	for (size_t i = 0; !out->json && i < p->v.image_count; i++)
		if (p->images[i].doomed)
			out_result(out, "%s\n", p->v.image[i].name);
	if (!out->json) {
		out_note(out, "%s%zu images and old downloads: %s",
			p->call->dry_run ? "would remove " : "removed ", p->removed,
			out_size(all->alone + p->partial_bytes, size, sizeof(size)));
		return;
	}
	jsonw_object(&w);
	jsonw_key(&w, "images");
	jsonw_array(&w);
	for (size_t i = 0; i < p->v.image_count; i++)
		if (p->images[i].doomed)
			jsonw_str(&w, p->v.image[i].name);
	jsonw_end_array(&w);
	jsonw_kint(&w, "bytes", (int64_t)all->alone);
	jsonw_kint(&w, "download_bytes", (int64_t)p->partial_bytes);
	jsonw_kbool(&w, "dry_run", p->call->dry_run);
	jsonw_end_object(&w);
	out_result(out, "%s\n", buf_str(&text));
}

static int measure(struct pruning *p, struct err *e)
{
	const struct inventory *v = &p->v;

	p->images = xcalloc(v->image_count + 1, sizeof(*p->images));
	p->rows = xcalloc(v->image_count + 1, sizeof(*p->rows));
	for (size_t i = 0; i < v->image_count; i++)
		p->images[i] = (struct usage_image){ .name = v->image[i].name,
			.doomed = is_needless(p, &v->image[i]) };
	if (stored_usage(&p->store, p->images, v->image_count, p->rows, e) < 0)
		return err_wrap(e, "cannot measure the store");
	return 0;
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	with_cleanup(release) struct pruning p = {
		.call = c, .all = v->all, .store = STORE_INIT
	};

	if (store_open(&p.store, e) < 0 || inventory_take(&p.store, &p.v, e) < 0)
		return -1;
	if (p.v.unreadable)
		return err_set(e, ERR_DAMAGED,
			"cannot prune: it is not known which image the container '%s' is "
			"made of; mend or remove it first",
			p.v.unreadable);
	if (measure(&p, e) < 0 || prune_images(&p, e) < 0 || prune_partials(&p, e) < 0)
		return -1;
	say(&p);
	return 0;
}

const struct command cmd_prune = {
	.name = "prune",
	.args = "[--all]",
	.summary = "remove images that no name and no container needs",
	.opts = opts,
	.values_size = sizeof(struct values),
	.can_dry_run = true,
	.run = run,
};
