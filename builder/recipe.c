#include "builder/recipe.h"

#include "builder/mapping.h"
#include "lib/model/template.h"

#include <ctype.h>

#define DEFAULT_NAME                                                                     \
	"{{ image.distribution }}-{{ image.release }}-{{ image.architecture_mapped }}-"  \
	"{{ image.variant }}-{{ image.serial }}"
#define DEFAULT_DESCRIPTION                                                              \
	"{{ image.distribution|capfirst }} {{ image.release }} "                         \
	"{{ image.architecture_mapped }}{% if image.variant != \"default\" %} "          \
	"({{ image.variant }}){% endif %} ({{ image.serial }})"
#define DEFAULT_EXPIRY    "30d"
#define DEFAULT_KEYSERVER "hkps.pool.sks-keyservers.net"
#define DEFAULT_VM_SIZE   4294967296U
#define UNITS             "smhdw"

void recipe_init(struct recipe *r)
{
	*r = (struct recipe){ 0 };
}

void recipe_release(struct recipe *r)
{
	arena_release(&r->arena);
	*r = (struct recipe){ 0 };
}

int recipe_parse(struct recipe *r, struct bytes text, struct complaints *c, struct err *e)
{
	const struct yaml_faults faults = { .say = complain_of_yaml, .ctx = c };
	auto_yaml struct ydoc doc = { 0 };

	if (yaml_parse_all(text, c->document, RECIPE_BYTES_MAX, &faults, &doc, e) < 0) {
		e->code = ERR_RECIPE;
		return -1;
	}
	if (!doc.root)
		complain(c, 0, 0, "the document is empty");
	else if (doc.root->kind != YNODE_MAPPING)
		complain(c, doc.root->line, doc.root->column,
			"a definition must be a mapping");
	else
		fields_read(recipe_fields, doc.root, r, &r->arena, c);
	return 0;
}

int recipe_set(struct recipe *r, const char *option, struct err *e)
{
	const char *equals = strchr(option, '=');
	const char *path;

	if (!equals || equals == option)
		return err_set(e, ERR_USAGE, "option '%s' must be KEY=VALUE", option);
	path = arena_strndup(&r->arena, option, (size_t)(equals - option));
	return fields_set(recipe_fields, r, path, equals + 1, &r->arena, e);
}

static void set_default(struct text *t, const char *value)
{
	if (!text_is_set(t))
		t->text = value;
}

void recipe_finish(struct recipe *r, const char *arch, struct complaints *c)
{
	struct recipe_image *image = &r->image;
	const char *kernel;

	set_default(&image->architecture, arena_strdup(&r->arena, arch));
	set_default(&image->variant, "default");
	set_default(&image->expiry, DEFAULT_EXPIRY);
	set_default(&image->name, DEFAULT_NAME);
	set_default(&image->description, DEFAULT_DESCRIPTION);
	set_default(&r->source.keyserver, DEFAULT_KEYSERVER);
	set_default(&r->targets.incus.vm.filesystem, "ext4");
	if (r->targets.incus.vm.size == 0)
		r->targets.incus.vm.size = DEFAULT_VM_SIZE;
	r->targets.type.text = "container";
	kernel = mapping_kernel_name(image->architecture.text);
	if (!kernel) {
		complain(c, image->architecture.line, image->architecture.column,
			"unknown architecture '%s'", image->architecture.text);
		return;
	}
	image->architecture_kernel.text = kernel;
	image->architecture_personality.text = mapping_personality(kernel);
	image->architecture_mapped.text =
		mapping_apply(text_str(&r->mappings.architecture_map),
			&r->mappings.architectures, image->architecture.text, &r->arena);
}

static bool list_allows(const struct texts *list, const char *value)
{
	return list->count == 0 || texts_have(list, value);
}

bool filter_allows_container(const struct filter *f)
{
	return list_allows(&f->types, "container");
}

bool recipe_applies(const struct recipe *r, const struct filter *f)
{
	return filter_allows_container(f) &&
	       list_allows(&f->releases, text_str(&r->image.release)) &&
	       list_allows(&f->architectures, text_str(&r->image.architecture_mapped)) &&
	       list_allows(&f->variants, text_str(&r->image.variant));
}

int recipe_format(const struct recipe *r, struct buf *out, struct err *e)
{
	fields_write(recipe_fields, r, out, 0);
	return buf_check(out, "the resolved recipe", e);
}

static bool find_value(const void *ctx, const char *path, struct buf *out)
{
	return fields_find(recipe_fields, ctx, path, out);
}

static size_t count_values(const void *ctx, const char *path)
{
	return fields_count(recipe_fields, ctx, path);
}

static bool know_value(const void *ctx, const char *path)
{
	(void)ctx;
	return fields_know(recipe_fields, path);
}

struct template_vars recipe_vars(const struct recipe *r)
{
	return (struct template_vars){
		.find = find_value, .count = count_values, .know = know_value, .ctx = r
	};
}

int recipe_render(const struct recipe *r, const struct text *text, const char *what,
	struct buf *out, struct err *e)
{
	const struct template_vars vars = recipe_vars(r);

	if (template_render(text_str(text), &vars, out, e) == 0)
		return 0;
	if (text->line)
		return err_wrap(e, "cannot render %s (line %u)", what, text->line);
	return err_wrap(e, "cannot render %s", what);
}

static int64_t unit_s(char unit)
{
	switch (unit) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 3600;
	case 'd':
		return 86400;
	case 'w':
		return 7 * 86400;
	default:
		return 0;
	}
}

/* "30d" at *text; false: a number without a unit, or none. */
static bool take_time(const char **text, int64_t *seconds)
{
	int64_t number = 0;
	const char *p = *text;

	for (; isdigit((unsigned char)*p); p++)
		if (number < 1000000)
			number = number * 10 + (*p - '0');
	*seconds = number * unit_s(*p);
	if (p == *text || !*p || !strchr(UNITS, *p)) {
		*text = p + (p == *text);
		return false;
	}
	*text = p + 1;
	return true;
}

int64_t recipe_expiry_s(const struct recipe *r)
{
	const char *p = text_str(&r->image.expiry);
	int64_t total = 0, part;

	while (*p)
		if (take_time(&p, &part))
			total += part;
	return total;
}

bool recipe_expiry_is_clean(const struct recipe *r)
{
	const char *p = text_str(&r->image.expiry);
	int64_t part;

	while (*p)
		if (!isspace((unsigned char)*p) ? !take_time(&p, &part) : (p++, false))
			return false;
	return true;
}
