#include "builder/releases.h"

#include "lib/adapt/digest.h"
#include "lib/base/opt.h"
#include "lib/base/relpath.h"

#include <time.h>

#define PICK_NAMES_MAX 64

#define AT(member) offsetof(struct release, member)
#define FIELD(k, kd, m)                                                                  \
	{                                                                                \
		.key = (k), .kind = (kd), .offset = AT(m)                                \
	}

static const struct field release_fields[] = {
	FIELD("version", FIELD_TEXT, version),
	FIELD("aliases", FIELD_TEXTS, aliases),
	FIELD("eol", FIELD_TEXT, eol),
	FIELD("arches", FIELD_TEXTS, arches),
	FIELD("variants", FIELD_TEXTS, variants),
	FIELD("mirror", FIELD_TEXT, mirror),
	FIELD("keys", FIELD_TEXTS, keys),
	FIELD("options", FIELD_MAP, options),
	FIELD("timeout_s", FIELD_UINT, timeout_s),
	FIELD("accept_expired_release_days", FIELD_UINT, accept_expired_release_days),
	FIELD("accept_eol", FIELD_BOOL, accept_eol),
	FIELD("sha256", FIELD_MAP, sha256),
	FIELD("checksums", FIELD_TEXT, checksums),
	FIELD("signature", FIELD_TEXT, signature),
	{ .key = NULL },
};

static const struct field releases_fields[] = {
	{ .key = "schema",
		.kind = FIELD_UINT,
		.offset = offsetof(struct releases, schema) },
	{ .key = "distro",
		.kind = FIELD_TEXT,
		.offset = offsetof(struct releases, distro) },
	{ .key = "default_release",
		.kind = FIELD_TEXT,
		.offset = offsetof(struct releases, default_release) },
	{ .key = "releases",
		.kind = FIELD_STRUCT_MAP,
		.offset = offsetof(struct releases, releases),
		.sub = release_fields,
		.sub_size = sizeof(struct release) },
	{ .key = NULL },
};

void releases_init(struct releases *r)
{
	*r = (struct releases){ 0 };
}

void releases_release(struct releases *r)
{
	arena_release(&r->arena);
	*r = (struct releases){ 0 };
}

static bool parse_day(const char *text, struct tm *out)
{
	const char *end;

	*out = (struct tm){ 0 };
	end = strptime(text, "%Y-%m-%d", out);
	return end && *end == '\0' && strlen(text) == 10;
}

int64_t release_eol_s(const struct release *r)
{
	struct tm day;

	if (!text_is_set(&r->eol) || !parse_day(r->eol.text, &day))
		return INT64_MAX;
	return (int64_t)timegm(&day) + 86400;
}

static void check_parts(const struct texts *list, const char *what,
	bool (*is_good)(const char *), struct complaints *c)
{
	for (size_t i = 0; i < list->count; i++)
		if (!is_good(text_str(&list->item[i])))
			complain(c, list->item[i].line, list->item[i].column,
				"bad %s '%s'", what, text_str(&list->item[i]));
}

static bool arch_is_good(const char *text)
{
	return arch_is_known(text);
}

static bool part_is_good(const char *text)
{
	return image_part_is_valid(text);
}

static bool key_is_good(const char *text)
{
	struct relpath path;
	struct err e;

	return relpath_parse(text, &path, &e) == 0;
}

static void check_release(const struct release *r, struct complaints *c)
{
	struct digest digest;
	struct tm day;
	struct err e;

	if (!image_part_is_valid(text_str(&r->name)))
		complain(c, r->name.line, r->name.column, "bad release name '%s'",
			text_str(&r->name));
	check_parts(&r->arches, "architecture", arch_is_good, c);
	check_parts(&r->variants, "variant", part_is_good, c);
	check_parts(&r->aliases, "alias", part_is_good, c);
	check_parts(&r->keys, "key file", key_is_good, c);
	if (r->arches.count == 0 || r->variants.count == 0)
		complain(c, r->name.line, r->name.column,
			"release '%s' needs 'arches' and 'variants'", text_str(&r->name));
	if (text_is_set(&r->eol) && !parse_day(r->eol.text, &day))
		complain(c, r->eol.line, r->eol.column,
			"'eol' must be YYYY-MM-DD, not '%s'", r->eol.text);
	for (size_t i = 0; i < r->sha256.count; i++)
		if (digest_parse(text_str(&r->sha256.item[i].value), &digest, &e) < 0)
			complain(c, r->sha256.item[i].value.line,
				r->sha256.item[i].value.column,
				"'sha256' must be 64 lower-case hex digits");
}

