#include "lib/model/catdoc.h"

#include "lib/base/jsonw.h"
#include "lib/base/opt.h"
#include "lib/model/field.h"

#define MIRRORS_MAX 64
#define LINES_MAX   (CATALOG_MAX / 64)
#define ALIAS_MAX   (2 * IMAGE_PART_MAX + 2)

static const char *const states[] = { "active", "deprecated", "held", "eol", "withdrawn",
	NULL };

/* ---- writing */

void catdoc_header(struct buf *out, int64_t generation, const char *site,
	const char *const *mirrors, size_t mirror_count, uint64_t images)
{
	struct jsonw w = jsonw_to(out);

	jsonw_object(&w);
	jsonw_kint(&w, "schema", 1);
	jsonw_kint(&w, "generation", generation);
	jsonw_kstr(&w, "site", site);
	jsonw_key(&w, "mirrors");
	jsonw_array(&w);
	for (size_t i = 0; i < mirror_count; i++)
		jsonw_str(&w, mirrors[i]);
	jsonw_end_array(&w);
	jsonw_kint(&w, "images", (int64_t)images);
	jsonw_end_object(&w);
	buf_add_byte(out, '\n');
}

void catdoc_image(struct buf *out, const struct image *image, const char *serial,
	const char *state, uint64_t doc_size, const struct digest *doc)
{
	struct jsonw w = jsonw_to(out);
	char name[IMAGE_NAME_MAX], hex[DIGEST_HEX];

	image_format(image, name);
	digest_hex(doc, hex);
	jsonw_array(&w);
	jsonw_str(&w, name);
	jsonw_str(&w, serial);
	jsonw_str(&w, state);
	jsonw_int(&w, (int64_t)doc_size);
	jsonw_str(&w, hex);
	jsonw_end_array(&w);
	buf_add_byte(out, '\n');
}

void catdoc_alias(struct buf *out, const char *alias, const char *target)
{
	struct jsonw w = jsonw_to(out);
	auto_free char *marked = xasprintf("@%s", alias);

	jsonw_array(&w);
	jsonw_str(&w, marked);
	jsonw_str(&w, target);
	jsonw_end_array(&w);
	buf_add_byte(out, '\n');
}

/* ---- reading */

void catdoc_release(struct catdoc *c)
{
	arena_release(&c->arena);
}

static int parse_header(
	struct bytes line, struct catdoc *c, int64_t *images, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	const struct json *o;

	if (json_open(line, &doc, e) < 0 || json_root(doc, &o, e) < 0 ||
		field_schema(o, e) < 0 ||
		json_get_int(o, "generation", 1, FIELD_INT_MAX, &c->generation, e) < 0 ||
		field_str(o, "site", &c->arena, &c->site, e) < 0 ||
		field_strings(o, "mirrors", MIRRORS_MAX, &c->arena, &c->mirror,
			&c->mirror_count, e) < 0)
		return -1;
	return json_get_int(o, "images", 0, LINES_MAX, images, e);
}

/* "DISTRO" or "DISTRO/RELEASE". */
static bool is_short_name(const char *text)
{
	char part[ALIAS_MAX];
	char *slash;

	if (strlen(text) >= sizeof(part))
		return false;
	memcpy(part, text, strlen(text) + 1);
	slash = strchr(part, '/');
	if (slash)
		*slash++ = '\0';
	return image_part_is_valid(part) && (!slash || image_part_is_valid(slash));
}

static int parse_alias(const struct json *a, struct catdoc *c, struct err *e)
{
	struct catdoc_alias *alias = &c->alias[c->alias_count];
	const char *name, *target;

	if (json_count(a) != 2)
		return err_set(e, ERR_PARSE, "an alias line has 2 items");
	if (json_str(json_at(a, 0), &name, e) < 0 ||
		json_str(json_at(a, 1), &target, e) < 0)
		return -1;
	if (!is_short_name(name + 1) || !is_short_name(target))
		return err_set(e, ERR_PARSE, "'%s' or '%s' is no DISTRO[/RELEASE]",
			name + 1, target);
	alias->alias = arena_strdup(&c->arena, name + 1);
	alias->target = arena_strdup(&c->arena, target);
	c->alias_count++;
	return 0;
}

static int parse_image_line(const struct json *a, struct catdoc *c, struct err *e)
{
	struct catdoc_line *line = &c->line[c->line_count];
	const char *name, *serial, *state, *hex;
	int64_t size;

	if (json_count(a) != 5)
		return err_set(e, ERR_PARSE, "an image line has 5 items");
	if (json_str(json_at(a, 0), &name, e) < 0 ||
		image_parse(name, &line->image, e) < 0 ||
		json_str(json_at(a, 1), &serial, e) < 0 ||
		json_str(json_at(a, 2), &state, e) < 0 ||
		json_int(json_at(a, 3), 1, IMAGE_DOC_MAX, &size, e) < 0 ||
		json_str(json_at(a, 4), &hex, e) < 0 ||
		digest_parse(hex, &line->doc, e) < 0)
		return -1;
	if (!serial_is_valid(serial))
		return err_set(e, ERR_PARSE, "'%s' is no serial", serial);
	memcpy(line->serial, serial, strlen(serial) + 1);
	line->doc_size = (uint64_t)size;
	for (const char *const *s = states; *s; s++)
		if (strcmp(*s, state) == 0)
			line->state = *s;
	if (!line->state)
		return err_set(e, ERR_PARSE, "unknown state '%s'", state);
	if (c->line_count && image_compare(&line[-1].image, &line->image) >= 0)
		return err_set(e, ERR_PARSE, "'%s' is out of order", name);
	c->line_count++;
	return 0;
}

