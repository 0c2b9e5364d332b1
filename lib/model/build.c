#include "lib/model/build.h"

#include "lib/base/jsonw.h"
#include "lib/model/field.h"

#define SOURCES_MAX   4096
#define ARTIFACTS_MAX 64
#define SCRUBS_MAX    256
#define ACCEPTED_MAX  64

static const char *const results[] = { "ok", "failed", NULL };
static const char *const classes[] = { "ok", "flaky", "upstream", "recipe", "test",
	"internal", NULL };
static const char *const accepted_kinds[] = { "eol", "expired", NULL };
static const char *const test_results[] = { "passed", "failed", "not tested", NULL };
static const char *const origins[] = { "rootyard", "import", NULL };
static const char *const source_kinds[] = { "index", "package", "tarball", "file", NULL };

void build_init(struct build *b)
{
	memset(b, 0, sizeof(*b));
	b->tool = b->message = b->test_kind = "";
	b->result = b->class = "ok";
	b->test_result = "not tested";
	b->origin = "rootyard";
}

void build_release(struct build *b)
{
	arena_release(&b->arena);
}

static int parse_artifacts(const struct json *o, struct build *b, struct err *e)
{
	const struct json *array, *item;
	struct artifact *artifact;

	if (field_array(o, "artifacts", ARTIFACTS_MAX, &array, &b->artifact_count, e) < 0)
		return -1;
	b->artifact = artifact =
		arena_array(&b->arena, b->artifact_count, sizeof(*artifact));
	for (size_t i = 0; i < b->artifact_count; i++) {
		struct artifact *a = &artifact[i];

		if (field_object_at(array, i, &item, e) < 0 ||
			field_name(item, "name", &b->arena, &a->name, e) < 0 ||
			field_size(item, "size", &a->size, e) < 0 ||
			field_digest(item, "sha256", &a->sha256, e) < 0)
			return err_wrap(e, "'artifacts'");
		for (size_t k = 0; k < i; k++)
			if (strcmp(artifact[k].name, a->name) == 0)
				return err_set(e, ERR_PARSE,
					"'artifacts': '%s' stands twice", a->name);
	}
	return 0;
}

static int parse_sources(const struct json *o, struct build *b, struct err *e)
{
	const struct json *array, *item;
	struct build_source *source;

	if (field_array(o, "sources", SOURCES_MAX, &array, &b->source_count, e) < 0)
		return -1;
	b->source = source = arena_array(&b->arena, b->source_count, sizeof(*source));
	for (size_t i = 0; i < b->source_count; i++) {
		if (field_object_at(array, i, &item, e) < 0 ||
			field_str(item, "url", &b->arena, &source[i].url, e) < 0 ||
			field_digest(item, "sha256", &source[i].sha256, e) < 0 ||
			field_str(item, "verified", &b->arena, &source[i].verified, e) <
				0 ||
			field_word(item, "kind", source_kinds, &source[i].kind, e) < 0)
			return err_wrap(e, "'sources'");
	}
	return 0;
}

static int parse_scrubs(const struct json *o, struct build *b, struct err *e)
{
	const struct json *array, *item;
	struct build_scrub *scrub;

	if (field_array(o, "scrub", SCRUBS_MAX, &array, &b->scrub_count, e) < 0)
		return -1;
	b->scrub = scrub = arena_array(&b->arena, b->scrub_count, sizeof(*scrub));
	for (size_t i = 0; i < b->scrub_count; i++) {
		if (field_object_at(array, i, &item, e) < 0 ||
			field_str(item, "check", &b->arena, &scrub[i].check, e) < 0 ||
			field_size(item, "removed", &scrub[i].removed, e) < 0)
			return err_wrap(e, "'scrub'");
	}
	return 0;
}

/* "rootyard", "import" or "mirror of URL". */
static int parse_origin(const struct json *o, struct build *b, struct err *e)
{
	const char *text;

	if (json_get_str(o, "origin", &text, e) < 0)
		return -1;
	if (strncmp(text, BUILD_MIRROR_OF, sizeof(BUILD_MIRROR_OF) - 1) != 0)
		return field_word(o, "origin", origins, &b->origin, e);
	for (const char *p = text; *p; p++)
		if (*p < ' ' || *p > '~')
			return err_set(e, ERR_PARSE, "'origin': not a line of ASCII");
	if (strlen(text) > BUILD_ORIGIN_MAX)
		return err_set(
			e, ERR_PARSE, "'origin': longer than %d bytes", BUILD_ORIGIN_MAX);
	b->origin = arena_strdup(&b->arena, text);
	return 0;
}

