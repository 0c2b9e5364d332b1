#include "indexer/choice.h"

#define NAMED_MAX 5

struct choosing {
	const struct image_ref *ref;
	struct image found[NAMED_MAX];
	size_t count;
	struct choice *out; /* second pass: the build */
	bool has_build;
};

static bool fits(const char *asked, const char *have)
{
	return !asked[0] || strcmp(asked, have) == 0;
}

static int find_image(const struct catalog_build *b, void *ctx, struct err *e)
{
	const struct image *want = &((struct choosing *)ctx)->ref->image;
	struct choosing *c = ctx;

	(void)e;
	if (!fits(want->distro, b->image.distro) ||
		!fits(want->release, b->image.release) ||
		!fits(want->arch, b->image.arch) ||
		!fits(want->variant, b->image.variant))
		return 0;
	if (c->count && image_equal(&c->found[(c->count - 1) % NAMED_MAX], &b->image))
		return 0;
	c->found[c->count++ % NAMED_MAX] = b->image;
	return 0;
}

/* Of several, the one whose variant is `default`. */
static int decide(struct choosing *c, const char *text, struct image *out, struct err *e)
{
	size_t shown = c->count < NAMED_MAX ? c->count : NAMED_MAX, defaults = 0;
	char a[IMAGE_NAME_MAX], b[IMAGE_NAME_MAX];

	if (!c->count)
		return err_set(e, ERR_NOTFOUND, "cannot find '%s' in the catalog", text);
	for (size_t i = 0; i < shown; i++)
		if (c->count == 1 || strcmp(c->found[i].variant, "default") == 0) {
			*out = c->found[i];
			defaults++;
		}
	if (defaults == 1 && c->count <= NAMED_MAX)
		return 0;
	image_format(&c->found[0], a);
	image_format(&c->found[1], b);
	return err_set(
		e, ERR_USAGE, "'%s' may be '%s', '%s' or others: say more", text, a, b);
}

static int find_build(const struct catalog_build *b, void *ctx, struct err *e)
{
	struct choosing *c = ctx;
	struct choice *out = c->out;
	char id[DIGEST_HEX];

	(void)e;
	digest_hex(&b->tree, id);
	if (c->has_build || !fits(c->ref->serial, b->serial) || !fits(c->ref->id, id))
		return 0;
	if (!out->is_named && strcmp(b->state, "active") != 0)
		return 0;
	memcpy(out->serial, b->serial, sizeof(out->serial));
	snprintf(out->state, sizeof(out->state), "%s", b->state);
	out->build = b->id;
	out->is_pinned = b->is_pinned;
	out->is_retired = b->is_retired;
	c->has_build = true;
	return 0;
}

int choice_find(
	struct catalog *catalog, const char *text, struct choice *out, struct err *e)
{
	struct image_ref ref;
	struct choosing c = { .ref = &ref, .out = out };

	*out = (struct choice){ .build = 0 };
	if (image_ref_parse(text, &ref, e) < 0)
		return -1;
	if (ref.remote[0])
		return err_set(e, ERR_USAGE,
			"'%s' names a remote: this is the tree itself", text);
	out->is_named = ref.serial[0] || ref.id[0];
	if (catalog_build_walk(catalog, NULL, find_image, &c, e) < 0 ||
		decide(&c, text, &out->image, e) < 0)
		return -1;
	image_format(&out->image, out->name);
	if (catalog_build_walk(catalog, &out->image, find_build, &c, e) < 0)
		return -1;
	if (!c.has_build)
		return err_set(e, ERR_NOTFOUND,
			out->is_named ? "'%s' has no such build: see 'rootyard-index "
					"show %s'"
				      : "'%s' has no build that is offered: see "
					"'rootyard-index show %s'",
			text, out->name);
	return 0;
}