int releases_parse(
	struct releases *r, struct bytes text, struct complaints *c, struct err *e)
{
	const struct yaml_faults faults = { .say = complain_of_yaml, .ctx = c };
	auto_yaml struct ydoc doc = { 0 };

	if (yaml_parse_all(text, c->document, RELEASES_BYTES_MAX, &faults, &doc, e) < 0) {
		e->code = ERR_RECIPE;
		return -1;
	}
	if (!doc.root || doc.root->kind != YNODE_MAPPING) {
		complain(
			c, 0, 0, "must be a mapping with 'schema', 'distro', 'releases'");
		return 0;
	}
	fields_read(releases_fields, doc.root, r, &r->arena, c);
	if (r->schema != 1)
		complain(c, 1, 1, "'schema' must be 1");
	if (!image_part_is_valid(text_str(&r->distro)))
		complain(c, r->distro.line, r->distro.column,
			"'distro' must be a name in lower case");
	if (r->releases.count == 0)
		complain(c, 0, 0, "'releases' names none");
	for (size_t i = 0; i < r->releases.count; i++)
		check_release(&r->releases.item[i], c);
	return 0;
}

static const struct release *find(const struct releases *r, const char *name)
{
	for (size_t i = 0; i < r->releases.count; i++)
		if (strcmp(text_str(&r->releases.item[i].name), name) == 0)
			return &r->releases.item[i];
	return NULL;
}

static int no_release(const struct releases *r, const char *name, struct err *e)
{
	const char *names[PICK_NAMES_MAX];
	const char *hint;
	size_t count = 0;

	for (; count < r->releases.count && count < PICK_NAMES_MAX; count++)
		names[count] = text_str(&r->releases.item[count].name);
	hint = opt_nearest(name, names, count);
	return err_set(e, ERR_USAGE,
		"releases.yaml of '%s' has no release '%s'; %s '%s'?",
		text_str(&r->distro), name, hint ? "did you mean" : "what about",
		hint ? hint : names[0]);
}

static int take_part(
	struct image *image, const char *part, const char *target, struct err *e)
{
	char *slot = arch_is_known(part) ? image->arch : image->variant;

	if (*slot || !image_part_is_valid(part))
		return err_set(
			e, ERR_USAGE, "'%s' is not RELEASE[/ARCH][/VARIANT]", target);
	snprintf(slot, sizeof(image->arch), "%s", part);
	return 0;
}

static int check_offered(
	const struct release *r, const struct image *image, struct err *e)
{
	if (!texts_have(&r->arches, image->arch))
		return err_set(e, ERR_USAGE,
			"releases.yaml lists no architecture '%s' for '%s'", image->arch,
			image->release);
	if (!texts_have(&r->variants, image->variant))
		return err_set(e, ERR_USAGE,
			"releases.yaml lists no variant '%s' for '%s'", image->variant,
			image->release);
	return 0;
}

int releases_pick(const struct releases *r, const char *target, struct image *image,
	const struct release **release, struct err *e)
{
	auto_free char *copy = xstrdup(target);
	struct image got = { .arch = "" };
	char *rest = copy, *part = strsep(&rest, "/");
	const struct release *found = find(r, part);

	if (!found)
		return no_release(r, part, e);
	snprintf(got.distro, sizeof(got.distro), "%s", text_str(&r->distro));
	snprintf(got.release, sizeof(got.release), "%s", part);
	while ((part = strsep(&rest, "/")))
		if (take_part(&got, part, target, e) < 0)
			return -1;
	if (!got.arch[0])
		snprintf(got.arch, sizeof(got.arch), "%s", arch_of_this_machine());
	if (!got.variant[0])
		snprintf(got.variant, sizeof(got.variant), "default");
	if (check_offered(found, &got, e) < 0)
		return -1;
	*image = got;
	*release = found;
	return 0;
}