static int parse_accepted(const struct json *o, struct build *b, struct err *e)
{
	const struct json *array, *item;
	struct build_accepted *accepted;

	if (!json_has(o, "accepted"))
		return 0;
	if (field_array(o, "accepted", ACCEPTED_MAX, &array, &b->accepted_count, e) < 0)
		return -1;
	b->accepted = accepted =
		arena_array(&b->arena, b->accepted_count, sizeof(*accepted));
	for (size_t i = 0; i < b->accepted_count; i++) {
		if (field_object_at(array, i, &item, e) < 0 ||
			field_word(item, "what", accepted_kinds, &accepted[i].what, e) <
				0 ||
			field_str(item, "name", &b->arena, &accepted[i].name, e) < 0 ||
			json_get_int(item, "until", 0, FIELD_INT_MAX,
				&accepted[i].until_s, e) < 0)
			return err_wrap(e, "'accepted'");
	}
	return 0;
}

static int parse_identity(const struct json *o, struct build *b, struct err *e)
{
	const char *image;

	if (field_schema(o, e) < 0 || json_get_str(o, "image", &image, e) < 0)
		return -1;
	if (image_parse(image, &b->image, e) < 0)
		return err_wrap(e, "'image'");
	if (field_serial(o, "serial", b->serial, e) < 0)
		return -1;
	if (json_get_int(o, "epoch", 0, FIELD_INT_MAX, &b->epoch_s, e) < 0)
		return -1;
	if (field_str(o, "tool", &b->arena, &b->tool, e) < 0)
		return -1;
	if (json_has(o, "origin") && parse_origin(o, b, e) < 0)
		return -1;
	return field_digest(o, "recipe_sha256", &b->recipe, e);
}

static int parse_result(const struct json *o, struct build *b, struct err *e)
{
	const struct json *test;

	if (field_word(o, "result", results, &b->result, e) < 0 ||
		field_word(o, "class", classes, &b->class, e) < 0 ||
		field_str(o, "message", &b->arena, &b->message, e) < 0)
		return -1;
	if (json_get_object(o, "test", &test, e) < 0 ||
		field_word(test, "result", test_results, &b->test_result, e) < 0 ||
		field_str(test, "kind", &b->arena, &b->test_kind, e) < 0)
		return -1;
	if ((strcmp(b->result, "ok") == 0) !=
		(strcmp(b->class, "ok") == 0 || strcmp(b->class, "flaky") == 0))
		return err_set(e, ERR_PARSE, "'result' is '%s' but 'class' is '%s'",
			b->result, b->class);
	return 0;
}

static int parse_tree(const struct json *o, struct build *b, struct err *e)
{
	const struct json *tree;

	if (strcmp(b->result, "ok") != 0 && !json_has(o, "tree"))
		return 0;
	if (json_get_object(o, "tree", &tree, e) < 0)
		return -1;
	if (field_digest(tree, "id", &b->id, e) < 0 ||
		field_digest(tree, "diff_id", &b->diff_id, e) < 0 ||
		field_size(tree, "entries", &b->entries, e) < 0 ||
		field_size(tree, "unpacked_size", &b->unpacked_size, e) < 0)
		return err_wrap(e, "'tree'");
	return 0;
}

int build_parse(struct bytes text, struct build *out, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	auto_build struct build b;
	const struct json *o;

	build_init(&b);
	if (text.len > BUILD_JSON_MAX)
		return err_set(e, ERR_LIMIT, "build.json is larger than %u bytes",
			BUILD_JSON_MAX);
	if (json_open(text, &doc, e) < 0 || json_root(doc, &o, e) < 0 ||
		parse_identity(o, &b, e) < 0 || parse_result(o, &b, e) < 0 ||
		parse_sources(o, &b, e) < 0 || parse_artifacts(o, &b, e) < 0 ||
		parse_tree(o, &b, e) < 0 || parse_scrubs(o, &b, e) < 0 ||
		parse_accepted(o, &b, e) < 0)
		return err_wrap(e, "build.json");
	*out = b;
	build_init(&b);
	return 0;
}

