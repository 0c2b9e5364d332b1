#include "indexer/choice.h"
#include "indexer/cmd.h"
#include "indexer/packagediff.h"
#include "lib/base/fs.h"
#include "lib/base/jsonw.h"
#include "lib/model/manifest.h"

struct values {
	struct cmd_common common;
	bool files;
};

static const struct opt opts[] = {
	CMD_DIRECTORY,
	{ "files", 0, OPT_FLAG, offsetof(struct values, files), NULL,
		"files that were added, removed or changed, too", 0, 0 },
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

/* One of the two builds, with what is compared of it. */
struct side {
	struct choice build;
	struct arena arena;
	struct package *package;
	size_t package_count, room;
	bool has_packages;
	uint64_t packed, unpacked, entries;
	struct manifest manifest;
	const struct manifest_entry **entry; /* by path */
};

static void side_release(struct side *s)
{
	arena_release(&s->arena);
	manifest_release(&s->manifest);
	free(s->package);
	free(s->entry);
}

static int take_package(const struct catalog_package *p, void *ctx, struct err *e)
{
	struct side *s = ctx;

	(void)e;
	if (s->package_count == s->room) {
		s->room = s->room ? s->room * 2 : 512;
		s->package = xrealloc(s->package, s->room * sizeof(*s->package));
	}
	s->package[s->package_count++] = (struct package){
		.name = arena_strdup(&s->arena, p->name),
		.version = arena_strdup(&s->arena, p->version),
		.arch = arena_strdup(&s->arena, p->arch),
		.installed_size = p->size,
	};
	return 0;
}

static int take_sizes(const struct catalog_build *b, void *ctx, struct err *e)
{
	struct side *s = ctx;

	(void)e;
	if (b->id != s->build.build)
		return 0;
	s->unpacked = b->unpacked_size;
	s->entries = b->entries;
	return 0;
}

static int load(struct yard *y, struct side *s, struct err *e)
{
	struct digest ignored;
	int rc = catalog_package_walk(y->catalog, s->build.build, take_package, s, e);

	if (rc < 0 ||
		catalog_build_walk(y->catalog, &s->build.image, take_sizes, s, e) < 0 ||
		catalog_file_find(y->catalog, s->build.build, "rootfs.tar.xz", &ignored,
			&s->packed, e) < 0)
		return -1;
	s->has_packages = rc > 0;
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct manifest_entry *const *x = a, *const *y = b;

	return strcmp((*x)->path, (*y)->path);
}

static int load_files(struct yard *y, struct side *s, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(MANIFEST_BYTES_MAX);
	char path[LAYOUT_PATH_MAX];

	layout_artifact(&s->build.image, s->build.serial, "rootfs.man", path);
	if (fs_read_at(y->public_fd, path, &text, e) < 0)
		return -1;
	if (manifest_parse(buf_bytes(&text), &s->manifest, e) < 0)
		return err_wrap(e, "'%s'", path);
	s->entry = xcalloc(s->manifest.count + 1, sizeof(*s->entry));
	for (size_t i = 0; i < s->manifest.count; i++)
		s->entry[i] = &s->manifest.entry[i];
	qsort(s->entry, s->manifest.count, sizeof(*s->entry), by_path);
	return 0;
}

/* ---- telling */

struct telling {
	struct out *out;
	size_t count[4]; /* by enum packagediff_kind */
	struct buf text; /* --json */
	struct jsonw json;
};

static int tell_package(const struct packagediff *d, void *ctx, struct err *e)
{
	const struct package *any = d->new ? d->new : d->old;
	const char *was = d->old ? d->old->version : "";
	const char *is = d->new ? d->new->version : "";
	struct telling *t = ctx;

	(void)e;
	if (!any)
		return 0;
	t->count[d->kind]++;
	if (t->out->json) {
		jsonw_object(&t->json);
		jsonw_kstr(&t->json, "change", packagediff_words[d->kind]);
		jsonw_kstr(&t->json, "name", any->name);
		jsonw_kstr(&t->json, "arch", any->arch);
		jsonw_kstr(&t->json, "old", was);
		jsonw_kstr(&t->json, "new", is);
		jsonw_end_object(&t->json);
	} else {
		out_result(t->out, "%-10s  %s:%s  %s%s%s\n", packagediff_words[d->kind],
			any->name, any->arch, was, d->old && d->new ? " -> " : "", is);
	}
	return 0;
}

static bool is_same(const struct manifest_entry *a, const struct manifest_entry *b)
{
	return a->type == b->type && a->mode == b->mode && a->uid == b->uid &&
	       a->gid == b->gid && a->size == b->size && strcmp(a->link, b->link) == 0 &&
	       digest_equal(&a->sha256, &b->sha256);
}

static void tell_file(struct telling *t, const char *change, const char *path)
{
	if (!t->out->json) {
		out_result(t->out, "%-10s  /%s\n", change, path);
		return;
	}
	jsonw_object(&t->json);
	jsonw_kstr(&t->json, "change", change);
	jsonw_kstr(&t->json, "path", path);
	jsonw_end_object(&t->json);
}

static void tell_files(struct telling *t, const struct side *old, const struct side *new)
{
	size_t i = 0, k = 0;

	while (i < old->manifest.count || k < new->manifest.count) {
		const struct manifest_entry *a =
			i < old->manifest.count ? old->entry[i] : NULL;
		const struct manifest_entry *b =
			k < new->manifest.count ? new->entry[k] : NULL;
		int order = a && b ? strcmp(a->path, b->path) : a ? -1 : 1;

		if (a && order < 0)
			tell_file(t, "removed", a->path);
		else if (b && order > 0)
			tell_file(t, "added", b->path);
		else if (a && b && !is_same(a, b))
			tell_file(t, "changed", a->path);
		i += order <= 0;
		k += order >= 0;
	}
}

static void tell_sizes(struct telling *t, const struct side *old, const struct side *new)
{
	static const char *const names[] = { "packed", "unpacked", "entries" };
	const uint64_t was[] = { old->packed, old->unpacked, old->entries };
	const uint64_t is[] = { new->packed, new->unpacked, new->entries };
	char a[32], b[32];

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		if (t->out->json) {
			jsonw_key(&t->json, names[i]);
			jsonw_array(&t->json);
			jsonw_int(&t->json, (int64_t)was[i]);
			jsonw_int(&t->json, (int64_t)is[i]);
			jsonw_end_array(&t->json);
		} else if (i < 2) {
			out_result(t->out, "%-10s  %s -> %s (%+lld bytes)\n", names[i],
				out_size(was[i], a, sizeof(a)),
				out_size(is[i], b, sizeof(b)),
				(long long)is[i] - (long long)was[i]);
		} else {
			out_result(t->out, "%-10s  %llu -> %llu\n", names[i],
				(unsigned long long)was[i], (unsigned long long)is[i]);
		}
	}
}

