#include "lib/model/field.h"
#include "lib/model/oci.h"

#define ITEMS_MAX 4096

void oci_doc_release(struct oci_doc *d)
{
	arena_release(&d->arena);
}

static int read_digest(const struct json *o, struct digest *out, struct err *e)
{
	static const char prefix[] = "sha256:";
	const char *text;

	if (json_get_str(o, "digest", &text, e) < 0)
		return -1;
	if (strncmp(text, prefix, strlen(prefix)) != 0)
		return err_set(e, ERR_PARSE, "'digest': '%.80s' is no sha256", text);
	return digest_parse(text + strlen(prefix), out, e) < 0 ? err_wrap(e, "'digest'")
							       : 0;
}

static int opt_str(const struct json *o, const char *key, struct arena *a,
	const char **out, struct err *e)
{
	const char *text = "";

	if (json_opt_str(o, key, &text, e) < 0)
		return -1;
	*out = arena_strdup(a, text);
	return 0;
}

static int read_platform(
	const struct json *o, struct arena *a, struct oci_descriptor *d, struct err *e)
{
	const struct json *p;

	d->architecture = d->os = d->variant = "";
	if (!json_has(o, "platform"))
		return 0;
	if (json_get_object(o, "platform", &p, e) < 0)
		return -1;
	if (opt_str(p, "architecture", a, &d->architecture, e) < 0 ||
		opt_str(p, "os", a, &d->os, e) < 0)
		return -1;
	return opt_str(p, "variant", a, &d->variant, e);
}

static int read_descriptor(
	const struct json *o, struct arena *a, struct oci_descriptor *d, struct err *e)
{
	if (field_str(o, "mediaType", a, &d->media_type, e) < 0 ||
		read_digest(o, &d->sha256, e) < 0 ||
		field_size(o, "size", &d->size, e) < 0)
		return -1;
	return read_platform(o, a, d, e);
}

static int read_member(const struct json *o, const char *key, struct arena *a,
	struct oci_descriptor *d, struct err *e)
{
	const struct json *member;

	if (!json_has(o, key))
		return 0;
	if (json_get_object(o, key, &member, e) < 0)
		return -1;
	return read_descriptor(member, a, d, e) < 0 ? err_wrap(e, "'%s'", key) : 0;
}

static int read_items(
	const struct json *o, const char *key, struct oci_doc *d, struct err *e)
{
	const struct json *array, *item;

	if (field_array(o, key, ITEMS_MAX, &array, &d->count, e) < 0)
		return -1;
	d->item = arena_array(&d->arena, d->count + 1, sizeof(*d->item));
	for (size_t i = 0; i < d->count; i++)
		if (field_object_at(array, i, &item, e) < 0 ||
			read_descriptor(item, &d->arena, &d->item[i], e) < 0)
			return err_wrap(e, "'%s': entry %zu", key, i + 1);
	return 0;
}

static int read_type(const struct json *o, const char **out, struct err *e)
{
	static const char *const types[] = { OCI_INDEX, OCI_MANIFEST, NULL };

	return field_word(o, "mediaType", types, out, e);
}

static int read_foreign_type(const struct json *o, const char **out, struct err *e)
{
	static const char *const types[] = { OCI_INDEX, OCI_MANIFEST, DOCKER_LIST,
		DOCKER_MANIFEST, NULL };
	const char *type;

	if (!json_has(o, "mediaType")) {
		*out = json_has(o, "layers") ? OCI_MANIFEST : OCI_INDEX;
		return 0;
	}
	if (field_word(o, "mediaType", types, &type, e) < 0)
		return -1;
	*out = strcmp(type, OCI_INDEX) == 0 || strcmp(type, DOCKER_LIST) == 0
		       ? OCI_INDEX
		       : OCI_MANIFEST;
	return 0;
}

typedef int read_type_fn(const struct json *o, const char **out, struct err *e);

static int read_doc(
	const struct json *o, read_type_fn *type, struct oci_doc *d, struct err *e)
{
	int64_t version;

	if (json_get_int(o, "schemaVersion", 2, 2, &version, e) < 0 ||
		type(o, &d->media_type, e) < 0 ||
		opt_str(o, "artifactType", &d->arena, &d->artifact_type, e) < 0 ||
		read_member(o, "subject", &d->arena, &d->subject, e) < 0)
		return -1;
	if (strcmp(d->media_type, OCI_INDEX) == 0)
		return read_items(o, "manifests", d, e);
	if (read_member(o, "config", &d->arena, &d->config, e) < 0)
		return -1;
	if (!d->config.media_type)
		return err_set(e, ERR_PARSE, "'config' is missing");
	return read_items(o, "layers", d, e);
}

static int parse(
	struct bytes text, read_type_fn *type, struct oci_doc *out, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	auto_oci_doc struct oci_doc d = { .count = 0 };
	const struct json *o;

	if (text.len > OCI_DOC_MAX)
		return err_set(e, ERR_LIMIT, "OCI document is larger than %u bytes",
			OCI_DOC_MAX);
	if (json_open(text, &doc, e) < 0 || json_root(doc, &o, e) < 0 ||
		read_doc(o, type, &d, e) < 0)
		return err_wrap(e, "OCI document");
	*out = d;
	d.arena.head = NULL;
	return 0;
}

int oci_parse(struct bytes text, struct oci_doc *out, struct err *e)
{
	return parse(text, read_type, out, e);
}

int oci_parse_foreign(struct bytes text, struct oci_doc *out, struct err *e)
{
	return parse(text, read_foreign_type, out, e);
}

int oci_config_arch(struct bytes text, char *out, size_t out_size, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	const struct json *o;
	const char *arch = "";

	if (json_open(text, &doc, e) < 0 || json_root(doc, &o, e) < 0 ||
		json_opt_str(o, "architecture", &arch, e) < 0)
		return err_wrap(e, "image config");
	snprintf(out, out_size, "%s", arch);
	return 0;
}
