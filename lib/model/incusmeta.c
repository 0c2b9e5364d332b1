#include "lib/model/incusmeta.h"

#include "lib/adapt/yaml.h"
#include "lib/model/smalltar.h"

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

static void put_when(const struct incusmeta_template *t, struct buf *out)
{
	static const char *const usual[] = { "create", "copy" };
	const char *const *when = t->when_count ? t->when : usual;
	size_t count = t->when_count ? t->when_count : ARRAY_COUNT(usual);

	buf_add_str(out, "    when:\n");
	for (size_t i = 0; i < count; i++) {
		buf_add_str(out, "    - ");
		yaml_write_scalar(out, when[i]);
		buf_add_byte(out, '\n');
	}
}

static void put_template(const struct incusmeta_template *t, struct buf *out)
{
	buf_add_str(out, "  ");
	yaml_write_scalar(out, t->path);
	buf_add_str(out, ":\n");
	put_when(t, out);
	buf_add_str(out, "    create_only: false\n");
	put_pair(out, 4, "template", t->file);
	buf_add_str(
		out, t->property_count ? "    properties:\n" : "    properties: {}\n");
	for (size_t i = 0; i < t->property_count; i++)
		put_pair(out, 6, t->property[i].key, t->property[i].value);
}

static int by_path(const void *a, const void *b)
{
	const struct incusmeta_template *x = *(const struct incusmeta_template *const *)a,
					*y = *(const struct incusmeta_template *const *)b;
	int rc = strcmp(x->path, y->path);

	return rc ? rc : (x < y ? -1 : x > y);
}

static int by_file(const void *a, const void *b)
{
	const struct incusmeta_template *x = *(const struct incusmeta_template *const *)a,
					*y = *(const struct incusmeta_template *const *)b;
	int rc = strcmp(x->file, y->file);

	return rc ? rc : (x < y ? -1 : x > y);
}

static const char *key_path(const struct incusmeta_template *t)
{
	return t->path;
}

static const char *key_file(const struct incusmeta_template *t)
{
	return t->file;
}

/* Sorted, and of several with one key the last that was given. */
static const struct incusmeta_template **sorted(const struct incusmeta *m,
	int (*order)(const void *, const void *),
	const char *(*key)(const struct incusmeta_template *t), size_t *count)
{
	const struct incusmeta_template **list =
		xcalloc(m->template_count + 1, sizeof(*list));
	size_t kept = 0;

	for (size_t i = 0; i < m->template_count; i++)
		list[i] = &m->template[i];
	if (m->template_count)
		qsort(list, m->template_count, sizeof(*list), order);
	for (size_t i = 0; i < m->template_count; i++) {
		if (kept && strcmp(key(list[kept - 1]), key(list[i])) == 0)
			kept--;
		list[kept++] = list[i];
	}
	*count = kept;
	return list;
}

static int format_yaml(const struct incusmeta *m, struct buf *out, struct err *e)
{
	auto_free const struct incusmeta_template **list = NULL;
	size_t count;

	put_pair(out, 0, "architecture", m->architecture);
	buf_printf(out, "creation_date: %" PRId64 "\n", m->created_s);
	buf_printf(out, "expiry_date: %" PRId64 "\n", m->expires_s);
	buf_add_str(out, "properties:\n");
	for (size_t i = 0; i < m->property_count; i++)
		put_pair(out, 2, m->property[i].key, m->property[i].value);
	list = sorted(m, by_path, key_path, &count);
	buf_add_str(out, count ? "templates:\n" : "templates: {}\n");
	for (size_t i = 0; i < count; i++)
		put_template(list[i], out);
	return buf_check(out, "metadata.yaml", e);
}

static int add_templates(const struct incusmeta *m, struct buf *tar, struct err *e)
{
	auto_free const struct incusmeta_template **list = NULL;
	size_t count;

	list = sorted(m, by_file, key_file, &count);
	if (count && smalltar_add(tar, "templates/", bytes_of("", 0), m->mtime_s, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		auto_free char *name = xasprintf("templates/%s", list[i]->file);

		if (smalltar_add(
			    tar, name, bytes_of_str(list[i]->content), m->mtime_s, e) < 0)
			return -1;
	}
	return 0;
}

int incusmeta_format(const struct incusmeta *m, struct buf *tar, struct err *e)
{
	auto_buf struct buf yaml = BUF_INIT(YAML_MAX);

	if (format_yaml(m, &yaml, e) < 0 ||
		smalltar_add(tar, "metadata.yaml", buf_bytes(&yaml), m->mtime_s, e) < 0 ||
		add_templates(m, tar, e) < 0)
		return -1;
	smalltar_end(tar);
	return buf_check(tar, "incus.tar", e);
}
