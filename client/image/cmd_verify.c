#include "client/image/cmd.h"
#include "client/image/home.h"
#include "client/image/inventory.h"
#include "client/image/pull.h"
#include "client/image/stored.h"
#include "client/image/words.h"
#include "lib/base/jsonw.h"

#include <inttypes.h>

#define OUTPUT_MAX (64U << 20)

struct values {
	bool mend;
};

static const struct opt opts[] = {
	{ "mend", 0, OPT_FLAG, offsetof(struct values, mend), NULL,
		"make what is damaged anew, from the remote it came from", 0, 0 },
	{ .name = NULL },
};

struct verifying {
	struct call *call;
	struct store store;
	struct inventory v;
	bool *wanted;
	size_t damaged, mended;
	struct buf json;
	struct jsonw w;
	/* the image that is looked at */
	size_t findings;
	char title[IMAGE_NAME_MAX + IMAGE_PART_MAX + 32];
};

/* ---- what is found */

static void note_damage(void *ctx, const char *sentence)
{
	struct verifying *x = ctx;
	auto_arena struct arena arena = { 0 };
	const char *safe = words_safe(&arena, sentence);

	x->findings++;
	if (x->call->out->json)
		jsonw_str(&x->w, safe);
	else
		out_result(x->call->out, "%s: %s\n", x->title, safe);
}

static void moved(void *ctx, uint64_t bytes)
{
	struct verifying *x = ctx;

	out_step(x->call->out, x->title, bytes, 0, "B");
}

/* Damage is what is looked for; all else ends the command. */
static int look(struct verifying *x, const char *name, struct err *e)
{
	struct stored_watch watch = {
		.progress = moved, .damage = note_damage, .ctx = x
	};
	auto_stored struct stored s = STORED_INIT;

	if (store_has(&x->store, name) && stored_open(&x->store, name, &s, e) == 0)
		return stored_audit(&s, &watch, e);
	if (s.store == NULL && !store_has(&x->store, name))
		(void)!err_set(e, ERR_DAMAGED, "'start' is missing");
	if (e->code != ERR_DAMAGED && e->code != ERR_NOTFOUND)
		return -1;
	note_damage(x, e->text);
	return 0;
}

/* ---- mending */

static const struct inventory_ref *ref_of(const struct inventory *v, const char *name)
{
	for (size_t i = 0; i < v->ref_count; i++)
		if (strcmp(v->ref[i].name, name) == 0)
			return &v->ref[i];
	return NULL;
}

static int mend(struct verifying *x, const char *name, struct err *e)
{
	const struct inventory_ref *r = ref_of(&x->v, name);
	auto_remotes struct remotes remotes = { 0 };
	auto_fd int config_fd = home_open(PLACE_CONFIG, e);
	const struct remote *remote;
	struct image_ref ref = { 0 };
	struct pull_options options = { .flags = PULL_MEND };
	struct pulled done;

	if (config_fd < 0)
		return -1;
	if (!r)
		return err_set(e, ERR_NOTFOUND,
			"no name says where it came from: remove it with 'rootyard "
			"prune'");
	ref.image = r->image;
	snprintf(ref.id, sizeof(ref.id), "%.64s", name);
	if (remotes_load(config_fd, &remotes, e) < 0 ||
		remotes_find(&remotes, r->remote, &remote, e) < 0 ||
		pull_image(remote, &ref, &options, x->call->out, &done, e) < 0)
		return -1;
	out_note(x->call->out, "%s: made anew", x->title);
	x->mended++;
	return 0;
}

/* ---- all of them */

static void begin(struct verifying *x, const struct inventory_image *i)
{
	const struct inventory_ref *r = ref_of(&x->v, i->name);
	char name[IMAGE_NAME_MAX + IMAGE_PART_MAX + 2];

	x->findings = 0;
	snprintf(x->title, sizeof(x->title), "%.16s", i->name);
	if (r) {
		inventory_ref_text(r, name, sizeof(name));
		snprintf(x->title, sizeof(x->title), "%s@%s", name, r->serial);
	}
	if (!x->call->out->json)
		return;
	jsonw_object(&x->w);
	jsonw_kstr(&x->w, "id", i->name);
	jsonw_kstr(&x->w, "name", r ? name : "");
	jsonw_key(&x->w, "damage");
	jsonw_array(&x->w);
}

static int verify_one(struct verifying *x, const struct inventory_image *i, struct err *e)
{
	const struct values *v = x->call->values;
	bool mended = false;

	begin(x, i);
	if (look(x, i->name, e) < 0)
		return err_wrap(e, "cannot verify '%s'", x->title);
	x->damaged += x->findings > 0;
	if (x->findings > 0 && v->mend) {
		if (mend(x, i->name, e) < 0)
			return err_wrap(e, "cannot mend '%s'", x->title);
		mended = true;
	}
	if (x->call->out->json) {
		jsonw_end_array(&x->w);
		jsonw_kbool(&x->w, "mended", mended);
		jsonw_end_object(&x->w);
	} else if (x->findings == 0) {
		out_result(x->call->out, "%s: good\n", x->title);
	}
	return 0;
}

static int verify_all(struct verifying *x, struct err *e)
{
	jsonw_array(&x->w);
	for (size_t i = 0; i < x->v.image_count; i++)
		if (x->wanted[i] && verify_one(x, &x->v.image[i], e) < 0)
			return -1;
	jsonw_end_array(&x->w);
	if (x->call->out->json)
		out_result(x->call->out, "%s\n", buf_str(&x->json));
	if (x->damaged > x->mended)
		return err_set(e, ERR_DAMAGED,
			"%zu of the stored images are damaged; 'rootyard verify --mend' "
			"makes "
			"them anew",
			x->damaged);
	return 0;
}

static int choose(struct verifying *x, struct err *e)
{
	const struct call *c = x->call;

	x->wanted = xcalloc(x->v.image_count + 1, sizeof(*x->wanted));
	for (size_t i = 0; i < x->v.image_count; i++)
		x->wanted[i] = c->argc == 0;
	for (int i = 0; i < c->argc; i++)
		if (inventory_find(&x->store, &x->v, c->argv[i], x->wanted, e) < 0)
			return -1;
	return 0;
}

static void release(struct verifying *x)
{
	free(x->wanted);
	buf_release(&x->json);
	inventory_release(&x->v);
	store_release(&x->store);
}

static int run(struct call *c, struct err *e)
{
	with_cleanup(release) struct verifying x = {
		.call = c, .store = STORE_INIT, .json = BUF_INIT(OUTPUT_MAX)
	};

	x.w = jsonw_to(&x.json);
	if (store_open(&x.store, e) < 0 || inventory_take(&x.store, &x.v, e) < 0 ||
		choose(&x, e) < 0)
		return -1;
	return verify_all(&x, e);
}

const struct command cmd_verify = {
	.name = "verify",
	.args = "[IMAGE...]",
	.summary = "compare stored images with what was signed for, file by file",
	.opts = opts,
	.values_size = sizeof(struct values),
	.max_args = -1,
	.run = run,
};