static void begin(struct telling *t, const struct side *old, const struct side *new)
{
	const struct side *sides[] = { old, new };
	static const char *const words[] = { "old", "new" };

	if (!t->out->json)
		return;
	t->json = jsonw_to(&t->text);
	jsonw_object(&t->json);
	for (size_t i = 0; i < 2; i++) {
		jsonw_key(&t->json, words[i]);
		jsonw_object(&t->json);
		jsonw_kstr(&t->json, "image", sides[i]->build.name);
		jsonw_kstr(&t->json, "serial", sides[i]->build.serial);
		jsonw_end_object(&t->json);
	}
}

static int tell(struct telling *t, const struct side *old, const struct side *new,
	bool with_files, struct err *e)
{
	bool json = t->out->json;

	begin(t, old, new);
	tell_sizes(t, old, new);
	if (json) {
		jsonw_key(&t->json, "packages");
		jsonw_array(&t->json);
	}
	if (!old->has_packages || !new->has_packages)
		out_note(t->out, "'%s@%s' says nothing of its packages",
			old->has_packages ? new->build.name : old->build.name,
			old->has_packages ? new->build.serial : old->build.serial);
	else if (packagediff_walk(old->package, old->package_count, new->package,
			 new->package_count, tell_package, t, e) < 0)
		return -1;
	if (json) {
		jsonw_end_array(&t->json);
		jsonw_key(&t->json, "files");
		jsonw_array(&t->json);
	}
	if (with_files)
		tell_files(t, old, new);
	if (json) {
		jsonw_end_array(&t->json);
		jsonw_end_object(&t->json);
		if (buf_check(&t->text, "the result", e) < 0)
			return -1;
		out_result(t->out, "%s\n", buf_str(&t->text));
	}
	return 0;
}

/* The build that is offered behind this one. */
struct before {
	const struct choice *of;
	char serial[SERIAL_MAX];
};

static int take_before(const struct catalog_build *b, void *ctx, struct err *e)
{
	struct before *p = ctx;

	(void)e;
	if (!p->serial[0] && strcmp(b->state, "active") == 0 &&
		serial_compare(b->serial, p->of->serial) < 0)
		memcpy(p->serial, b->serial, sizeof(p->serial));
	return 0;
}

/* OLD NEW; or one alone, and the build before it. */
static int find_sides(struct yard *y, const struct call *c, struct side *old,
	struct side *new, struct err *e)
{
	struct before p = { .of = &new->build };
	auto_free char *text = NULL;

	if (choice_find(y->catalog, c->argv[c->argc - 1], &new->build, e) < 0)
		return -1;
	if (c->argc == 2)
		return choice_find(y->catalog, c->argv[0], &old->build, e);
	if (catalog_build_walk(y->catalog, &new->build.image, take_before, &p, e) < 0)
		return -1;
	if (!p.serial[0])
		return err_set(e, ERR_NOTFOUND, "'%s@%s' has no build before it",
			new->build.name, new->build.serial);
	text = xasprintf("%s@%s", new->build.name, p.serial);
	return choice_find(y->catalog, text, &old->build, e);
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	auto_yard struct yard y = YARD_INIT;
	struct side old = { .room = 0 }, new = { .room = 0 };
	struct telling t = { .out = c->out, .text = BUF_INIT(128U << 20) };
	int rc;

	manifest_init(&old.manifest);
	manifest_init(&new.manifest);
	rc = cmd_open(&v->common, &y, e);
	if (rc == 0)
		rc = find_sides(&y, c, &old, &new, e);
	if (rc == 0 && (load(&y, &old, e) < 0 || load(&y, &new, e) < 0))
		rc = -1;
	if (rc == 0 && v->files &&
		(load_files(&y, &old, e) < 0 || load_files(&y, &new, e) < 0))
		rc = -1;
	if (rc == 0)
		rc = tell(&t, &old, &new, v->files, e);
	side_release(&old);
	side_release(&new);
	buf_release(&t.text);
	return rc;
}

const struct command cmd_diff = {
	.name = "diff",
	.args = "[OLD] NEW",
	.summary = "Say which packages and files changed between two builds",
	.opts = opts,
	.values_size = sizeof(struct values),
	.min_args = 1,
	.max_args = 2,
	.run = run,
};
