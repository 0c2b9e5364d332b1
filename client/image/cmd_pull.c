#include "client/image/cmd.h"
#include "client/image/home.h"
#include "client/image/inventory.h"
#include "client/image/pull.h"
#include "lib/base/jsonw.h"

#include <inttypes.h>
#include <time.h>

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

struct values {
	bool all, offline;
	int64_t limit_rate;
};

static const struct opt opts[] = {
	{ "all", 0, OPT_FLAG, offsetof(struct values, all), NULL,
		"update every image that is stored under a name", 0, 0 },
	{ "limit-rate", 0, OPT_SIZE, offsetof(struct values, limit_rate), "RATE",
		"take at most so many bytes a second, as 500K", 0, 0 },
	{ "offline", 0, OPT_FLAG, offsetof(struct values, offline), NULL,
		"ask nobody: what is stored will do, or the command fails", 0, 0 },
	{ .name = NULL },
};

struct pulling {
	struct call *call;
	struct remotes remotes;
	struct pull_options options;
	struct jsonw w;
	struct buf json;
};

static void release(struct pulling *p)
{
	remotes_release(&p->remotes);
	buf_release(&p->json);
}

/* ---- what is said */

static void say_json(
	struct pulling *x, const struct pulled *p, const char *remote, int64_t ms)
{
	struct jsonw *w = &x->w;
	char name[IMAGE_NAME_MAX];

	image_format(&p->image, name);
	jsonw_object(w);
	jsonw_kstr(w, "remote", remote);
	jsonw_kstr(w, "image", name);
	jsonw_kstr(w, "serial", p->serial);
	jsonw_kstr(w, "id", p->id);
	jsonw_kbool(w, "was_stored", p->was_stored);
	jsonw_kbool(w, "single_id", p->single_id);
	jsonw_kstr(w, "updated_from", p->base);
	jsonw_kint(w, "fetched_bytes", (int64_t)p->fetched_bytes);
	jsonw_kint(w, "unpacked_bytes", (int64_t)p->unpacked.bytes);
	jsonw_kint(w, "entries", (int64_t)p->unpacked.entries);
	jsonw_kint(w, "ms", ms);
	jsonw_kbool(w, "dry_run", x->call->dry_run);
	jsonw_end_object(w);
}

static void say(struct call *c, const struct pulled *p, int64_t ms)
{
	struct out *out = c->out;
	char name[IMAGE_NAME_MAX], fetched[32], unpacked[32];

	image_format(&p->image, name);
	if (p->was_stored)
		out_result(out, "%s %s: stored already\n", name, p->serial);
	else if (c->dry_run)
		out_result(out, "%s %s: would fetch %s%s%s\n", name, p->serial,
			out_size(p->fetched_bytes, fetched, sizeof(fetched)),
			*p->base ? ", what changed since " : "", p->base);
	else
		out_result(out,
			"%s %s: %s fetched, %s in %" PRIu64 " entries unpacked, %" PRId64
			".%" PRId64 " s\n",
			name, p->serial,
			out_size(p->fetched_bytes, fetched, sizeof(fetched)),
			out_size(p->unpacked.bytes, unpacked, sizeof(unpacked)),
			p->unpacked.entries, ms / 1000, ms % 1000 / 100);
}

/* ---- one image */

static int pull_ref(
	struct pulling *p, const struct image_ref *ref, const char *text, struct err *e)
{
	struct call *c = p->call;
	const struct remote *remote;
	struct pulled done;
	int64_t began = now_ms();

	if (remotes_find(&p->remotes, ref->remote, &remote, e) < 0)
		return -1;
	if (pull_image(remote, ref, &p->options, c->out, &done, e) < 0)
		return err_wrap(e, "cannot pull '%s'", text);
	if (c->out->json)
		say_json(p, &done, remote->name, now_ms() - began);
	else if (c->out->level < 0)
		out_result(c->out, "%s\n", done.id);
	else
		say(c, &done, now_ms() - began);
	return 0;
}

static int pull_text(struct pulling *p, const char *text, struct err *e)
{
	struct image_ref ref;

	if (image_ref_parse(text, &ref, e) < 0) {
		if (e->code == ERR_PARSE)
			e->code = ERR_USAGE;
		return -1;
	}
	return pull_ref(p, &ref, text, e);
}

