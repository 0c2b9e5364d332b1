#include "indexer/image_facts.h"

#define FILES_MAX 64

static int add_file(const struct catalog_file *file, void *ctx, struct err *e)
{
	struct image_facts *f = ctx;

	if (f->file_count == FILES_MAX)
		return err_set(e, ERR_LIMIT, "a build has more than %d files", FILES_MAX);
	f->file[f->file_count] = *file;
	f->file[f->file_count++].name = arena_strdup(&f->arena, file->name);
	return 0;
}

static int add_build(const struct catalog_build *b, void *ctx, struct err *e)
{
	struct image_facts *f = ctx;
	struct emit_build *to = &f->build[f->build_count++];
	struct arena *a = &f->arena;

	f->file = arena_array(a, FILES_MAX, sizeof(*f->file));
	f->file_count = 0;
	if (catalog_file_walk(f->catalog, b->id, add_file, f, e) < 0)
		return -1;

	to->row = *b;
	to->row.state = arena_strdup(a, b->state);
	to->row.tested = arena_strdup(a, b->tested);
	to->row.origin = arena_strdup(a, b->origin);
	to->row.init = arena_strdup(a, b->init);
	to->row.stop_signal = arena_strdup(a, b->stop_signal);
	to->row.description = arena_strdup(a, b->description);
	to->row.requirements = arena_strdup(a, b->requirements);
	to->file = f->file;
	to->file_count = f->file_count;
	return 0;
}

int image_facts_read(struct image_facts *f, int64_t image, struct err *e)
{
	f->build_count = 0;
	return catalog_build_newest(f->catalog, image, EMIT_BUILDS, add_build, f, e);
}

void image_facts_release(struct image_facts *f)
{
	arena_release(&f->arena);
	f->build_count = 0;
}
