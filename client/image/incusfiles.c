#include "client/image/incusfiles.h"

#include "lib/adapt/yaml.h"
#include "lib/base/relpath.h"
#include "lib/model/template.h"

#include <ctype.h>

#define METADATA_MAX (1U << 20)
#define TEXT_MAX     (64U << 10)
#define PATH_TEXT    256

bool incusfiles_is_template(const char *name)
{
	size_t dir = strlen(INCUS_TEMPLATES);

	if (strncmp(name, INCUS_TEMPLATES, dir) != 0 || name[dir] == '.' || !name[dir])
		return false;
	for (name += dir; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("._-", *name))
			return false;
	return true;
}

static struct bytes content_of(
	const struct incus_source *file, size_t count, const char *dir, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strncmp(file[i].name, dir, strlen(dir)) == 0 &&
			strcmp(file[i].name + strlen(dir), name) == 0)
			return file[i].content;
	return bytes_of(NULL, 0);
}

static const char *scalar(const struct ynode *map, const char *key)
{
	const struct ynode *n =
		map && map->kind == YNODE_MAPPING ? yaml_get(map, key) : NULL;

	return n && n->kind == YNODE_SCALAR ? n->text : "";
}

/* ---- what a template may ask for */

struct facts {
	const struct ynode *template;
	const char *path, *trigger, *arch;
};

static bool find(const void *ctx, const char *name, struct buf *out)
{
	static const char properties[] = "properties.";
	static const char *const instance[] = { "container.", "instance." };
	static const char its_name[] = { INCUSFILES_NAME, '\0' };
	const struct facts *f = ctx;
	const struct {
		const char *name, *value;
	} known[] = {
		{ "trigger", f->trigger },
		{ "path", f->path },
		{ "name", its_name },
		{ "type", "container" },
		{ "architecture", f->arch },
		{ "ephemeral", "false" },
		{ "privileged", "false" },
	};
	size_t from = 0, to = 2;

	for (size_t i = 0; i < ARRAY_COUNT(instance); i++)
		if (strncmp(name, instance[i], strlen(instance[i])) == 0) {
			name += strlen(instance[i]);
			from = 2;
			to = ARRAY_COUNT(known);
		}
	for (size_t i = from; i < to; i++)
		if (strcmp(name, known[i].name) == 0)
			return buf_add_str(out, known[i].value), true;
	if (from == 0 && strncmp(name, properties, strlen(properties)) == 0) {
		const struct ynode *map = yaml_get(f->template, "properties");
		const char *value = scalar(map, name + strlen(properties));

		return buf_add_str(out, value), *value != '\0';
	}
	return false;
}

/* ---- one template */

static bool has_trigger(const struct ynode *template, const char *word)
{
	const struct ynode *when = yaml_get(template, "when");

	for (size_t i = 0; when && when->kind == YNODE_SEQUENCE && i < when->count; i++)
		if (when->item[i]->kind == YNODE_SCALAR &&
			strcmp(when->item[i]->text, word) == 0)
			return true;
	return false;
}

static bool path_is_plain(const char *path)
{
	struct relpath rel;
	struct err ignored;

	if (*path != '/' || strlen(path) >= PATH_TEXT)
		return false;
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p <= ' ')
			return false;
	return relpath_parse(path + 1, &rel, &ignored) == 0;
}

static bool is_text(struct bytes b)
{
	return b.len == 0 ||
	       (!memchr(b.data, '\0', b.len) && !memchr(b.data, INCUSFILES_NAME, b.len));
}

static int render(
	const struct facts *facts, struct bytes text, struct buf *out, struct err *e)
{
	auto_buf struct buf source = BUF_INIT(TEXT_MAX);
	const struct template_vars vars = { .find = find, .ctx = facts };

	if (!text.data)
		return err_set(e, ERR_PARSE, "its file is not there");
	if (!is_text(text))
		return err_set(e, ERR_PARSE, "it is no text");
	buf_add(&source, text.data, text.len);
	if (buf_check(&source, "it", e) < 0)
		return -1;
	return template_render_once(buf_str(&source), &vars, out, e);
}

static void add_record(
	struct buf *out, const char *path, const char *when, struct bytes content)
{
	buf_printf(out, "%s %s %zu\n", path, when, content.len);
	buf_add(out, content.data, content.len);
	buf_add_byte(out, '\n');
}

static void add_template(const char *path, const struct ynode *template,
	const char *architecture, struct bytes text, struct buf *out)
{
	auto_buf struct buf made = BUF_INIT(TEXT_MAX);
	bool at_start = has_trigger(template, "start"), is_new;
	struct facts facts = { .template = template,
		.path = path,
		.trigger = at_start ? "start" : "create",
		.arch = architecture };
	char when[16];
	struct err e;

	if (!at_start && !has_trigger(template, "create"))
		return; /* when one is copied, or renamed */
	if (!path_is_plain(path))
		return;
	is_new = strcmp(scalar(template, "create_only"), "true") == 0;
	snprintf(when, sizeof(when), "%s%s", facts.trigger, is_new ? "-new" : "");
	if (render(&facts, text, &made, &e) == 0)
		add_record(out, path, when, buf_bytes(&made));
	else
		add_record(out, path, "skip", bytes_of(e.text, strlen(e.text)));
}

int incusfiles_render(
	const struct incus_source *file, size_t count, struct buf *out, struct err *e)
{
	auto_yaml struct ydoc doc = { 0 };
	const struct ynode *list;

	if (yaml_parse(content_of(file, count, "", INCUS_METADATA), INCUS_METADATA,
		    METADATA_MAX, &doc, e) < 0)
		return -1;
	if (!doc.root || doc.root->kind != YNODE_MAPPING)
		return err_set(e, ERR_UNTRUSTED,
			INCUS_METADATA " is not there, or is no mapping");
	list = yaml_get(doc.root, "templates");
	for (size_t i = 0; list && list->kind == YNODE_MAPPING && i < list->count; i++) {
		const struct ynode *key = list->item[2 * i];
		const struct ynode *value = list->item[2 * i + 1];

		if (value->kind == YNODE_MAPPING)
			add_template(key->text, value, scalar(doc.root, "architecture"),
				content_of(file, count, INCUS_TEMPLATES,
					scalar(value, "template")),
				out);
	}
	return buf_check(out, "the image's templates", e);
}
