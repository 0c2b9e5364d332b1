#include "client/image/foreign.h"

void foreign_release(struct foreign *f)
{
	arena_release(&f->arena);
	free(f->build);
	*f = (struct foreign){ 0 };
}

int foreign_add(struct foreign *f, const struct foreign_build *b, struct err *e)
{
	struct foreign_build copy = *b;

	if (f->count == FOREIGN_BUILDS_MAX)
		return err_set(e, ERR_LIMIT, "more than %u builds", FOREIGN_BUILDS_MAX);
	if (f->count == f->room) {
		f->room = f->room ? f->room * 2 : 256;
		f->build = xrealloc(f->build, f->room * sizeof(*f->build));
	}
	copy.root.path = arena_strdup(&f->arena, b->root.path);
	copy.meta.path = b->meta.path ? arena_strdup(&f->arena, b->meta.path) : NULL;
	copy.aliases = b->aliases ? arena_strdup(&f->arena, b->aliases) : NULL;
	copy.eol = b->eol ? arena_strdup(&f->arena, b->eol) : NULL;
	f->build[f->count++] = copy;
	return 0;
}

static int by_image(const void *a, const void *b)
{
	const struct foreign_build *x = a, *y = b;
	int rc = image_compare(&x->image, &y->image);

	return rc ? rc : serial_compare(y->serial, x->serial);
}

void foreign_sort(struct foreign *f)
{
	if (f->count > 0)
		qsort(f->build, f->count, sizeof(*f->build), by_image);
}

/* Of "a/b/default,a/b,a" what is short and not the image's own name. */
static void take_aliases(const struct foreign_build *b, struct catdoc *out)
{
	auto_free char *copy = xstrdup(b->aliases);
	auto_free char *own = xasprintf("%s/%s", b->image.distro, b->image.release);
	char *save = NULL;

	for (char *one = strtok_r(copy, ",", &save); one;
		one = strtok_r(NULL, ",", &save)) {
		char *slash = strchr(one, '/');
		bool known = strcmp(one, own) == 0;

		if (slash && strchr(slash + 1, '/'))
			continue;
		for (size_t i = 0; !known && i < out->alias_count; i++)
			known = strcmp(out->alias[i].alias, one) == 0;
		if (!known)
			out->alias[out->alias_count++] = (struct catdoc_alias){
				.alias = arena_strdup(&out->arena, one),
				.target = arena_strdup(&out->arena, own),
			};
	}
}

static size_t count_aliases(const struct foreign *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++) {
		n++;
		for (const char *p = f->build[i].aliases; p && *p; p++)
			n += *p == ',';
	}
	return n;
}

void foreign_catalog(const struct foreign *f, struct catdoc *out)
{
	struct catdoc c = { .site = "" };

	c.line = arena_array(&c.arena, f->count + 1, sizeof(*c.line));
	c.alias = arena_array(&c.arena, count_aliases(f) + 1, sizeof(*c.alias));
	for (size_t i = 0; i < f->count; i++) {
		const struct foreign_build *b = &f->build[i];
		struct catdoc_line *line;

		if (c.line_count > 0 &&
			image_equal(&c.line[c.line_count - 1].image, &b->image))
			continue;
		line = &c.line[c.line_count++];
		line->image = b->image;
		memcpy(line->serial, b->serial, sizeof(line->serial));
		line->state = "active";
		if (b->aliases)
			take_aliases(b, &c);
	}
	*out = c;
}

size_t foreign_find(const struct foreign *f, const struct image *image,
	const struct foreign_build **out)
{
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++) {
		if (!image_equal(&f->build[i].image, image))
			continue;
		if (n++ == 0)
			*out = &f->build[i];
	}
	return n;
}
