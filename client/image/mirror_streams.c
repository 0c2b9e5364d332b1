/* The simplestreams half of mirror_foreign.c: every item of the products that are selected. */
#include "client/image/mirror.h"

#include "lib/adapt/json.h"
#include "lib/base/relpath.h"

#define INDEX "streams/v1/index.json"

static bool is_path(const char *text, const char *top)
{
	struct relpath p;
	struct err ignored;

	return relpath_parse(text, &p, &ignored) == 0 && relpath_is_portable(&p) &&
	       strncmp(text, top, strlen(top)) == 0;
}

/* A member that is text, else NULL. */
static const char *text_of(const struct json *o, const char *key)
{
	const char *text = NULL;
	struct err ignored;

	return json_has(o, key) && json_get_str(o, key, &text, &ignored) == 0 ? text
									      : NULL;
}

/* An item without a digest, or at a place that is none, cannot be there, so that no index of ours may
 * name it. */
static bool take_item(struct mirror *m, const struct json *item)
{
	struct mirrorwant w = { .content = { .path = "" } };
	const char *sha, *path;
	struct err ignored;
	int64_t size;

	if (json_is_object(item, &ignored) < 0)
		return false;
	sha = text_of(item, "sha256");
	path = text_of(item, "path");
	if (!sha || !path || !is_path(path, "images/") ||
		digest_parse(sha, &w.content.sha256, &ignored) < 0 ||
		json_get_int(item, "size", 1, (int64_t)1 << 40, &size, &ignored) < 0)
		return false;
	w.content.path = w.source = path;
	w.content.size = (uint64_t)size;
	mirror_want(m, &w);
	return true;
}

/* Drops the members that `keeps` refuses. Taking one away ends the walk over it. */
static void sieve(struct mirror *m, struct json_doc *doc, const struct json *o,
	bool (*keeps)(struct mirror *m, struct json_doc *doc, const char *key,
		const struct json *value, const void *ctx),
	const void *ctx)
{
	auto_arena struct arena arena = { 0 };
	const char **gone = NULL;
	const struct json *value;
	const char *key;
	size_t count = 0, members = 0;

	for (void *i = json_next(o, NULL, &key, &value); i;
		i = json_next(o, i, &key, &value))
		members++;
	gone = arena_array(&arena, members + 1, sizeof(*gone));
	for (void *i = json_next(o, NULL, &key, &value); i;
		i = json_next(o, i, &key, &value))
		if (!keeps(m, doc, key, value, ctx))
			gone[count++] = arena_strdup(&arena, key);
	for (size_t i = 0; i < count; i++)
		json_drop(doc, o, gone[i]);
}

static bool keeps_item(struct mirror *m, struct json_doc *doc, const char *key,
	const struct json *item, const void *ctx)
{
	(void)doc;
	(void)key;
	(void)ctx;
	return take_item(m, item);
}

/* The key of the first version that is wanted; they sort by time. */
static const char *oldest_wanted(
	const struct mirror *m, const struct json *versions, struct arena *arena)
{
	const char *newest[64], *key;
	size_t count = 0, want = m->o->builds > 0 && m->o->builds < 64
					 ? (size_t)m->o->builds
					 : ARRAY_COUNT(newest);
	const struct json *version;

	for (void *i = json_next(versions, NULL, &key, &version); i;
		i = json_next(versions, i, &key, &version)) {
		size_t at = count < want ? count++ : want;

		for (; at > 0 && strcmp(newest[at - 1], key) < 0; at--)
			if (at < want)
				newest[at] = newest[at - 1];
		if (at < want)
			newest[at] = key;
	}
	return m->o->builds > 0 && count ? arena_strdup(arena, newest[count - 1]) : "";
}

static bool keeps_version(struct mirror *m, struct json_doc *doc, const char *key,
	const struct json *version, const void *ctx)
{
	const struct json *items;
	struct err ignored;

	if (strcmp(key, ctx) < 0 || json_is_object(version, &ignored) < 0 ||
		json_get_object(version, "items", &items, &ignored) < 0)
		return false;
	sieve(m, doc, items, keeps_item, NULL);
	m->done->builds++;
	return true;
}

static bool keeps_product(struct mirror *m, struct json_doc *doc, const char *key,
	const struct json *product, const void *ctx)
{
	auto_arena struct arena arena = { 0 };
	const struct json *versions;
	struct err ignored;
	struct image image;

	(void)key;
	(void)ctx;
	if (json_is_object(product, &ignored) < 0 ||
		json_get_object(product, "versions", &versions, &ignored) < 0)
		return false;
	if (m->o->pattern_count && (!foreign_product_image(product, &image) ||
					   !mirror_is_selected(m, &image)))
		return false;
	sieve(m, doc, versions, keeps_version, oldest_wanted(m, versions, &arena));
	m->done->images++;
	return true;
}

static int take_products(
	struct mirror *m, const char *path, struct mirrorindexes *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(FOREIGN_INDEX_MAX);
	auto_json struct json_doc *doc = NULL;
	const struct json *root, *products;

	if (!is_path(path, "streams/"))
		return err_set(e, ERR_PARSE, "products lie beneath streams/");
	if (repo_beside(&m->repo, path, &text, e) < 0 ||
		json_open(buf_bytes(&text), &doc, e) < 0 ||
		json_root(doc, &root, e) < 0 ||
		json_get_object(root, "products", &products, e) < 0)
		return -1;
	sieve(m, doc, products, keeps_product, NULL);
	out->item[out->count].path = xstrdup(path);
	out->item[out->count].text.ceiling = FOREIGN_INDEX_MAX;
	json_format(doc, &out->item[out->count++].text);
	return 0;
}

static bool keeps_entry(struct mirror *m, struct json_doc *doc, const char *key,
	const struct json *entry, const void *ctx)
{
	const struct foreign_products *p = ctx;
	const char *path;
	struct err ignored;

	(void)m;
	(void)doc;
	(void)key;
	path = json_is_object(entry, &ignored) == 0 ? text_of(entry, "path") : NULL;
	for (size_t i = 0; path && i < p->count; i++)
		if (strcmp(p->path[i], path) == 0)
			return true;
	return false;
}

int mirror_streams(struct mirror *m, struct mirrorindexes *out, struct err *e)
{
	auto_foreign_products struct foreign_products products = { 0 };
	auto_buf struct buf text = BUF_INIT(FOREIGN_INDEX_MAX);
	auto_json struct json_doc *doc = NULL;
	const struct json *root, *index;

	if (repo_beside(&m->repo, INDEX, &text, e) < 0 ||
		foreign_parse_index(buf_bytes(&text), &products, e) < 0 ||
		json_open(buf_bytes(&text), &doc, e) < 0 ||
		json_root(doc, &root, e) < 0 ||
		json_get_object(root, "index", &index, e) < 0)
		return err_wrap(e, "'" INDEX "'");
	for (size_t i = 0; i < products.count; i++)
		if (take_products(m, products.path[i], out, e) < 0)
			return err_wrap(e, "'%s'", products.path[i]);
	sieve(m, doc, index, keeps_entry, &products);
	out->item[out->count].path = xstrdup(INDEX);
	out->item[out->count].text.ceiling = FOREIGN_INDEX_MAX;
	json_format(doc, &out->item[out->count++].text);
	return 0;
}
