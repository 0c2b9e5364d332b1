#include "indexer/admit_meta.h"
#include "indexer/smallar.h"
#include "lib/adapt/yaml.h"

#define ARCHIVE   "incus.tar.xz"
#define METADATA  "metadata.yaml"
#define TEMPLATES "templates"
#define TIME_END  INT64_C(253402300800)

struct check {
	const struct smallar *archive;
	const struct image *image;
	struct meta_facts *out;
};

static int refuse(const struct ynode *n, const char *why, struct err *e)
{
	return err_set(e, ERR_PARSE, "'%s': %s:%u:%u: %s", ARCHIVE, METADATA, n->line,
		n->column, why);
}

static bool is_text(const struct ynode *n)
{
	return n->kind == YNODE_SCALAR && strlen(n->text) == n->len;
}

static int check_architecture(const struct ynode *n, struct check *c, struct err *e)
{
	const char *ours;

	if (!is_text(n))
		return refuse(n, "'architecture' must be a name", e);
	ours = arch_from_kernel(n->text);
	if (!ours && arch_is_known(n->text))
		ours = n->text;
	if (!ours || strcmp(ours, c->image->arch) != 0)
		return err_set(e, ERR_PARSE,
			"'%s': %s:%u:%u: architecture '%s' is not that of '%s'", ARCHIVE,
			METADATA, n->line, n->column, n->text, c->image->arch);
	return 0;
}

static int check_time(const struct ynode *n, struct check *c, struct err *e)
{
	int64_t value = 0;

	(void)c;
	if (!is_text(n) || !n->plain || !n->len || n->len > 12)
		return refuse(n, "not a Unix time", e);
	for (size_t i = 0; i < n->len; i++) {
		if (n->text[i] < '0' || n->text[i] > '9')
			return refuse(n, "not a Unix time", e);
		value = value * 10 + (n->text[i] - '0');
	}
	return value > 0 && value < TIME_END ? 0 : refuse(n, "not a Unix time", e);
}

static int check_texts(const struct ynode *n, struct check *c, struct err *e)
{
	(void)c;
	if (n->kind != YNODE_MAPPING)
		return refuse(n, "'properties' must be a mapping", e);
	for (size_t i = 0; i < n->count; i++)
		if (!is_text(n->item[2 * i]) || !is_text(n->item[2 * i + 1]))
			return refuse(n->item[2 * i], "a property must be text", e);
	return 0;
}

/* Incus and LXD look for these before they start an image, and want text. */
static const struct {
	const char *key;
	const char *value[2];
} requirements[] = {
	{ "cdrom_agent", { "true", "false" } },
	{ "cdrom_cloud_init", { "true", "false" } },
	{ "cgroup", { "v1", "v2" } },
	{ "nesting", { "true", "false" } },
	{ "privileged", { "true", "false" } },
	{ "secureboot", { "true", "false" } },
};

static int take_requirements(const struct ynode *map, struct check *c, struct err *e)
{
	char *out = c->out->requirements;
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_COUNT(requirements); i++) {
		char key[64];
		const struct ynode *n;

		snprintf(key, sizeof(key), "requirements.%s", requirements[i].key);
		n = yaml_get(map, key);
		if (!n)
			continue;
		if (strcmp(n->text, requirements[i].value[0]) != 0 &&
			strcmp(n->text, requirements[i].value[1]) != 0)
			return refuse(n, "not a value that this requirement has", e);
		len += (size_t)snprintf(out + len, META_REQUIREMENTS_MAX - len, "%s=%s\n",
			requirements[i].key, n->text);
	}
	return 0;
}

