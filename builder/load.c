#include "builder/load.h"

#include "builder/key.h"
#include "builder/mapping.h"
#include "builder/recipe_lint.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/stat.h>

#define LACKS_KEY    "release '%s' needs the archive's key in '%s'"
#define KEY_FILE_MAX (256U << 10)

static int read_document(int dir_fd, const char *name, struct buf *out, struct err *e)
{
	if (fs_read_at(dir_fd, name, out, e) == 0)
		return 0;
	if (e->code == ERR_NOTFOUND)
		e->code = ERR_RECIPE;
	return -1;
}

static int parse_both(int dir_fd, struct loaded *l, struct err *e)
{
	auto_buf struct buf image = BUF_INIT(RECIPE_BYTES_MAX);
	auto_buf struct buf releases = BUF_INIT(RELEASES_BYTES_MAX);

	if (read_document(dir_fd, "image.yaml", &image, e) < 0 ||
		read_document(dir_fd, "releases.yaml", &releases, e) < 0)
		return -1;
	if (recipe_parse(&l->recipe, buf_bytes(&image), &l->recipe_complaints, e) < 0)
		return -1;
	return releases_parse(
		&l->releases, buf_bytes(&releases), &l->releases_complaints, e);
}

static void begin(struct loaded *out, const char *recipe, const char *releases)
{
	*out = (struct loaded){ .recipe_path = xstrdup(recipe),
		.releases_path = xstrdup(releases) };
	recipe_init(&out->recipe);
	releases_init(&out->releases);
	complaints_init(&out->recipe_complaints, out->recipe_path);
	complaints_init(&out->releases_complaints, out->releases_path);
}

int load_open(const char *dir, struct loaded *out, struct err *e)
{
	auto_free char *recipe = xasprintf("%s/image.yaml", dir);
	auto_free char *releases = xasprintf("%s/releases.yaml", dir);
	auto_fd int dir_fd = fs_open_dir(dir, e);

	begin(out, recipe, releases);
	if (dir_fd >= 0 && parse_both(dir_fd, out, e) == 0)
		return 0;
	return err_wrap(e, "cannot read recipe '%s'", dir);
}

static int parse_alone(int fd, struct loaded *l, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(RECIPE_BYTES_MAX);

	if (fs_read_fd(fd, l->recipe_path, &text, e) < 0)
		return -1;
	return recipe_parse(&l->recipe, buf_bytes(&text), &l->recipe_complaints, e);
}

int load_open_any(const char *path, struct loaded *out, struct err *e)
{
	bool is_stdin = strcmp(path, "-") == 0;
	auto_fd int fd = -1;
	struct stat st;

	if (!is_stdin && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return load_open(path, out, e);
	begin(out, path, "");
	out->alone = true;
	fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err_sys(e, "cannot open '%s'", path);
		e->code = ERR_RECIPE;
		return -1;
	}
	return parse_alone(fd, out, e);
}

void load_close(struct loaded *l)
{
	recipe_release(&l->recipe);
	releases_release(&l->releases);
	complaints_release(&l->recipe_complaints);
	complaints_release(&l->releases_complaints);
	free(l->recipe_path);
	free(l->releases_path);
}

static int judge(struct loaded *l, struct out *o, struct err *e)
{
	struct complaints *const both[] = { &l->recipe_complaints,
		&l->releases_complaints };
	size_t errors = both[0]->errors + both[1]->errors;

	/* A single fault is the error itself; several are said one by one before it. */
	for (size_t i = 0; i < ARRAY_COUNT(both); i++)
		complaints_print(both[i], errors != 1, o);
	if (complaints_check(&l->recipe_complaints, e) < 0)
		return -1;
	return complaints_check(&l->releases_complaints, e);
}

int load_judge(struct loaded *l, struct out *o, struct err *e)
{
	recipe_check(&l->recipe, &l->recipe_complaints);
	return judge(l, o, e);
}

int load_judge_buildable(struct loaded *l, struct out *o, struct err *e)
{
	recipe_check(&l->recipe, &l->recipe_complaints);
	recipe_check_buildable(&l->recipe, false, &l->recipe_complaints);
	return judge(l, o, e);
}

const struct text *load_missing_key(const char *dir, const struct release *release)
{
	struct err e;
	auto_fd int dir_fd = fs_open_dir(dir, &e);

	for (size_t i = 0; dir_fd >= 0 && i < release->keys.count; i++)
		if (!fs_exists_at(dir_fd, text_str(&release->keys.item[i])))
			return &release->keys.item[i];
	return NULL;
}

