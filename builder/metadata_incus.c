#include "builder/metadata.h"

#include "builder/smalltar.h"

#include <inttypes.h>

#define YAML_MAX (256U << 10)

static void put_pair(
	struct buf *out, unsigned int indent, const char *key, const char *value)
{
	buf_add_fill(out, ' ', indent);
	yaml_write_scalar(out, key);
	buf_add_str(out, ": ");
	yaml_write_scalar(out, value);
	buf_add_byte(out, '\n');
}

static int put_rendered(const struct recipe *r, const char *key, const struct text *text,
	struct buf *out, struct err *e)
{
	auto_buf struct buf value = BUF_INIT(YAML_MAX);

	if (recipe_render(r, text, key, &value, e) < 0)
		return -1;
	put_pair(out, 2, key, buf_str(&value));
	return 0;
}

static int put_properties(const struct recipe *r, struct buf *out, struct err *e)
{
	buf_add_str(out, "properties:\n");
	put_pair(out, 2, "architecture", text_str(&r->image.architecture_mapped));
	if (put_rendered(r, "description", &r->image.description, out, e) < 0 ||
		put_rendered(r, "name", &r->image.name, out, e) < 0)
		return -1;
	put_pair(out, 2, "os", text_str(&r->image.distribution));
	put_pair(out, 2, "release", text_str(&r->image.release));
	put_pair(out, 2, "serial", text_str(&r->image.serial));
	put_pair(out, 2, "variant", text_str(&r->image.variant));
	return 0;
}

static void put_when(const struct texts *when, struct buf *out)
{
	static const char *const usual[] = { "create", "copy" };
	size_t given = when ? when->count : 0;

	buf_add_str(out, "    when:\n");
	for (size_t i = 0; i < (given ? given : ARRAY_COUNT(usual)); i++) {
		buf_add_str(out, "    - ");
		yaml_write_scalar(out, given ? text_str(&when->item[i]) : usual[i]);
		buf_add_byte(out, '\n');
	}
}

static void put_template(const struct incus_template *t, struct buf *out)
{
	buf_add_str(out, "  ");
	yaml_write_scalar(out, t->path);
	buf_add_str(out, ":\n");
	put_when(t->when, out);
	buf_add_str(out, "    create_only: false\n");
	put_pair(out, 4, "template", t->file);
	if (!t->properties || t->properties->count == 0) {
		buf_add_str(out, "    properties: {}\n");
		return;
	}
	buf_add_str(out, "    properties:\n");
	for (size_t i = 0; i < t->properties->count; i++)
		put_pair(out, 6, text_str(&t->properties->item[i].key),
			text_str(&t->properties->item[i].value));
}

static int by_path(const void *a, const void *b)
{
	const struct incus_template *x = *(const struct incus_template *const *)a,
				    *y = *(const struct incus_template *const *)b;
	int rc = strcmp(x->path, y->path);

	return rc ? rc : (x < y ? -1 : x > y);
}

static int by_file(const void *a, const void *b)
{
	const struct incus_template *x = *(const struct incus_template *const *)a,
				    *y = *(const struct incus_template *const *)b;
	int rc = strcmp(x->file, y->file);

	return rc ? rc : (x < y ? -1 : x > y);
}

static const char *key_path(const struct incus_template *t)
{
	return t->path;
}

static const char *key_file(const struct incus_template *t)
{
	return t->file;
}

/* Sorted, and of several with one key the last that the recipe gave. */
static const struct incus_template **sorted(const struct generated *g,
	int (*order)(const void *, const void *),
	const char *(*key)(const struct incus_template *t), size_t *count)
{
	const struct incus_template **list = xcalloc(g->incus_count + 1, sizeof(void *));
	size_t kept = 0;

	for (size_t i = 0; i < g->incus_count; i++)
		list[i] = &g->incus[i];
	if (g->incus_count)
		qsort(list, g->incus_count, sizeof(void *), order);
	for (size_t i = 0; i < g->incus_count; i++) {
		if (kept && strcmp(key(list[kept - 1]), key(list[i])) == 0)
			kept--;
		list[kept++] = list[i];
	}
	*count = kept;
	return list;
}

static int format_yaml(const struct metadata_in *in, struct buf *out, struct err *e)
{
	const struct recipe *r = in->recipe;
	auto_free const struct incus_template **list = NULL;
	size_t count;

	put_pair(out, 0, "architecture", text_str(&r->image.architecture));
	buf_printf(out, "creation_date: %" PRId64 "\n", in->created_s);
	buf_printf(out, "expiry_date: %" PRId64 "\n", in->created_s + recipe_expiry_s(r));
	if (put_properties(r, out, e) < 0)
		return -1;
	list = sorted(in->generated, by_path, key_path, &count);
	buf_add_str(out, count ? "templates:\n" : "templates: {}\n");
	for (size_t i = 0; i < count; i++)
		put_template(list[i], out);
	return buf_check(out, "metadata.yaml", e);
}

static int add_templates(const struct metadata_in *in, struct buf *tar, struct err *e)
{
	auto_free const struct incus_template **list = NULL;
	size_t count;

	list = sorted(in->generated, by_file, key_file, &count);
	if (count && smalltar_add(tar, "templates/", bytes_of("", 0), in->epoch_s, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		auto_free char *name = xasprintf("templates/%s", list[i]->file);

		if (smalltar_add(tar, name, bytes_of_str(list[i]->content), in->epoch_s,
			    e) < 0)
			return -1;
	}
	return 0;
}

int metadata_incus(const struct metadata_in *in, struct buf *tar, struct err *e)
{
	auto_buf struct buf yaml = BUF_INIT(YAML_MAX);

	if (format_yaml(in, &yaml, e) < 0 ||
		smalltar_add(tar, "metadata.yaml", buf_bytes(&yaml), in->epoch_s, e) <
			0 ||
		add_templates(in, tar, e) < 0)
		return err_wrap(e, "cannot make the Incus metadata");
	smalltar_end(tar);
	return buf_check(tar, "incus.tar", e);
}
