#include "client/image/inventory.h"

#include "lib/base/fs.h"
#include "lib/base/opt.h"
#include "lib/model/start.h"

#define REF_FILE_MAX 256U
#define CONFIG_MAX   (64U << 10)
#define ALIASES_MAX  (1U << 20)
#define PREFIX_MIN   6U

void inventory_release(struct inventory *v)
{
	arena_release(&v->arena);
	free(v->ref);
	*v = (struct inventory){ 0 };
}

/* ---- images */

static bool is_image_name(const char *name)
{
	size_t n = strspn(name, "0123456789abcdef");

	return n == DIGEST_HEX - 1 && (!name[n] || strcmp(name + n, ".1id") == 0);
}

static int take_images(const struct store *s, struct inventory *v, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(s->images_fd, ".", &names, e) < 0)
		return -1;
	v->image = arena_array(&v->arena, names.count + 1, sizeof(*v->image));
	for (size_t i = 0; i < names.count; i++)
		if (is_image_name(names.name[i]))
			v->image[v->image_count++].name =
				arena_strdup(&v->arena, names.name[i]);
	return 0;
}

static int by_name(const void *key, const void *one)
{
	return strcmp(key, ((const struct inventory_image *)one)->name);
}

static struct inventory_image *find_image(const struct inventory *v, const char *name)
{
	return bsearch(name, v->image, v->image_count, sizeof(*v->image), by_name);
}

/* ---- refs */

static void take_ref(
	const struct store *s, struct inventory *v, const char *remote, const char *path)
{
	auto_buf struct buf text = BUF_INIT(REF_FILE_MAX);
	auto_free char *file = xasprintf("refs/%s/%s", remote, path);
	struct inventory_image *image;
	struct inventory_ref r = { 0 };
	struct err ignored;

	if (image_parse(path, &r.image, &ignored) < 0 ||
		fs_read_at(s->data_fd, file, &text, &ignored) < 0 ||
		ref_parse(buf_bytes(&text), r.serial, r.name, &ignored) < 0)
		return;
	image = find_image(v, r.name);
	r.is_there = image != NULL;
	if (image)
		image->refs++;
	r.remote = arena_strdup(&v->arena, remote);
	if (v->ref_count == v->ref_room) {
		v->ref_room = v->ref_room ? v->ref_room * 2 : 64;
		v->ref = xrealloc(v->ref, v->ref_room * sizeof(*v->ref));
	}
	v->ref[v->ref_count++] = r;
}

/* refs/<remote>/d/r/a/v: depth counts what stands in path. */
static void walk_refs(const struct store *s, struct inventory *v, const char *remote,
	const char *path, unsigned int depth)
{
	auto_names struct fs_names names = { 0 };
	auto_free char *dir = xasprintf("refs/%s%s%s", remote, *path ? "/" : "", path);
	struct err ignored;

	if (fs_list_dir(s->data_fd, dir, &names, &ignored) < 0)
		return;
	for (size_t i = 0; i < names.count; i++) {
		auto_free char *next =
			xasprintf("%s%s%s", path, *path ? "/" : "", names.name[i]);

		if (depth == 3)
			take_ref(s, v, remote, next);
		else
			walk_refs(s, v, remote, next, depth + 1);
	}
}

static int take_refs(const struct store *s, struct inventory *v, struct err *e)
{
	auto_names struct fs_names remotes = { 0 };

	if (fs_list_dir(s->data_fd, "refs", &remotes, e) < 0)
		return e->code == ERR_NOTFOUND ? 0 : -1;
	for (size_t i = 0; i < remotes.count; i++)
		if (image_part_is_valid(remotes.name[i]))
			walk_refs(s, v, remotes.name[i], "", 0);
	return 0;
}

/* ---- containers */

static bool count_use(const struct inventory *v, struct bytes text, const char *key)
{
	char name[STORE_NAME_MAX];
	struct inventory_image *image;
	struct err e;

	if (start_get(text, key, name, sizeof(name), &e) < 0)
		return e.code == ERR_NOTFOUND;
	image = find_image(v, name);
	if (image)
		image->containers++;
	return true;
}

static int take_containers(const struct store *s, struct inventory *v, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(s->data_fd, "containers", &names, e) < 0)
		return e->code == ERR_NOTFOUND ? 0 : -1;
	for (size_t i = 0; i < names.count; i++) {
		auto_buf struct buf text = BUF_INIT(CONFIG_MAX);
		auto_free char *path = xasprintf("containers/%s/config", names.name[i]);
		struct err why;

		if (fs_read_at(s->data_fd, path, &text, &why) < 0) {
			/* one that is being made has its image locked */
			if (why.code != ERR_NOTFOUND)
				v->unreadable = arena_strdup(&v->arena, names.name[i]);
			continue;
		}
		if (!count_use(v, buf_bytes(&text), "id") ||
			!count_use(v, buf_bytes(&text), "previous"))
			v->unreadable = arena_strdup(&v->arena, names.name[i]);
	}
	return 0;
}

