#include "builder/generator.h"

#include "builder/generator_copy.h"
#include "builder/inroot.h"

#include "lib/base/fs.h"
#include "lib/base/relpath.h"

#include <fcntl.h>

#define FILE_MAX_BYTES (16U << 20)
#define PLACEHOLDER    "LXC_NAME"
#define UPSTREAM_NAME  "distrobuilder" /* the word that definitions count on */

struct generation {
	const struct recipe *recipe;
	const char *recipe_dir;
	int root_dir;
	struct arena *arena;
	struct generated *out;
};

/* ---- where it goes */

/* The part of an absolute path behind its slashes, checked. */
static int inside(const struct text *path, struct relpath *out, struct err *e)
{
	const char *p = text_str(path);

	while (*p == '/')
		p++;
	return relpath_parse(p, out, e);
}

/* Writes the file anew; links are the tree's own. */
static int write_file(const struct generation *g, const struct recipe_file *f,
	const struct relpath *path, const char *content, struct err *e)
{
	auto_fd int dir = inroot_make_parent(g->root_dir, path->text, e);
	auto_fd int fd = -1;
	struct access access;

	if (dir < 0 || access_read(f, g->root_dir, &access, e) < 0)
		return -1;
	fd = inroot_open(
		g->root_dir, path->text, O_WRONLY | O_CREAT | O_NONBLOCK, 0644, e);
	if (fd < 0)
		return -1;
	if (ftruncate(fd, 0) < 0)
		return err_sys(e, "cannot empty '%s'", path->text);
	if (fs_write_all(fd, content, strlen(content), e) < 0)
		return -1;
	return access_apply(&access, fd, e);
}

/* ---- what is left for the metadata */

static void note_lxc_template(struct generation *g, const struct recipe_file *f)
{
	const char **grown = arena_array(g->arena, g->out->lxc_count + 1, sizeof(*grown));

	if (g->out->lxc_count)
		memcpy(grown, g->out->lxc_template, g->out->lxc_count * sizeof(*grown));
	grown[g->out->lxc_count++] = arena_strdup(g->arena, text_str(&f->path));
	g->out->lxc_template = grown;
}

static void note_incus_template(struct generation *g, const struct incus_template *t)
{
	struct incus_template *grown =
		arena_array(g->arena, g->out->incus_count + 1, sizeof(*grown));

	if (g->out->incus_count)
		memcpy(grown, g->out->incus, g->out->incus_count * sizeof(*grown));
	grown[g->out->incus_count++] = *t;
	g->out->incus = grown;
}

static int rendered(const struct generation *g, const struct recipe_file *f,
	const struct text *text, const char *what, const char **out, struct err *e)
{
	auto_buf struct buf value = BUF_INIT(FILE_MAX_BYTES);

	*out = text_str(text);
	if (!f->pongo)
		return 0;
	if (recipe_render(g->recipe, text, what, &value, e) < 0)
		return -1;
	*out = arena_strdup(g->arena, buf_str(&value));
	return 0;
}

static const char *with_newline(struct arena *arena, const char *content)
{
	size_t len = strlen(content);

	if (len > 0 && content[len - 1] == '\n')
		return content;
	return arena_printf(arena, "%s\n", content);
}

/* ---- the generators */

static int run_dump(struct generation *g, const struct recipe_file *f, struct err *e)
{
	const char *content;
	struct text path = f->path;
	struct relpath at;

	if (rendered(g, f, &f->content, "content", &content, e) < 0 ||
		rendered(g, f, &f->path, "path", &path.text, e) < 0 ||
		inside(&path, &at, e) < 0)
		return -1;
	if (write_file(g, f, &at, with_newline(g->arena, content), e) < 0)
		return -1;
	if (f->templated)
		note_lxc_template(g, f);
	return 0;
}

static void note_copied(
	struct generation *g, const char *source, const struct digest *sha256)
{
	struct copied *grown =
		arena_array(g->arena, g->out->copied_count + 1, sizeof(*grown));

	if (g->out->copied_count)
		memcpy(grown, g->out->copied, g->out->copied_count * sizeof(*grown));
	grown[g->out->copied_count++] = (struct copied){
		.url = arena_printf(
			g->arena, "%s%s", *source == '/' ? "file://" : "recipe:", source),
		.sha256 = *sha256,
	};
	g->out->copied = grown;
}