static void lint_key_file(
	struct loaded *l, int dir_fd, const struct text *name, int64_t now_s)
{
	auto_buf struct buf text = BUF_INIT(KEY_FILE_MAX);
	struct text key = { .line = name->line, .column = name->column };
	struct err e;

	if (read_document(dir_fd, text_str(name), &text, &e) < 0) {
		complain_warn(
			&l->releases_complaints, name->line, name->column, "%s", e.text);
		return;
	}
	key.text = buf_str(&text);
	key_lint(&key, text_str(name), now_s, &l->releases_complaints);
}

void load_lint(struct loaded *l, const char *dir, int64_t now_s)
{
	const struct texts *keys = &l->recipe.source.keys;
	auto_fd int dir_fd = -1;
	struct err e;

	recipe_lint(&l->recipe, l->alone ? NULL : &l->releases, &l->recipe_complaints);
	recipe_check_buildable(&l->recipe, true, &l->recipe_complaints);
	for (size_t i = 0; i < keys->count; i++)
		key_lint(&keys->item[i], "source.keys", now_s, &l->recipe_complaints);
	if (!l->alone)
		dir_fd = fs_open_dir(dir, &e);
	for (size_t i = 0; dir_fd >= 0 && i < l->releases.releases.count; i++) {
		const struct release *r = &l->releases.releases.item[i];
		const struct text *missing = load_missing_key(dir, r);

		if (missing)
			complain_warn(&l->releases_complaints, missing->line,
				missing->column, LACKS_KEY, text_str(&r->name),
				text_str(missing));
		for (size_t k = 0; !missing && k < r->keys.count; k++)
			lint_key_file(l, dir_fd, &r->keys.item[k], now_s);
	}
}

/* The release's key files join the recipe's own keys. */
static int add_keys(
	struct loaded *l, const char *dir, const struct release *release, struct err *e)
{
	auto_fd int dir_fd = fs_open_dir(dir, e);
	struct texts *keys = &l->recipe.source.keys;
	const struct text *missing = load_missing_key(dir, release);
	struct text *grown;

	if (dir_fd < 0)
		return -1;
	if (missing)
		return err_set(e, ERR_RECIPE, LACKS_KEY, text_str(&release->name),
			text_str(missing));
	grown = arena_array(
		&l->recipe.arena, keys->count + release->keys.count + 1, sizeof(*grown));
	if (keys->count)
		memcpy(grown, keys->item, keys->count * sizeof(*grown));
	keys->item = grown;
	for (size_t i = 0; i < release->keys.count; i++) {
		auto_buf struct buf text = BUF_INIT(KEY_FILE_MAX);

		if (read_document(dir_fd, text_str(&release->keys.item[i]), &text, e) < 0)
			return err_wrap(
				e, "cannot read a key of '%s'", text_str(&release->name));
		grown[keys->count++].text =
			arena_strdup(&l->recipe.arena, buf_str(&text));
	}
	return 0;
}

static int apply_options(struct loaded *l, const struct release *release,
	const char *const *options, size_t count, struct err *e)
{
	for (size_t i = 0; i < release->options.count; i++) {
		auto_free char *option =
			xasprintf("%s=%s", text_str(&release->options.item[i].key),
				text_str(&release->options.item[i].value));

		if (recipe_set(&l->recipe, option, e) < 0)
			return err_wrap(
				e, "'options' of release '%s'", text_str(&release->name));
	}
	for (size_t i = 0; i < count; i++)
		if (recipe_set(&l->recipe, options[i], e) < 0)
			return -1;
	return 0;
}

int load_choose(struct loaded *l, const char *dir, const char *target,
	const char *const *options, size_t option_count, struct image *image,
	const struct release **release, struct err *e)
{
	struct recipe_image *i = &l->recipe.image;
	const char *kernel;

	if (releases_pick(&l->releases, target, image, release, e) < 0)
		return -1;
	kernel = mapping_kernel_name(image->arch);
	i->release.text = arena_strdup(&l->recipe.arena, image->release);
	i->variant.text = arena_strdup(&l->recipe.arena, image->variant);
	i->architecture.text = kernel ? kernel : image->arch;
	if (apply_options(l, *release, options, option_count, e) < 0 ||
		add_keys(l, dir, *release, e) < 0)
		return -1;
	recipe_finish(&l->recipe, i->architecture.text, &l->recipe_complaints);
	return 0;
}
