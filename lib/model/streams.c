#include "lib/model/streams.h"

#include "lib/base/jsonw.h"

#include <time.h>

const struct streams_root streams_roots[STREAMS_ROOTS] = {
	{ "rootfs.tar.xz", "root.tar.xz", "root.tar.xz", "combined_rootxz_sha256" },
	{ "rootfs.squashfs", "root.squashfs", "squashfs", "combined_squashfs_sha256" },
};

/* One pair of metadata for both: each client looks at its own name alone. */
static const char *const meta_items[] = { "incus.tar.xz", "lxd.tar.xz" };

const struct streams_root *streams_root_find(const char *name)
{
	for (size_t i = 0; i < STREAMS_ROOTS; i++)
		if (strcmp(streams_roots[i].name, name) == 0)
			return &streams_roots[i];
	return NULL;
}

static void add_digest(struct jsonw *w, const char *key, const struct digest *d)
{
	char hex[DIGEST_HEX];

	digest_hex(d, hex);
	jsonw_kstr(w, key, hex);
}

/* RFC 2822, whatever the locale. */
static void add_updated(struct jsonw *w, int64_t time_s)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t t = (time_t)time_s;
	struct tm tm = { 0 };
	char text[64];

	gmtime_r(&t, &tm);
	snprintf(text, sizeof(text), "%.3s, %02d %.3s %d %02d:%02d:%02d +0000",
		days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
		tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
	jsonw_kstr(w, "updated", text);
}

/* distro:release:arch:variant */
static void name_product(const struct image *i, char out[IMAGE_NAME_MAX])
{
	image_format(i, out);
	for (char *at = out; (at = strchr(at, '/'));)
		*at = ':';
}

static void add_requirements(struct jsonw *w, const char *key, const char *lines)
{
	jsonw_key(w, key);
	jsonw_object(w);
	while (*lines) {
		size_t len = strcspn(lines, "\n"), name = strcspn(lines, "=");
		char text[STREAMS_REQUIREMENT_MAX];

		snprintf(text, sizeof(text), "%.*s", (int)name, lines);
		jsonw_key(w, text);
		if (name < len)
			jsonw_bytes(w, bytes_of((const unsigned char *)lines + name + 1,
					       len - name - 1));
		lines += len + (lines[len] == '\n');
	}
	jsonw_end_object(w);
}

void streams_images_begin(struct buf *out)
{
	struct jsonw w = jsonw_to(out);

	jsonw_object(&w);
	jsonw_kstr(&w, "content_id", "images");
	jsonw_kstr(&w, "datatype", "image-downloads");
	jsonw_kstr(&w, "format", "products:1.0");
	jsonw_key(&w, "products");
	jsonw_object(&w);
	buf_add_byte(out, '\n');
}

void streams_product_begin(struct buf *out, const struct streams_product *p)
{
	struct jsonw w = jsonw_resume(out);
	char os[IMAGE_PART_MAX + 1], key[IMAGE_NAME_MAX];

	memcpy(os, p->image.distro, sizeof(os));
	if (os[0] >= 'a' && os[0] <= 'z')
		os[0] = (char)(os[0] - 'a' + 'A');

	name_product(&p->image, key);
	jsonw_key(&w, key);
	jsonw_object(&w);
	jsonw_kstr(&w, "aliases", p->aliases);
	jsonw_kstr(&w, "arch", p->image.arch);
	jsonw_kstr(&w, "os", os);
	jsonw_kstr(&w, "release", p->image.release);
	jsonw_kstr(&w, "release_title", p->image.release);
	jsonw_kstr(&w, "variant", p->image.variant);
	if (p->eol[0])
		jsonw_kstr(&w, "support_eol", p->eol);
	add_requirements(&w, "requirements", p->requirements);
	add_requirements(&w, "lxd_requirements", p->requirements);
	jsonw_key(&w, "versions");
	jsonw_object(&w);
	buf_add_byte(out, '\n');
}

static void begin_item(
	struct jsonw *w, const char *key, const char *ftype, const struct streams_file *f)
{
	jsonw_key(w, key);
	jsonw_object(w);
	jsonw_kstr(w, "ftype", ftype);
	jsonw_kstr(w, "path", f->path);
	add_digest(w, "sha256", &f->sha256);
	jsonw_kint(w, "size", (int64_t)f->size);
}

static void add_meta(struct jsonw *w, const char *item, const struct streams_version *v)
{
	begin_item(w, item, item, &v->meta);
	/* older clients read the one key for root.tar.xz without its kind */
	if (v->root[0].path)
		add_digest(w, "combined_sha256", &v->root[0].combined);
	for (size_t i = 0; i < STREAMS_ROOTS; i++)
		if (v->root[i].path)
			add_digest(w, streams_roots[i].combined, &v->root[i].combined);
	jsonw_end_object(w);
}

void streams_version(struct buf *out, const struct streams_version *v)
{
	struct jsonw w = jsonw_resume(out);

	jsonw_key(&w, v->serial);
	jsonw_object(&w);
	jsonw_key(&w, "items");
	jsonw_object(&w);
	for (size_t i = 0; i < ARRAY_COUNT(meta_items); i++)
		add_meta(&w, meta_items[i], v);
	for (size_t i = 0; i < STREAMS_ROOTS; i++) {
		if (!v->root[i].path)
			continue;
		begin_item(
			&w, streams_roots[i].item, streams_roots[i].ftype, &v->root[i]);
		jsonw_end_object(&w);
	}
	jsonw_end_object(&w);
	jsonw_end_object(&w);
	buf_add_byte(out, '\n');
}

void streams_product_end(struct buf *out)
{
	buf_add_str(out, "}}\n");
}

void streams_images_end(struct buf *out, int64_t updated_s)
{
	struct jsonw w = jsonw_resume(out);

	jsonw_end_object(&w);
	add_updated(&w, updated_s);
	jsonw_end_object(&w);
	buf_add_byte(out, '\n');
}

void streams_index_begin(struct buf *out, const char *path)
{
	struct jsonw w = jsonw_to(out);

	jsonw_object(&w);
	jsonw_kstr(&w, "format", "index:1.0");
	jsonw_key(&w, "index");
	jsonw_object(&w);
	jsonw_key(&w, "images");
	jsonw_object(&w);
	jsonw_kstr(&w, "datatype", "image-downloads");
	jsonw_kstr(&w, "path", path);
	jsonw_kstr(&w, "format", "products:1.0");
	jsonw_key(&w, "products");
	jsonw_array(&w);
	buf_add_byte(out, '\n');
}

void streams_index_product(struct buf *out, const struct image *image)
{
	struct jsonw w = jsonw_resume(out);
	char key[IMAGE_NAME_MAX];

	name_product(image, key);
	jsonw_str(&w, key);
	buf_add_byte(out, '\n');
}

void streams_index_end(struct buf *out, int64_t updated_s)
{
	struct jsonw w = jsonw_resume(out);

	jsonw_end_array(&w);
	add_updated(&w, updated_s);
	jsonw_end_object(&w);
	jsonw_end_object(&w);
	add_updated(&w, updated_s);
	jsonw_end_object(&w);
	buf_add_byte(out, '\n');
}
