#include "lib/model/packagelist.h"

#include "lib/base/jsonw.h"
#include "lib/model/field.h"

#define TEXT_MAX 255

void packagelist_release(struct packagelist *l)
{
	arena_release(&l->arena);
	*l = (struct packagelist){ .kind = "" };
}

/* One line that an index, a page and a terminal can carry. */
static int get_text(const struct json *o, const char *key, bool may_be_empty,
	struct arena *a, const char **out, struct err *e)
{
	const char *text = "";

	if (may_be_empty ? json_opt_str(o, key, &text, e) < 0
			 : json_get_str(o, key, &text, e) < 0)
		return -1;
	if ((!*text && !may_be_empty) || strlen(text) > TEXT_MAX)
		return err_set(
			e, ERR_PARSE, "'%s': not a text of 1 to %d bytes", key, TEXT_MAX);
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return err_set(e, ERR_PARSE, "'%s': a control character", key);
	*out = arena_strdup(a, text);
	return 0;
}

static int get_package(
	const struct json *o, struct arena *a, struct package *p, struct err *e)
{
	const struct {
		const char *key;
		const char **out;
		bool may_be_empty;
	} texts[] = { { "name", &p->name, false }, { "version", &p->version, false },
		{ "arch", &p->arch, true }, { "source", &p->source, true },
		{ "source_version", &p->source_version, true },
		{ "section", &p->section, true }, { "license", &p->license, true } };
	int64_t size = 0;

	for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
		if (get_text(o, texts[i].key, texts[i].may_be_empty, a, texts[i].out, e) <
			0)
			return -1;
	if (json_opt_int(o, "installed_size", 0, FIELD_INT_MAX, &size, e) < 0)
		return -1;
	p->installed_size = (uint64_t)size;
	return 0;
}

int packagelist_parse(struct bytes json, struct packagelist *out, struct err *e)
{
	auto_packagelist struct packagelist l = { .kind = "" };
	auto_json struct json_doc *doc = NULL;
	const struct json *root, *array, *item;
	struct package *list;

	if (json.len > PACKAGELIST_BYTES_MAX)
		return err_set(
			e, ERR_LIMIT, "larger than %u bytes", PACKAGELIST_BYTES_MAX);
	if (json_open(json, &doc, e) < 0 || json_root(doc, &root, e) < 0 ||
		field_schema(root, e) < 0 ||
		get_text(root, "kind", true, &l.arena, &l.kind, e) < 0 ||
		field_array(root, "packages", PACKAGELIST_MAX, &array, &l.count, e) < 0)
		return -1;
	l.item = list = arena_array(&l.arena, l.count + 1, sizeof(*list));
	for (size_t i = 0; i < l.count; i++)
		if (field_object_at(array, i, &item, e) < 0 ||
			get_package(item, &l.arena, &list[i], e) < 0)
			return err_wrap(e, "'packages': element %zu", i + 1);

	*out = l;
	l = (struct packagelist){ .kind = "" };
	return 0;
}

static void format_package(struct jsonw *w, const struct package *p)
{
	jsonw_object(w);
	jsonw_kstr(w, "name", p->name);
	jsonw_kstr(w, "version", p->version);
	jsonw_kstr(w, "arch", p->arch);
	jsonw_kstr(w, "source", p->source);
	jsonw_kstr(w, "source_version", p->source_version);
	jsonw_kstr(w, "section", p->section);
	jsonw_kint(w, "installed_size", (int64_t)p->installed_size);
	if (p->license && *p->license)
		jsonw_kstr(w, "license", p->license);
	jsonw_end_object(w);
}

int packagelist_format(const char *kind, const struct package *item, size_t count,
	struct buf *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(PACKAGELIST_BYTES_MAX);
	struct jsonw w = jsonw_to(&text);

	jsonw_object(&w);
	jsonw_kint(&w, "schema", 1);
	jsonw_kstr(&w, "kind", kind);
	jsonw_key(&w, "packages");
	jsonw_array(&w);
	for (size_t i = 0; i < count; i++)
		format_package(&w, &item[i]);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	buf_add_byte(&text, '\n');
	if (buf_check(&text, "packages.json", e) < 0)
		return -1;
	buf_add(out, text.data, text.len);
	return buf_check(out, "packages.json", e);
}
