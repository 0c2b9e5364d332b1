#include "builder/recorded.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"
#include "lib/base/jsonw.h"

#define PROVENANCE_MAX (1U << 20)
#define RECIPE_MAX     (8U << 20)

void recorded_init(struct recorded *r)
{
	*r = (struct recorded){ .settings = { .mirror = "" } };
	build_init(&r->build);
}

void recorded_release(struct recorded *r)
{
	build_release(&r->build);
}

int recorded_read(struct recorded *r, int build_dir, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(BUILD_JSON_MAX);
	auto_buf struct buf provenance = BUF_INIT(PROVENANCE_MAX);

	if (fs_read_at(build_dir, "build.json", &text, e) < 0 ||
		build_parse(buf_bytes(&text), &r->build, e) < 0)
		return err_wrap(e, "'build.json'");
	if (strcmp(r->build.result, "ok") != 0)
		return err_set(e, ERR_USAGE, "it failed: there is nothing to compare");
	if (fs_read_at(build_dir, PROVENANCE_NAME, &provenance, e) < 0 ||
		provenance_parse(
			buf_bytes(&provenance), &r->build.arena, &r->settings, e) < 0)
		return err_wrap(e, "'" PROVENANCE_NAME "'");
	return 0;
}

/* JSON is YAML too. */
static void format_releases(const struct recorded *r, struct buf *out)
{
	const struct build *b = &r->build;
	struct jsonw w = jsonw_to(out);

	jsonw_object(&w);
	jsonw_kint(&w, "schema", 1);
	jsonw_kstr(&w, "distro", b->image.distro);
	jsonw_kstr(&w, "default_release", b->image.release);
	jsonw_key(&w, "releases");
	jsonw_object(&w);
	jsonw_key(&w, b->image.release);
	jsonw_object(&w);
	jsonw_key(&w, "arches");
	jsonw_array(&w);
	jsonw_str(&w, b->image.arch);
	jsonw_end_array(&w);
	jsonw_key(&w, "variants");
	jsonw_array(&w);
	jsonw_str(&w, b->image.variant);
	jsonw_end_array(&w);
	if (*r->settings.mirror)
		jsonw_kstr(&w, "mirror", r->settings.mirror);
	jsonw_kint(&w, "accept_expired_release_days", r->settings.expired_days);
	jsonw_key(&w, "sha256");
	jsonw_object(&w);
	for (size_t i = 0; i < b->source_count; i++) {
		char hex[DIGEST_HEX];

		/* What was verified by nothing then is asked for in the same way. */
		if (strcmp(b->source[i].kind, "tarball") != 0 ||
			strcmp(b->source[i].verified, "sha256") != 0)
			continue;
		digest_hex(&b->source[i].sha256, hex);
		jsonw_kstr(&w, b->source[i].url, hex);
	}
	jsonw_end_object(&w);
	jsonw_end_object(&w);
	jsonw_end_object(&w);
	jsonw_end_object(&w);
	buf_add_byte(out, '\n');
}

/* What lay beside the recipe is not handed over. */
static int check_copied(const struct build *b, struct err *e)
{
	for (size_t i = 0; i < b->source_count; i++)
		if (strncmp(b->source[i].url, "recipe:", 7) == 0)
			return err_set(e, ERR_NOTFOUND,
				"'%s' was copied from beside the recipe, and is no part "
				"of the build",
				b->source[i].url + 7);
	return 0;
}

int recorded_write_recipe(
	const struct recorded *r, int build_dir, int recipe_dir, struct err *e)
{
	auto_buf struct buf recipe = BUF_INIT(RECIPE_MAX),
			    releases = BUF_INIT(RECIPE_MAX);
	struct digest got;

	if (check_copied(&r->build, e) < 0 ||
		fs_read_at(build_dir, "recipe.yaml", &recipe, e) < 0)
		return -1;
	got = digest_of(buf_bytes(&recipe));
	if (!digest_equal(&got, &r->build.recipe))
		return err_set(e, ERR_DAMAGED,
			"'recipe.yaml' is not the recipe that 'build.json' names");
	format_releases(r, &releases);
	if (buf_check(&releases, "releases.yaml", e) < 0 ||
		atomic_write_file(recipe_dir, "image.yaml", buf_bytes(&recipe), 0644, e) <
			0)
		return -1;
	return atomic_write_file(
		recipe_dir, "releases.yaml", buf_bytes(&releases), 0644, e);
}
