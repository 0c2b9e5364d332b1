#include "builder/provenance.h"

#include "lib/adapt/json.h"
#include "lib/base/html.h"
#include "lib/base/jsonw.h"

#define STATEMENT_TYPE "https://in-toto.io/Statement/v1"
#define PREDICATE_TYPE "https://slsa.dev/provenance/v1"
#define BUILD_TYPE     "urn:rootyard:build:v1"

static void say_digest(struct jsonw *w, const struct digest *sha256)
{
	char hex[DIGEST_HEX];

	digest_hex(sha256, hex);
	jsonw_key(w, "digest");
	jsonw_object(w);
	jsonw_kstr(w, "sha256", hex);
	jsonw_end_object(w);
}

static void say_subjects(struct jsonw *w, const struct build *b)
{
	jsonw_key(w, "subject");
	jsonw_array(w);
	for (size_t i = 0; i < b->artifact_count; i++) {
		jsonw_object(w);
		jsonw_kstr(w, "name", b->artifact[i].name);
		say_digest(w, &b->artifact[i].sha256);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static void say_parameters(
	struct jsonw *w, const struct build *b, const struct provenance_settings *s)
{
	char image[IMAGE_NAME_MAX], recipe[DIGEST_HEX];

	image_format(&b->image, image);
	digest_hex(&b->recipe, recipe);
	jsonw_key(w, "externalParameters");
	jsonw_object(w);
	jsonw_kstr(w, "image", image);
	jsonw_kstr(w, "recipe_sha256", recipe);
	jsonw_kstr(w, "mirror", s->mirror);
	jsonw_kint(w, "accept_expired_release_days", s->expired_days);
	jsonw_kint(w, "xz", s->xz_level);
	jsonw_kint(w, "zstd", s->zst_level);
	jsonw_kbool(w, "allow_unverified", s->allow_unverified);
	jsonw_end_object(w);
	jsonw_key(w, "internalParameters");
	jsonw_object(w);
	jsonw_kint(w, "epoch", b->epoch_s);
	jsonw_kbool(w, "epoch_fixed", s->epoch_fixed);
	jsonw_end_object(w);
}

static void say_dependencies(struct jsonw *w, const struct build *b)
{
	jsonw_key(w, "resolvedDependencies");
	jsonw_array(w);
	for (size_t i = 0; i < b->source_count; i++) {
		const struct build_source *source = &b->source[i];

		jsonw_object(w);
		jsonw_kstr(w, "uri", source->url);
		say_digest(w, &source->sha256);
		jsonw_key(w, "annotations");
		jsonw_object(w);
		jsonw_kstr(w, "kind", source->kind);
		jsonw_kstr(w, "verified", source->verified);
		jsonw_end_object(w);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

static int say_run(struct jsonw *w, const struct build *b, struct err *e)
{
	char started[HTML_TIME_MAX];
	int64_t started_s;

	if (serial_to_time(b->serial, &started_s, e) < 0)
		return -1;
	html_time(started_s, started);
	jsonw_key(w, "runDetails");
	jsonw_object(w);
	jsonw_key(w, "builder");
	jsonw_object(w);
	jsonw_kstr(w, "id", "urn:rootyard:rootyard-build");
	jsonw_key(w, "version");
	jsonw_object(w);
	jsonw_kstr(w, "tool", b->tool);
	jsonw_end_object(w);
	jsonw_end_object(w);
	jsonw_key(w, "metadata");
	jsonw_object(w);
	jsonw_kstr(w, "invocationId", b->serial);
	jsonw_kstr(w, "startedOn", started);
	jsonw_end_object(w);
	jsonw_end_object(w);
	return 0;
}

int provenance_format(const struct build *b, const struct provenance_settings *s,
	struct buf *out, struct err *e)
{
	struct jsonw w = jsonw_to(out);

	jsonw_object(&w);
	jsonw_kstr(&w, "_type", STATEMENT_TYPE);
	say_subjects(&w, b);
	jsonw_kstr(&w, "predicateType", PREDICATE_TYPE);
	jsonw_key(&w, "predicate");
	jsonw_object(&w);
	jsonw_key(&w, "buildDefinition");
	jsonw_object(&w);
	jsonw_kstr(&w, "buildType", BUILD_TYPE);
	say_parameters(&w, b, s);
	say_dependencies(&w, b);
	jsonw_end_object(&w);
	if (say_run(&w, b, e) < 0)
		return -1;
	jsonw_end_object(&w);
	jsonw_end_object(&w);
	buf_add_byte(out, '\n');
	return buf_check(out, PROVENANCE_NAME, e);
}

int provenance_parse(struct bytes json, struct arena *arena,
	struct provenance_settings *out, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	const struct json *root, *predicate, *definition, *outer, *inner;
	struct provenance_settings s;
	const char *type, *mirror;

	if (json_open(json, &doc, e) < 0 || json_root(doc, &root, e) < 0 ||
		json_get_object(root, "predicate", &predicate, e) < 0 ||
		json_get_object(predicate, "buildDefinition", &definition, e) < 0 ||
		json_get_str(definition, "buildType", &type, e) < 0)
		return -1;
	if (strcmp(type, BUILD_TYPE) != 0)
		return err_set(e, ERR_PARSE, "'buildType' is '%s', not ours", type);
	if (json_get_object(definition, "externalParameters", &outer, e) < 0 ||
		json_get_object(definition, "internalParameters", &inner, e) < 0 ||
		json_get_str(outer, "mirror", &mirror, e) < 0 ||
		json_get_int(outer, "accept_expired_release_days", 0, 100000,
			&s.expired_days, e) < 0 ||
		json_get_int(outer, "xz", 0, 9, &s.xz_level, e) < 0 ||
		json_get_int(outer, "zstd", 1, 19, &s.zst_level, e) < 0 ||
		json_get_bool(outer, "allow_unverified", &s.allow_unverified, e) < 0 ||
		json_get_bool(inner, "epoch_fixed", &s.epoch_fixed, e) < 0)
		return -1;
	s.mirror = arena_strdup(arena, mirror);
	*out = s;
	return 0;
}