/* The newest of the names is what `pull` would have stored last. */
static int stored_text(struct pulling *p, const char *text, struct err *e)
{
	auto_store struct store store = STORE_INIT;
	auto_inventory struct inventory v = { 0 };
	auto_free bool *found = NULL;

	if (store_open(&store, e) < 0 || inventory_take(&store, &v, e) < 0)
		return -1;
	found = xcalloc(v.image_count + 1, sizeof(*found));
	if (inventory_find(&store, &v, text, found, e) < 0) {
		if (e->code == ERR_NOTFOUND)
			e->code = ERR_NETWORK;
		return err_wrap(e, "cannot pull '%s' offline", text);
	}
	for (size_t i = 0; i < v.image_count; i++)
		if (found[i])
			out_result(p->call->out, "%.64s\n", v.image[i].name);
	return 0;
}

/* ---- several: what fails does not keep the others from being pulled */

/* Of several images the first failure is the command's, the others are told at once. */
static void keep_first(const struct pulling *p, struct err *first, const struct err *one)
{
	if (first->code)
		out_error(p->call->out, one);
	else
		*first = *one;
}

static int tell_first(const struct err *first, struct err *e)
{
	if (!first->code)
		return 0;
	*e = *first;
	return -1;
}

static int pull_all(struct pulling *p, struct err *e)
{
	auto_store struct store store = STORE_INIT;
	auto_inventory struct inventory v = { 0 };
	struct err one, first = { 0 };

	if (store_open(&store, e) < 0 || inventory_take(&store, &v, e) < 0)
		return -1;
	for (size_t i = 0; i < v.ref_count; i++) {
		struct image_ref ref = { .image = v.ref[i].image };
		char text[IMAGE_NAME_MAX + IMAGE_PART_MAX + 2];

		if (!v.ref[i].is_there || strcmp(v.ref[i].remote, LOCAL_REMOTE) == 0)
			continue;
		snprintf(ref.remote, sizeof(ref.remote), "%s", v.ref[i].remote);
		inventory_ref_text(&v.ref[i], text, sizeof(text));
		if (pull_ref(p, &ref, text, &one) == 0)
			continue;
		keep_first(p, &first, &one);
	}
	return tell_first(&first, e);
}

static int pull_each(struct pulling *p, const struct values *v, struct err *e)
{
	struct err one, first = { 0 };

	for (int i = 0; i < p->call->argc; i++) {
		const char *text = p->call->argv[i];

		if ((v->offline ? stored_text(p, text, &one)
				: pull_text(p, text, &one)) == 0)
			continue;
		keep_first(p, &first, &one);
	}
	return tell_first(&first, e);
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	with_cleanup(release) struct pulling p = { .call = c,
		.options = { .flags = c->dry_run ? PULL_DRY_RUN : 0,
			.rate_max = v->limit_rate },
		.json = BUF_INIT(16U << 20) };
	auto_fd int config_fd = home_open(PLACE_CONFIG, e);
	bool list = v->all || c->argc > 1;
	int rc;

	if (config_fd < 0 || remotes_load(config_fd, &p.remotes, e) < 0)
		return -1;
	if (v->all ? c->argc > 0 || v->offline : c->argc == 0)
		return err_set(e, ERR_USAGE,
			"say which image to pull, or --all to update those that are "
			"stored");
	p.w = jsonw_to(&p.json);
	if (list)
		jsonw_array(&p.w);
	rc = v->all ? pull_all(&p, e) : pull_each(&p, v, e);
	if (list)
		jsonw_end_array(&p.w);
	if (c->out->json && p.json.len > 0)
		out_result(c->out, "%s\n", buf_str(&p.json));
	return rc;
}

const struct command cmd_pull = {
	.name = "pull",
	.args = "[REMOTE:]IMAGE...|--all",
	.summary = "fetch an image, verify it and put it into the store",
	.opts = opts,
	.values_size = sizeof(struct values),
	.max_args = -1,
	.can_dry_run = true,
	.run = run,
};
