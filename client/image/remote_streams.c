/* The simplestreams half of foreign.h: streams/v1/index.json and the products it names. */
#include "client/image/foreign.h"

#include "lib/adapt/json.h"
#include "lib/base/relpath.h"
#include "lib/model/streams.h"

#include <ctype.h>

void foreign_products_release(struct foreign_products *p)
{
	arena_release(&p->arena);
}

/* A path of ours to ask for, or none. */
static bool is_path(const char *text)
{
	struct relpath p;
	struct err ignored;

	return relpath_parse(text, &p, &ignored) == 0 && relpath_is_portable(&p);
}

/* A member that is text, else NULL: what others write is not ours to insist on. */
static const char *text_of(const struct json *o, const char *key)
{
	const char *text = NULL;
	struct err ignored;

	return json_has(o, key) && json_get_str(o, key, &text, &ignored) == 0 ? text
									      : NULL;
}

int foreign_parse_index(struct bytes text, struct foreign_products *out, struct err *e)
{
	auto_foreign_products struct foreign_products p = { 0 };
	auto_json struct json_doc *doc = NULL;
	const struct json *root, *index, *one;
	const char *key;

	if (json_open(text, &doc, e) < 0 || json_root(doc, &root, e) < 0 ||
		json_get_object(root, "index", &index, e) < 0)
		return err_wrap(e, "streams/v1/index.json");
	for (void *i = json_next(index, NULL, &key, &one); i;
		i = json_next(index, i, &key, &one)) {
		const char *type, *path;
		struct err ignored;

		if (json_is_object(one, &ignored) < 0)
			continue;
		type = text_of(one, "datatype");
		path = text_of(one, "path");
		if (type && path && strcmp(type, "image-downloads") == 0 &&
			is_path(path) && p.count < FOREIGN_PRODUCTS_MAX)
			p.path[p.count++] = arena_strdup(&p.arena, path);
	}
	if (p.count == 0)
		return err_set(e, ERR_NOTFOUND, "streams/v1/index.json names no images");
	*out = p;
	p = (struct foreign_products){ 0 };
	return 0;
}

/* ---- one version */

static bool take_file(const struct json *item, struct foreign_file *out)
{
	const char *sha = text_of(item, "sha256"), *path = text_of(item, "path");
	struct err ignored;
	int64_t size;

	if (!sha || !path || !is_path(path) ||
		digest_parse(sha, &out->sha256, &ignored) < 0 ||
		json_get_int(item, "size", 1, (int64_t)1 << 40, &size, &ignored) < 0)
		return false;
	out->path = path;
	out->size = (uint64_t)size;
	return true;
}

static bool take_combined(const struct json *meta, struct digest *out)
{
	const char *sha = text_of(meta, streams_roots[0].combined);
	struct err ignored;

	if (!sha)
		sha = text_of(meta, "combined_sha256");
	return sha && digest_parse(sha, out, &ignored) == 0;
}

/* The tar and the metadata whose digest of both together is told: what incus would take. */
static bool take_items(const struct json *items, struct foreign_build *b)
{
	static const char *const metas[] = { "incus.tar.xz", "lxd.tar.xz" };
	const struct json *item, *meta = NULL, *root = NULL;
	const char *key;
	struct err ignored;

	for (void *i = json_next(items, NULL, &key, &item); i;
		i = json_next(items, i, &key, &item)) {
		const char *type = json_is_object(item, &ignored) == 0
					   ? text_of(item, "ftype")
					   : NULL;

		if (!type)
			continue;
		if (strcmp(type, streams_roots[0].ftype) == 0)
			root = item;
		for (size_t k = 0; k < ARRAY_COUNT(metas); k++)
			if (strcmp(type, metas[k]) == 0 && (!meta || k == 0))
				meta = item;
	}
	b->has_digests = true;
	return root && meta && take_file(root, &b->root) && take_file(meta, &b->meta) &&
	       take_combined(meta, &b->combined);
}

/* "20261123_16:30", "202611231630" and "20261123" are serials. */
static bool take_serial(const char *key, char out[SERIAL_MAX])
{
	size_t n = strspn(key, "0123456789");
	char text[SERIAL_MAX];

	if (n == 12 && !key[n])
		snprintf(text, sizeof(text), "%.8s_%.4s", key, key + 8);
	else if (n == 8 && (!key[n] || key[n] == '.'))
		snprintf(text, sizeof(text), "%.8s_0000", key);
	else
		snprintf(text, sizeof(text), "%s", key);
	if (strlen(key) >= SERIAL_MAX || !serial_is_valid(text))
		return false;
	memcpy(out, text, sizeof(text));
	return true;
}

/* ---- one product */

static void take_part(const char *text, char out[IMAGE_PART_MAX + 1])
{
	snprintf(out, IMAGE_PART_MAX + 1, "%s", text ? text : "");
	for (char *p = out; *p; p++)
		*p = (char)tolower((unsigned char)*p);
}

bool foreign_product_image(const struct json *product, struct image *out)
{
	const char *arch = text_of(product, "arch"),
		   *variant = text_of(product, "variant");
	const char *release = text_of(product, "release");

	if (!arch || !release || strlen(release) > IMAGE_PART_MAX)
		return false;
	if (!arch_is_known(arch))
		arch = arch_from_kernel(arch);
	if (!arch)
		return false;
	take_part(text_of(product, "os"), out->distro);
	snprintf(out->release, sizeof(out->release), "%s", release);
	take_part(arch, out->arch);
	take_part(variant && *variant ? variant : "default", out->variant);
	return image_part_is_valid(out->distro) && image_part_is_valid(out->release) &&
	       image_part_is_valid(out->variant);
}

static int take_product(const struct json *product, struct foreign *f, struct err *e)
{
	struct foreign_build b = { 0 };
	const struct json *versions, *version, *items;
	const char *key;
	struct err ignored;

	if (json_is_object(product, &ignored) < 0 ||
		!foreign_product_image(product, &b.image) ||
		json_get_object(product, "versions", &versions, &ignored) < 0)
		return 0;
	b.aliases = text_of(product, "aliases");
	b.eol = text_of(product, "support_eol");
	for (void *i = json_next(versions, NULL, &key, &version); i;
		i = json_next(versions, i, &key, &version)) {
		if (json_is_object(version, &ignored) < 0 ||
			json_get_object(version, "items", &items, &ignored) < 0 ||
			!take_serial(key, b.serial) || !take_items(items, &b))
			continue;
		if (foreign_add(f, &b, e) < 0)
			return -1;
	}
	return 0;
}

int foreign_parse_products(struct bytes text, struct foreign *out, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	const struct json *root, *products, *product;
	const char *key;

	if (json_open(text, &doc, e) < 0 || json_root(doc, &root, e) < 0 ||
		json_get_object(root, "products", &products, e) < 0)
		return -1;
	for (void *i = json_next(products, NULL, &key, &product); i;
		i = json_next(products, i, &key, &product))
		if (take_product(product, out, e) < 0)
			return -1;
	foreign_sort(out);
	return 0;
}