static int run_copy(struct generation *g, const struct recipe_file *f, struct err *e)
{
	struct copy_order order = { .root_dir = g->root_dir,
		.recipe_dir = g->recipe_dir };
	struct access access;
	struct digest sha256;

	order.access = &access;
	if (rendered(g, f, &f->source, "source", &order.source, e) < 0 ||
		rendered(g, f, &f->path, "path", &order.path, e) < 0 ||
		access_read(f, g->root_dir, &access, e) < 0)
		return -1;
	if (!*order.source)
		return err_set(e, ERR_RECIPE, "'copy' needs 'source'");
	if (generator_copy(&order, &sha256, e) < 0)
		return -1;
	note_copied(g, order.source, &sha256);
	return 0;
}

static int run_remove(struct generation *g, const struct recipe_file *f, struct err *e)
{
	auto_fd int dir = -1;
	struct relpath at;

	if (inside(&f->path, &at, e) < 0)
		return -1;
	dir = inroot_open_parent(g->root_dir, at.text, e);
	if (dir < 0)
		return e->code == ERR_NOTFOUND ? 0 : -1;
	return fs_remove_tree(dir, relpath_base(&at), e);
}

static bool is_plain_name(const char *name)
{
	return name[0] && name[0] != '.' && !strchr(name, '/');
}

static int run_template(struct generation *g, const struct recipe_file *f, struct err *e)
{
	struct incus_template t = { .path = text_str(&f->path),
		.when = &f->template.when,
		.properties = &f->template.properties };

	if (!is_plain_name(text_str(&f->name)))
		return err_set(e, ERR_RECIPE,
			"'name' must be a plain file name, not '%s'", text_str(&f->name));
	t.file = arena_printf(g->arena, "%s.tpl", text_str(&f->name));
	if (rendered(g, f, &f->content, "content", &t.content, e) < 0)
		return -1;
	t.content = with_newline(g->arena, t.content);
	note_incus_template(g, &t);
	return 0;
}

static int run_hostname(struct generation *g, const struct recipe_file *f, struct err *e)
{
	const struct incus_template t = { .path = text_str(&f->path),
		.file = "hostname.tpl",
		.content = "{{ container.name }}\n" };
	struct relpath at;

	if (inside(&f->path, &at, e) < 0)
		return -1;
	if (!inroot_exists(g->root_dir, at.text))
		return 0;
	if (write_file(g, f, &at, PLACEHOLDER "\n", e) < 0)
		return -1;
	note_lxc_template(g, f);
	note_incus_template(g, &t);
	return 0;
}

/* Every UPSTREAM_NAME becomes `name`; without one a line comes first. */
static const char *hosts_with(struct arena *arena, const char *text, const char *name)
{
	auto_buf struct buf out = BUF_INIT(FILE_MAX_BYTES);
	const char *hit = strstr(text, UPSTREAM_NAME);

	if (!hit)
		return arena_printf(arena, "127.0.1.1\t%s\n%s", name, text);
	for (; hit; hit = strstr(text, UPSTREAM_NAME)) {
		buf_add(&out, text, (size_t)(hit - text));
		buf_add_str(&out, name);
		text = hit + strlen(UPSTREAM_NAME);
	}
	buf_add_str(&out, text);
	return arena_strdup(arena, buf_str(&out));
}

static int run_hosts(struct generation *g, const struct recipe_file *f, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(FILE_MAX_BYTES);
	struct incus_template t = { .path = text_str(&f->path), .file = "hosts.tpl" };
	auto_fd int fd = -1;
	struct relpath at;

	if (inside(&f->path, &at, e) < 0)
		return -1;
	if (!inroot_exists(g->root_dir, at.text))
		return 0;
	fd = inroot_open(g->root_dir, at.text, O_RDONLY, 0, e);
	if (fd < 0 || fs_read_fd(fd, at.text, &text, e) < 0)
		return -1;
	t.content = hosts_with(g->arena, buf_str(&text), "{{ container.name }}");
	note_incus_template(g, &t);
	note_lxc_template(g, f);
	return write_file(
		g, f, &at, hosts_with(g->arena, buf_str(&text), PLACEHOLDER), e);
}