static void write_digest(struct jsonw *w, const char *key, const struct digest *d)
{
	char hex[DIGEST_HEX];

	digest_hex(d, hex);
	jsonw_kstr(w, key, hex);
}

static void write_lists(struct jsonw *w, const struct build *b)
{
	jsonw_key(w, "sources");
	jsonw_array(w);
	for (size_t i = 0; i < b->source_count; i++) {
		jsonw_object(w);
		jsonw_kstr(w, "url", b->source[i].url);
		write_digest(w, "sha256", &b->source[i].sha256);
		jsonw_kstr(w, "verified", b->source[i].verified);
		jsonw_kstr(w, "kind", b->source[i].kind);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
	jsonw_key(w, "artifacts");
	jsonw_array(w);
	for (size_t i = 0; i < b->artifact_count; i++) {
		jsonw_object(w);
		jsonw_kstr(w, "name", b->artifact[i].name);
		jsonw_kint(w, "size", (int64_t)b->artifact[i].size);
		write_digest(w, "sha256", &b->artifact[i].sha256);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

/* Of most builds there is nothing to tell. */
static void write_accepted(struct jsonw *w, const struct build *b)
{
	if (b->accepted_count == 0)
		return;
	jsonw_key(w, "accepted");
	jsonw_array(w);
	for (size_t i = 0; i < b->accepted_count; i++) {
		jsonw_object(w);
		jsonw_kstr(w, "what", b->accepted[i].what);
		jsonw_kstr(w, "name", b->accepted[i].name);
		jsonw_kint(w, "until", b->accepted[i].until_s);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void write_tree(struct jsonw *w, const struct build *b)
{
	if (strcmp(b->result, "ok") == 0) {
		jsonw_key(w, "tree");
		jsonw_object(w);
		write_digest(w, "id", &b->id);
		write_digest(w, "diff_id", &b->diff_id);
		jsonw_kint(w, "entries", (int64_t)b->entries);
		jsonw_kint(w, "unpacked_size", (int64_t)b->unpacked_size);
		jsonw_end_object(w);
	}
	jsonw_key(w, "scrub");
	jsonw_array(w);
	for (size_t i = 0; i < b->scrub_count; i++) {
		jsonw_object(w);
		jsonw_kstr(w, "check", b->scrub[i].check);
		jsonw_kint(w, "removed", (int64_t)b->scrub[i].removed);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

int build_format(const struct build *b, struct buf *out, struct err *e)
{
	struct jsonw w = jsonw_to(out);
	char image[IMAGE_NAME_MAX];

	image_format(&b->image, image);
	jsonw_object(&w);
	jsonw_kint(&w, "schema", 1);
	jsonw_kstr(&w, "image", image);
	jsonw_kstr(&w, "serial", b->serial);
	jsonw_kint(&w, "epoch", b->epoch_s);
	jsonw_kstr(&w, "tool", b->tool);
	if (strcmp(b->origin, origins[0]) != 0)
		jsonw_kstr(&w, "origin", b->origin);
	write_digest(&w, "recipe_sha256", &b->recipe);
	jsonw_kstr(&w, "result", b->result);
	jsonw_kstr(&w, "class", b->class);
	jsonw_kstr(&w, "message", b->message);
	jsonw_key(&w, "test");
	jsonw_object(&w);
	jsonw_kstr(&w, "result", b->test_result);
	jsonw_kstr(&w, "kind", b->test_kind);
	jsonw_end_object(&w);
	write_accepted(&w, b);
	write_lists(&w, b);
	write_tree(&w, b);
	jsonw_end_object(&w);
	buf_add_byte(out, '\n');
	return buf_check(out, "build.json", e);
}

const struct artifact *build_artifact(const struct build *b, const char *name)
{
	for (size_t i = 0; i < b->artifact_count; i++)
		if (strcmp(b->artifact[i].name, name) == 0)
			return &b->artifact[i];
	return NULL;
}