int inventory_take(const struct store *s, struct inventory *out, struct err *e)
{
	auto_inventory struct inventory v = { 0 };

	if (take_images(s, &v, e) < 0 || take_refs(s, &v, e) < 0 ||
		take_containers(s, &v, e) < 0)
		return -1;
	*out = v;
	v = (struct inventory){ 0 };
	return 0;
}

void inventory_ref_text(const struct inventory_ref *r, char *out, size_t out_size)
{
	char name[IMAGE_NAME_MAX];

	image_format(&r->image, name);
	snprintf(out, out_size, "%s:%s", r->remote, name);
}

/* ---- finding */

static bool part_is(const char *wanted, const char *part)
{
	return !*wanted || strcmp(wanted, part) == 0;
}

static bool ref_is(const struct inventory_ref *r, const struct image_ref *want,
	const struct image *name)
{
	return part_is(want->remote, r->remote) &&
	       part_is(name->distro, r->image.distro) &&
	       part_is(name->release, r->image.release) &&
	       part_is(name->arch, r->image.arch) &&
	       part_is(name->variant, r->image.variant) &&
	       part_is(want->serial, r->serial) &&
	       (!*want->id || strncmp(want->id, r->name, strlen(want->id)) == 0);
}

/* "ALIAS TARGET" lines of one remote. */
static bool follow_alias(const struct store *s, const char *remote, struct image *name)
{
	auto_buf struct buf text = BUF_INIT(ALIASES_MAX);
	auto_free char *path = xasprintf("refs/%s/aliases", remote);
	auto_free char *from = xasprintf(
		"\n%s%s%s ", name->distro, *name->release ? "/" : "", name->release);
	const char *at, *end;
	struct image_ref to;
	struct err ignored;

	buf_add_byte(&text, '\n');
	if (fs_read_at(s->data_fd, path, &text, &ignored) < 0)
		return false;
	at = strstr(buf_str(&text), from);
	if (!at)
		return false;
	at += strlen(from);
	end = strchrnul(at, '\n');

	auto_free char *target = xasprintf("%.*s", (int)(end - at), at);

	if (image_ref_parse(target, &to, &ignored) < 0)
		return false;
	memcpy(name->distro, to.image.distro, sizeof(name->distro));
	memcpy(name->release, to.image.release, sizeof(name->release));
	return true;
}

static bool find_refs(const struct store *s, const struct inventory *v,
	const struct image_ref *want, bool *found)
{
	bool any = false;

	for (size_t i = 0; i < v->ref_count; i++) {
		const struct inventory_ref *r = &v->ref[i];
		struct image name = want->image;

		if (!r->is_there ||
			(!ref_is(r, want, &name) && (!follow_alias(s, r->remote, &name) ||
							    !ref_is(r, want, &name))))
			continue;
		found[find_image(v, r->name) - v->image] = any = true;
	}
	return any;
}

static bool find_ids(const struct inventory *v, const char *hex, bool *found)
{
	size_t n = strlen(hex);
	bool any = false;

	if (n < PREFIX_MIN || strspn(hex, "0123456789abcdef") != n)
		return false;
	for (size_t i = 0; i < v->image_count; i++)
		if (strncmp(v->image[i].name, hex, n) == 0)
			found[i] = any = true;
	return any;
}

static int not_stored(const struct inventory *v, const char *text, struct err *e)
{
	const char **names = xcalloc(v->ref_count + 1, sizeof(*names));
	auto_arena struct arena arena = { 0 };
	const char *near;

	for (size_t i = 0; i < v->ref_count; i++)
		names[i] = arena_printf(
			&arena, "%s/%s", v->ref[i].image.distro, v->ref[i].image.release);
	near = opt_nearest(text, names, v->ref_count);
	if (near)
		(void)!err_set(e, ERR_NOTFOUND,
			"image '%s' is not stored; did you mean '%s'?", text, near);
	else
		(void)!err_set(e, ERR_NOTFOUND,
			"image '%s' is not stored; 'rootyard df' shows what is", text);
	free(names);
	return -1;
}

int inventory_find(const struct store *s, const struct inventory *v, const char *text,
	bool *found, struct err *e)
{
	struct image_ref want;

	if (find_ids(v, text, found))
		return 0;
	if (image_ref_parse(text, &want, e) < 0) {
		e->code = ERR_USAGE;
		return -1;
	}
	if (*want.id ? find_ids(v, want.id, found) : find_refs(s, v, &want, found))
		return 0;
	return not_stored(v, text, e);
}