static int parse_line(struct bytes text, struct catdoc *c, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	const struct json *a;
	const char *first;

	if (json_open(text, &doc, e) < 0)
		return -1;
	a = json_any(doc);
	if (text.data[0] != '[' || json_count(a) == 0)
		return err_set(e, ERR_PARSE, "not an array");
	if (json_str(json_at(a, 0), &first, e) < 0)
		return -1;
	if (first[0] == '@')
		return parse_alias(a, c, e);
	if (c->alias_count)
		return err_set(e, ERR_PARSE, "an image behind the aliases");
	return parse_image_line(a, c, e);
}

static struct bytes take_line(struct bytes *text)
{
	const unsigned char *end = text->len ? memchr(text->data, '\n', text->len) : NULL;
	struct bytes line = bytes_of(text->data, end ? (size_t)(end - text->data) : 0);

	if (end)
		*text = bytes_of(end + 1, text->len - line.len - 1);
	return line;
}

static size_t count_lines(struct bytes text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += text.data[i] == '\n';
	return n;
}

int catdoc_parse(struct bytes text, struct catdoc *out, struct err *e)
{
	auto_catdoc struct catdoc c = { .site = "" };
	size_t lines = count_lines(text), number = 1;
	int64_t images = 0;

	if (text.len > CATALOG_MAX || lines > LINES_MAX)
		return err_set(
			e, ERR_LIMIT, "catalog is larger than %u bytes", CATALOG_MAX);
	if (text.len == 0 || text.data[text.len - 1] != '\n')
		return err_set(e, ERR_PARSE, "catalog: does not end with a line");
	if (parse_header(take_line(&text), &c, &images, e) < 0)
		return err_wrap(e, "catalog: line 1");
	c.line = arena_array(&c.arena, lines, sizeof(*c.line));
	c.alias = arena_array(&c.arena, lines, sizeof(*c.alias));
	while (text.len) {
		number++;
		if (parse_line(take_line(&text), &c, e) < 0)
			return err_wrap(e, "catalog: line %zu", number);
	}
	if (c.line_count != (size_t)images)
		return err_set(e, ERR_PARSE, "catalog: %zu images, its header says %lld",
			c.line_count, (long long)images);
	*out = c;
	c.arena.head = NULL;
	return 0;
}

/* ---- finding */

static const char *resolve_alias(const struct catdoc *c, const char *name)
{
	for (size_t i = 0; i < c->alias_count; i++)
		if (strcmp(c->alias[i].alias, name) == 0)
			return c->alias[i].target;
	return NULL;
}

/* distro and release of a reference after aliases; false when there is no release. */
static bool resolve_names(
	const struct catdoc *c, const struct image_ref *ref, struct image *out)
{
	char name[ALIAS_MAX];
	const char *target, *slash;

	*out = ref->image;
	snprintf(name, sizeof(name), "%s%s%s", ref->image.distro,
		ref->image.release[0] ? "/" : "", ref->image.release);
	target = resolve_alias(c, name);
	slash = target ? strchr(target, '/') : NULL;
	if (slash) {
		snprintf(out->distro, sizeof(out->distro), "%.*s", (int)(slash - target),
			target);
		snprintf(out->release, sizeof(out->release), "%s", slash + 1);
	}
	if (!out->arch[0])
		snprintf(out->arch, sizeof(out->arch), "%s", arch_of_this_machine());
	if (!out->variant[0])
		snprintf(out->variant, sizeof(out->variant), "default");
	return out->release[0] != '\0';
}

static int not_found(const struct catdoc *c, const struct image *want, struct err *e)
{
	char name[IMAGE_NAME_MAX];
	const char *nearest;
	auto_free char *names = xmalloc(c->line_count * IMAGE_NAME_MAX + 1);
	auto_free const char **list = xcalloc(c->line_count + 1, sizeof(*list));

	for (size_t i = 0; i < c->line_count; i++) {
		image_format(&c->line[i].image, names + i * IMAGE_NAME_MAX);
		list[i] = names + i * IMAGE_NAME_MAX;
	}
	if (want->release[0])
		image_format(want, name);
	else
		snprintf(name, sizeof(name), "%s", want->distro);
	nearest = opt_nearest(name, list, c->line_count);
	if (nearest)
		return err_set(e, ERR_NOTFOUND, "no image '%s', did you mean '%s'?", name,
			nearest);
	return err_set(e, ERR_NOTFOUND,
		"no image '%s'; see what there is with 'rootyard list'", name);
}

int catdoc_find(const struct catdoc *c, const struct image_ref *ref,
	const struct catdoc_line **out, struct err *e)
{
	struct image want;

	if (resolve_names(c, ref, &want)) {
		for (size_t i = 0; i < c->line_count; i++) {
			if (image_equal(&c->line[i].image, &want)) {
				*out = &c->line[i];
				return 0;
			}
		}
	}
	return not_found(c, &want, e);
}
