/* The layers of a container image, one over the other. */
#include "builder/registry.h"
#include "builder/source.h"
#include "builder/unpack.h"

#define REFERENCE_MAX 1024

struct layers {
	struct fetched fetched[REGISTRY_LAYERS_MAX];
	struct unpack_archive archive[REGISTRY_LAYERS_MAX];
	size_t count;
};

static void layers_release(struct layers *l)
{
	for (size_t i = 0; i < l->count; i++)
		fetched_release(&l->fetched[i]);
}

static int fetch_layers(
	struct job *j, const struct registry_image *i, struct layers *l, struct err *e)
{
	for (; l->count < i->count; l->count++) {
		struct fetched *f = &l->fetched[l->count];

		*f = (struct fetched)FETCHED_INIT;
		if (registry_layer(j, i, l->count, f, e) < 0)
			return -1;
		l->archive[l->count] = (struct unpack_archive){ .fd = f->fd,
			.name = arena_printf(
				&j->arena, "layer %zu of %zu", l->count + 1, i->count) };
	}
	return 0;
}

static int unpack_image(struct job *j, const struct registry_image *i, struct err *e)
{
	with_cleanup(layers_release) struct layers l = { .count = 0 };
	const struct unpack_plan plan = {
		.archive = l.archive, .count = i->count, .layers = true
	};
	int64_t newest;

	if (fetch_layers(j, i, &l, e) < 0)
		return -1;
	if (unpack_run(&plan, j->root_dir, &newest, e) < 0) {
		if (e->code == ERR_PARSE)
			e->code = ERR_UPSTREAM;
		return -1;
	}
	if (!j->epoch_fixed)
		j->epoch_s = newest;
	return 0;
}

int source_docker(struct job *j, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(REFERENCE_MAX);
	auto_free struct registry_image *image = xcalloc(1, sizeof(*image));
	struct ociref ref;

	if (recipe_render(j->recipe, &j->recipe->source.url, "source.url", &text, e) < 0)
		return -1;
	if (ociref_parse(buf_str(&text), getenv("DOCKER_REGISTRY_BASE"), &ref, e) < 0)
		return -1;
	if (registry_find(j, buf_str(&text), &ref, image, e) < 0 ||
		unpack_image(j, image, e) < 0)
		return err_wrap(e, "cannot take '%s'", buf_str(&text));
	return 0;
}