static int check_properties(const struct ynode *n, struct check *c, struct err *e)
{
	const struct ynode *d;

	if (check_texts(n, c, e) < 0 || take_requirements(n, c, e) < 0)
		return -1;
	d = yaml_get(n, "description");
	if (!d)
		return 0;
	for (const char *s = d->text; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return refuse(d, "a control character in the description", e);
	if (d->len > META_DESCRIPTION_MAX)
		return refuse(d, "the description is longer than 200 bytes", e);
	memcpy(c->out->description, d->text, d->len + 1);
	return 0;
}

static int check_when(const struct ynode *n, struct check *c, struct err *e)
{
	static const char *const known[] = { "create", "copy", "start", "rename" };

	(void)c;
	if (n->kind != YNODE_SEQUENCE || !n->count)
		return refuse(n, "'when' must be a list", e);
	for (size_t i = 0; i < n->count; i++) {
		bool found = false;

		for (size_t k = 0; k < ARRAY_COUNT(known); k++)
			found = found || (is_text(n->item[i]) &&
						 strcmp(n->item[i]->text, known[k]) == 0);
		if (!found)
			return refuse(n->item[i], "not create, copy, start or rename", e);
	}
	return 0;
}

static int check_source(const struct ynode *n, struct check *c, struct err *e)
{
	char path[300];

	if (!is_text(n) || !n->len || n->len > 255 || strchr(n->text, '/'))
		return refuse(n, "'template' must be a bare file name", e);
	snprintf(path, sizeof(path), "%s/%s", TEMPLATES, n->text);
	if (!smallar_find(c->archive, path))
		return err_set(e, ERR_PARSE, "'%s': %s:%u:%u: '%s' is not in the archive",
			ARCHIVE, METADATA, n->line, n->column, path);
	return 0;
}

static int check_scalar(const struct ynode *n, struct check *c, struct err *e)
{
	(void)c;
	return is_text(n) ? 0 : refuse(n, "not a scalar", e);
}

/* Go decodes it into a bool: nothing else will do. */
static int check_bool(const struct ynode *n, struct check *c, struct err *e)
{
	(void)c;
	if (is_text(n) && n->plain &&
		(strcmp(n->text, "true") == 0 || strcmp(n->text, "false") == 0))
		return 0;
	return refuse(n, "neither true nor false", e);
}

static int check_templates(const struct ynode *n, struct check *c, struct err *e);

struct rule {
	const char *key;
	bool required;
	int (*check)(const struct ynode *n, struct check *c, struct err *e);
};

static const struct rule metadata_rules[] = {
	{ "architecture", true, check_architecture },
	{ "creation_date", true, check_time },
	{ "expiry_date", false, check_time },
	{ "properties", true, check_properties },
	{ "templates", false, check_templates },
};

static const struct rule template_rules[] = {
	{ "when", true, check_when },
	{ "create_only", false, check_bool },
	{ "template", true, check_source },
	{ "properties", false, check_texts },
	{ "uid", false, check_scalar },
	{ "gid", false, check_scalar },
	{ "mode", false, check_scalar },
};

static int check_rules(const struct ynode *map, const struct rule *rules, size_t count,
	struct check *c, struct err *e)
{
	size_t known = 0;

	if (map->kind != YNODE_MAPPING)
		return refuse(map, "not a mapping", e);
	for (size_t i = 0; i < count; i++) {
		const struct ynode *n = yaml_get(map, rules[i].key);

		if (!n && rules[i].required)
			return err_set(e, ERR_PARSE, "'%s': %s:%u:%u: '%s' is missing",
				ARCHIVE, METADATA, map->line, map->column, rules[i].key);
		if (!n)
			continue;
		known++;
		if (rules[i].check(n, c, e) < 0)
			return -1;
	}
	return known == map->count ? 0 : refuse(map, "a key that Incus does not know", e);
}

static int check_templates(const struct ynode *n, struct check *c, struct err *e)
{
	if (n->kind != YNODE_MAPPING)
		return refuse(n, "'templates' must be a mapping", e);
	for (size_t i = 0; i < n->count; i++) {
		const struct ynode *path = n->item[2 * i];

		if (!is_text(path) || path->text[0] != '/' || strstr(path->text, "/../"))
			return refuse(path, "not an absolute path of the container", e);
		if (check_rules(n->item[2 * i + 1], template_rules,
			    ARRAY_COUNT(template_rules), c, e) < 0)
			return -1;
	}
	return 0;
}

/* metadata.yaml, templates/ and plain files right below it. */
static int check_names(const struct smallar *a, struct err *e)
{
	size_t below = strlen(TEMPLATES "/");

	for (size_t i = 0; i < a->count; i++) {
		const struct smallar_file *f = &a->file[i];
		bool fits =
			f->is_dir
				? strcmp(f->name, TEMPLATES) == 0
				: strcmp(f->name, METADATA) == 0 ||
					  (strncmp(f->name, TEMPLATES "/", below) == 0 &&
						  !strchr(f->name + below, '/'));

		if (!fits)
			return err_set(e, ERR_PARSE,
				"'%s': '%s' is neither metadata.yaml nor a template",
				ARCHIVE, f->name);
	}
	return 0;
}

int admit_incus_meta(
	int fd, const struct image *image, struct meta_facts *out, struct err *e)
{
	auto_smallar struct smallar a = { 0 };
	auto_yaml struct ydoc doc = { 0 };
	const struct smallar_file *f;
	struct check c = { .archive = &a, .image = image, .out = out };

	if (smallar_read(fd, ARCHIVE, &a, e) < 0 || check_names(&a, e) < 0)
		return -1;
	f = smallar_find(&a, METADATA);
	if (!f)
		return err_set(e, ERR_PARSE, "'%s': '%s' is missing", ARCHIVE, METADATA);
	if (yaml_parse(f->text, METADATA, SMALLAR_BYTES_MAX, &doc, e) < 0)
		return err_wrap(e, "'%s'", ARCHIVE);
	if (!doc.root)
		return err_set(e, ERR_PARSE, "'%s': '%s' is empty", ARCHIVE, METADATA);
	return check_rules(doc.root, metadata_rules, ARRAY_COUNT(metadata_rules), &c, e);
}