struct seed {
	const char *name, *template, *fallback;
};

#define PREFER_NEW_KEY(name)                                                             \
	"{% if config_get(\"cloud-init." name "\", \"\") != \"\" %}"                     \
	"{{ config_get(\"cloud-init." name "\", \"\") }}{% else %}"                      \
	"{{ config_get(\"user." name "\", properties.default) }}{% endif %}\n"

static const struct seed seeds[] = {
	{ "user-data", PREFER_NEW_KEY("user-data"), "#cloud-config\n{}" },
	{ "vendor-data", PREFER_NEW_KEY("vendor-data"), "#cloud-config\n{}" },
	{ "network-config", PREFER_NEW_KEY("network-config"),
		"version: 1\nconfig:\n  - type: physical\n    name: eth0\n    subnets:\n"
		"      - type: dhcp\n        control: auto\n" },
	{ "meta-data",
		"instance-id: {{ container.name }}\n"
		"local-hostname: {{ container.name }}\n"
		"{{ config_get(\"user.meta-data\", \"\") }}\n",
		NULL },
};

static const struct seed *find_seed(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(seeds); i++)
		if (strcmp(seeds[i].name, name) == 0)
			return &seeds[i];
	return NULL;
}

bool generator_is_seed(const char *name)
{
	return find_seed(name) != NULL;
}

static int run_cloud_init(
	struct generation *g, const struct recipe_file *f, struct err *e)
{
	const struct seed *seed = find_seed(text_str(&f->name));
	struct text_map *properties;
	struct incus_template t;

	if (!seed)
		return err_set(e, ERR_RECIPE,
			"'name' must be user-data, meta-data, vendor-data or "
			"network-config, not "
			"'%s'",
			text_str(&f->name));
	properties = arena_alloc(g->arena, sizeof(*properties));
	t = (struct incus_template){ .path = text_str(&f->path),
		.file = arena_printf(g->arena, "cloud-init-%s.tpl", seed->name),
		.content = seed->template,
		.properties = properties };
	if (!*t.path)
		t.path = arena_printf(
			g->arena, "/var/lib/cloud/seed/nocloud-net/%s", seed->name);
	if (seed->fallback) {
		properties->item = arena_array(g->arena, 1, sizeof(*properties->item));
		properties->item[0].key.text = "default";
		properties->item[0].value.text =
			text_is_set(&f->content) ? f->content.text : seed->fallback;
		properties->count = 1;
	}
	note_incus_template(g, &t);
	return 0;
}

struct generator {
	const char *name;
	int (*run)(struct generation *g, const struct recipe_file *f, struct err *e);
};

static const struct generator generators[] = {
	{ "dump", run_dump },
	{ "copy", run_copy },
	{ "remove", run_remove },
	{ "template", run_template },
	{ "hostname", run_hostname },
	{ "hosts", run_hosts },
	{ "cloud-init", run_cloud_init },
};

static const struct generator *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(generators); i++)
		if (strcmp(generators[i].name, name) == 0)
			return &generators[i];
	return NULL;
}

bool generator_is_supported(const char *name)
{
	return find(name) != NULL;
}

static int fault(const struct recipe_file *f, struct err *e)
{
	if (e->code == ERR_PARSE || e->code == ERR_NOTFOUND)
		e->code = ERR_RECIPE;
	return err_wrap(e, "cannot run generator '%s' (line %u)", f->generator.text,
		f->generator.line);
}

int generators_run(const struct recipe *r, const char *recipe_dir, int root_dir,
	struct arena *arena, struct generated *out, struct err *e)
{
	struct generation g = { .recipe = r,
		.recipe_dir = recipe_dir,
		.root_dir = root_dir,
		.arena = arena,
		.out = out };

	for (size_t i = 0; i < r->files.count; i++) {
		const struct recipe_file *f = &r->files.item[i];
		const struct generator *generator = find(text_str(&f->generator));

		if (!generator || !recipe_applies(r, &f->filter))
			continue;
		if (generator->run(&g, f, e) < 0)
			return fault(f, e);
	}
	return 0;
}
