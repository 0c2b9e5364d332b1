#include "indexer/emit.h"
#include "lib/model/streams.h"

#define BUILDS_LISTED                                                                    \
	3 /* what upstream keeps: caches find the builds before the newest */
#define ALIASES_MAX ((2 * SITE_ALIASES_MAX + 4) * 3 * (IMAGE_PART_MAX + 1))
#define SEEN_MIN    64

enum { INDEX, SIGNED_INDEX, IMAGES, TEXTS };

#define IMAGES_JSON  "streams/v1/images.json"
#define IMAGES_SJSON "streams/v1/images.sjson"

/* The clearsigned index names the clearsigned images: a strict reader follows no other. */
static const struct emit_file files[] = {
	{ "streams/v1/index.json", INDEX, EMIT_ASC | EMIT_GPG | EMIT_GZ },
	{ "streams/v1/index.sjson", SIGNED_INDEX, EMIT_CLEAR },
	{ IMAGES_JSON, IMAGES, EMIT_ASC | EMIT_GPG | EMIT_GZ | EMIT_ZST },
	{ IMAGES_SJSON, IMAGES, EMIT_CLEAR | EMIT_GZ },
};

/* Fingerprints that are listed already, by open addressing; zero is a free place. */
struct seen {
	struct digest *slot;
	size_t room, count;
};

struct streams {
	struct seen seen;
	int64_t updated_s;
};

static bool is_zero(const struct digest *d)
{
	static const struct digest zero = { { 0 } };

	return digest_equal(d, &zero);
}

static struct digest *place_of(const struct seen *s, const struct digest *d)
{
	size_t at = 0;

	memcpy(&at, d->byte, sizeof(at));
	for (at &= s->room - 1; !is_zero(&s->slot[at]); at = (at + 1) & (s->room - 1))
		if (digest_equal(&s->slot[at], d))
			break;
	return &s->slot[at];
}

static void grow(struct seen *s)
{
	struct seen to = { .room = s->room ? 2 * s->room : SEEN_MIN, .count = s->count };

	to.slot = xcalloc(to.room, sizeof(*to.slot));
	for (size_t i = 0; i < s->room; i++)
		if (!is_zero(&s->slot[i]))
			*place_of(&to, &s->slot[i]) = s->slot[i];
	free(s->slot);
	*s = to;
}

/* false when it was there: a fingerprint that means two images is an error to clients. */
static bool note(struct seen *s, const struct digest *d)
{
	struct digest *place;

	if (2 * s->count >= s->room)
		grow(s);
	place = place_of(s, d);
	if (!is_zero(place))
		return false;
	*place = *d;
	s->count++;
	return true;
}

/* DISTRO/RELEASE/VARIANT, and without the variant where that is the default one. */
static void add_alias(struct buf *out, const struct image *i, const char *release)
{
	buf_printf(
		out, "%s%s/%s/%s", out->len ? "," : "", i->distro, release, i->variant);
	if (strcmp(i->variant, "default") == 0)
		buf_printf(out, ",%s/%s", i->distro, release);
}

static void add_aliases(
	struct buf *out, const struct image *i, const struct site_release *r)
{
	add_alias(out, i, i->release);
	for (size_t k = 0; r && k < r->alias_count; k++)
		add_alias(out, i, r->alias[k]);
	if (r && r->is_default && strcmp(i->variant, "default") == 0)
		buf_printf(out, ",%s", i->distro);
}

struct paths {
	char meta[LAYOUT_PATH_MAX], root[STREAMS_ROOTS][LAYOUT_PATH_MAX];
};

static void name_file(const struct emit_build *b, const struct catalog_file *f,
	char path[LAYOUT_PATH_MAX], struct streams_file *out)
{
	layout_artifact(&b->row.image, b->row.serial, f->name, path);
	*out = (struct streams_file){ .path = path,
		.size = f->size,
		.sha256 = f->sha256,
		.combined = f->combined };
}

/* Every pair that no image before is; false when there is none. */
static bool take_version(struct streams *s, const struct emit_build *b,
	struct paths *paths, struct streams_version *out)
{
	const struct catalog_file *meta = emit_build_file(b, STREAMS_META);
	bool any = false;

	if (!meta)
		return false;
	*out = (struct streams_version){ .serial = b->row.serial };
	name_file(b, meta, paths->meta, &out->meta);
	for (size_t i = 0; i < STREAMS_ROOTS; i++) {
		const struct catalog_file *root =
			emit_build_file(b, streams_roots[i].name);

		if (!root || is_zero(&root->combined) || !note(&s->seen, &root->combined))
			continue;
		name_file(b, root, paths->root[i], &out->root[i]);
		any = true;
	}
	return any;
}

static void begin(const struct emit_site *site, void *state, struct buf *text)
{
	(void)site;
	(void)state;
	streams_index_begin(&text[INDEX], IMAGES_JSON);
	streams_index_begin(&text[SIGNED_INDEX], IMAGES_SJSON);
	streams_images_begin(&text[IMAGES]);
}

static void begin_product(
	const struct emit_image *i, const struct emit_build *b, struct buf *text)
{
	auto_buf struct buf aliases = BUF_INIT(ALIASES_MAX);
	const struct image *image = &i->listed->image;
	struct streams_product p = { .image = *image,
		.eol = i->release ? i->release->eol : "",
		.requirements = b->row.requirements };

	add_aliases(&aliases, image, i->release);
	p.aliases = buf_str(&aliases);
	streams_product_begin(&text[IMAGES], &p);
	streams_index_product(&text[INDEX], image);
	streams_index_product(&text[SIGNED_INDEX], image);
}

static void image(const struct emit_site *site, const struct emit_image *i, void *state,
	struct buf *text)
{
	struct streams *s = state;
	bool begun = false;

	(void)site;
	for (size_t k = 0; k < i->build_count && k < BUILDS_LISTED; k++) {
		const struct emit_build *b = &i->build[k];
		struct streams_version v;
		struct paths paths;

		if (!take_version(s, b, &paths, &v))
			continue;
		if (!begun)
			begin_product(i, b, text);
		begun = true;
		streams_version(&text[IMAGES], &v);
		if (b->row.created_s > s->updated_s)
			s->updated_s = b->row.created_s;
	}
	if (begun)
		streams_product_end(&text[IMAGES]);
}

/* The newest build's time, not now: the same builds give the same bytes. */
static void end(const struct emit_site *site, void *state, struct buf *text)
{
	const struct streams *s = state;

	(void)site;
	streams_index_end(&text[INDEX], s->updated_s);
	streams_index_end(&text[SIGNED_INDEX], s->updated_s);
	streams_images_end(&text[IMAGES], s->updated_s);
}

static void release(void *state)
{
	struct streams *s = state;

	free(s->seen.slot);
}

const struct emitter emit_streams = {
	.client = CLIENT_STREAMS,
	.file = files,
	.file_count = ARRAY_COUNT(files),
	.text_count = TEXTS,
	.state_size = sizeof(struct streams),
	.begin = begin,
	.image = image,
	.end = end,
	.release = release,
};
