#include "builder/metadata.h"

#include "lib/model/incusmeta.h"

#define TEXT_MAX   (256U << 10)
#define PROPERTIES 7

struct filling {
	const struct metadata_in *in;
	struct arena arena;
	struct incusmeta_property property[PROPERTIES];
	struct incusmeta meta;
};

static void put(struct filling *f, const char *key, const char *value)
{
	f->property[f->meta.property_count++] =
		(struct incusmeta_property){ .key = key, .value = value };
}

static int put_rendered(
	struct filling *f, const char *key, const struct text *text, struct err *e)
{
	auto_buf struct buf value = BUF_INIT(TEXT_MAX);

	if (recipe_render(f->in->recipe, text, key, &value, e) < 0)
		return -1;
	put(f, key, arena_strdup(&f->arena, buf_str(&value)));
	return 0;
}

static int put_properties(struct filling *f, struct err *e)
{
	const struct recipe *r = f->in->recipe;

	put(f, "architecture", text_str(&r->image.architecture_mapped));
	if (put_rendered(f, "description", &r->image.description, e) < 0 ||
		put_rendered(f, "name", &r->image.name, e) < 0)
		return -1;
	put(f, "os", text_str(&r->image.distribution));
	put(f, "release", text_str(&r->image.release));
	put(f, "serial", text_str(&r->image.serial));
	put(f, "variant", text_str(&r->image.variant));
	return 0;
}

static void fill_when(
	struct arena *a, const struct texts *when, struct incusmeta_template *out)
{
	const char **list;

	if (!when || when->count == 0)
		return;
	list = arena_array(a, when->count, sizeof(*list));
	for (size_t i = 0; i < when->count; i++)
		list[i] = text_str(&when->item[i]);
	out->when = list;
	out->when_count = when->count;
}

static int by_key(const void *a, const void *b)
{
	const struct incusmeta_property *x = a, *y = b;

	return strcmp(x->key, y->key);
}

static void fill_map(
	struct arena *a, const struct text_map *map, struct incusmeta_template *out)
{
	struct incusmeta_property *list;

	if (!map || map->count == 0)
		return;
	list = arena_array(a, map->count, sizeof(*list));
	for (size_t i = 0; i < map->count; i++)
		list[i] = (struct incusmeta_property){
			.key = text_str(&map->item[i].key),
			.value = text_str(&map->item[i].value),
		};
	qsort(list, map->count, sizeof(*list), by_key);
	out->property = list;
	out->property_count = map->count;
}

static void fill_templates(struct filling *f)
{
	const struct generated *g = f->in->generated;
	struct incusmeta_template *list =
		arena_array(&f->arena, g->incus_count + 1, sizeof(*list));

	for (size_t i = 0; i < g->incus_count; i++) {
		list[i] = (struct incusmeta_template){ .path = g->incus[i].path,
			.file = g->incus[i].file,
			.content = g->incus[i].content };
		fill_when(&f->arena, g->incus[i].when, &list[i]);
		fill_map(&f->arena, g->incus[i].properties, &list[i]);
	}
	f->meta.template = list;
	f->meta.template_count = g->incus_count;
}

int metadata_incus(const struct metadata_in *in, struct buf *tar, struct err *e)
{
	const struct recipe *r = in->recipe;
	struct filling f = { .in = in,
		.meta = { .architecture = text_str(&r->image.architecture),
			.created_s = in->created_s,
			.expires_s = in->created_s + recipe_expiry_s(r),
			.mtime_s = in->epoch_s } };
	int rc = put_properties(&f, e);

	f.meta.property = f.property;
	fill_templates(&f);
	if (rc == 0)
		rc = incusmeta_format(&f.meta, tar, e);
	arena_release(&f.arena);
	return rc < 0 ? err_wrap(e, "cannot make the Incus metadata") : 0;
}
