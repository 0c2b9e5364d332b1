#include "indexer/import_oci.h"

#include "indexer/meter.h"
#include "lib/adapt/inflate.h"
#include "lib/adapt/json.h"
#include "lib/base/fs.h"

#include <fcntl.h>

#define DOCUMENT_MAX (4U << 20)
#define LAYER_MAX    (UINT64_C(64) << 30)
#define LAYERS_MAX   128
#define IMAGES_MAX   256
#define DEPTH_MAX    4 /* an index may name an index */
#define PATH_MAX_OCI 96

#define TYPE_INDEX    "application/vnd.oci.image.index.v1+json"
#define TYPE_LIST     "application/vnd.docker.distribution.manifest.list.v2+json"
#define TYPE_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define TYPE_DOCKER   "application/vnd.docker.distribution.manifest.v2+json"

/* One blob open for reading, wherever it lies. */
struct blob {
	struct importslice slice;
	int fd;
	struct reader in;
};

struct descriptor {
	const char *type;
	struct digest sha256;
	int64_t size;
};

static void blob_close(struct blob *b)
{
	if (b->fd >= 0)
		close(b->fd);
	b->fd = -1;
}

/* 1 open, 0 absent. */
static int open_at(
	const struct import_layout *l, const char *path, struct blob *b, struct err *e)
{
	*b = (struct blob){ .fd = -1 };
	if (l->dir_fd < 0)
		return importtree_find(l->tree, path, &b->slice, &b->in, e);
	if (!fs_exists_at(l->dir_fd, path))
		return 0;
	b->fd = fs_open_beneath(l->dir_fd, path, O_RDONLY | O_NONBLOCK, 0, e);
	if (b->fd < 0)
		return -1;

	struct reader file = reader_of_fd(&b->fd);

	b->in.read = file.read;
	b->in.ctx = file.ctx;
	return 1;
}

bool import_oci_is(const struct import_layout *l)
{
	static const char *const names[] = { "oci-layout", "index.json" };

	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		with_cleanup(blob_close) struct blob b = { .fd = -1 };
		struct err ignored;

		if (open_at(l, names[i], &b, &ignored) <= 0)
			return false;
	}
	return true;
}

static int read_all(const struct reader *in, struct buf *out, struct err *e)
{
	unsigned char chunk[16384];
	ssize_t n;

	while ((n = reader_read(in, chunk, sizeof(chunk), e)) > 0)
		buf_add(out, chunk, (size_t)n);
	return n < 0 ? -1 : buf_check(out, "the document", e);
}

static int open_blob(const struct import_layout *l, const struct descriptor *d,
	char path[PATH_MAX_OCI], struct blob *b, struct err *e)
{
	char hex[DIGEST_HEX];
	int rc;

	digest_hex(&d->sha256, hex);
	snprintf(path, PATH_MAX_OCI, "blobs/sha256/%s", hex);
	rc = open_at(l, path, b, e);
	if (rc == 0)
		return err_set(e, ERR_NOTFOUND, "'%s' is not there", path);
	return rc < 0 ? -1 : 0;
}

static int compare(
	struct meter *m, const struct descriptor *d, const char *path, struct err *e)
{
	struct digest got;

	if (meter_end(m, &got, e) < 0)
		return -1;
	if (m->seen == (uint64_t)d->size && digest_equal(&got, &d->sha256))
		return 0;
	return err_set(e, ERR_UNTRUSTED, "'%s' is not what its name says", path);
}

static int read_document(const struct import_layout *l, const struct descriptor *d,
	struct buf *out, struct err *e)
{
	with_cleanup(blob_close) struct blob b = { .fd = -1 };
	auto_meter struct meter meter = { 0 };
	char path[PATH_MAX_OCI];
	struct reader in;

	if (open_blob(l, d, path, &b, e) < 0)
		return -1;
	meter_begin(&meter, b.in, path, DOCUMENT_MAX);
	in = meter_as_reader(&meter);
	return read_all(&in, out, e) < 0 ? -1 : compare(&meter, d, path, e);
}

/* ---- descriptors */

static int read_descriptor(const struct json *o, struct descriptor *d, struct err *e)
{
	const char *digest = "";

	d->type = "";
	if (json_is_object(o, e) < 0 || json_opt_str(o, "mediaType", &d->type, e) < 0 ||
		json_get_str(o, "digest", &digest, e) < 0 ||
		json_get_int(o, "size", 0, (int64_t)LAYER_MAX, &d->size, e) < 0)
		return -1;
	if (strncmp(digest, "sha256:", 7) != 0)
		return err_set(e, ERR_PARSE, "'digest': '%.80s' is no sha256", digest);
	return digest_parse(digest + 7, &d->sha256, e);
}

static const char *go_arch(const char *arch)
{
	static const struct {
		const char *ours, *go;
	} table[] = { { "i386", "386" }, { "armhf", "arm" }, { "armel", "arm" },
		{ "ppc64el", "ppc64le" } };

	for (size_t i = 0; i < ARRAY_COUNT(table); i++)
		if (strcmp(table[i].ours, arch) == 0)
			return table[i].go;
	return arch;
}

/* Does a descriptor say that it is of this architecture? Silence is consent. */
static int fits(const struct json *o, const char *arch, bool *out, struct err *e)
{
	const struct json *platform;
	const char *have = "", *os = "linux";

	*out = true;
	if (!json_has(o, "platform"))
		return 0;
	if (json_get_object(o, "platform", &platform, e) < 0 ||
		json_opt_str(platform, "architecture", &have, e) < 0 ||
		json_opt_str(platform, "os", &os, e) < 0)
		return -1;
	*out = strcmp(have, go_arch(arch)) == 0 && strcmp(os, "linux") == 0;
	return 0;
}

static int choose(
	const struct json *index, const char *arch, struct descriptor *out, struct err *e)
{
	const struct json *list;
	size_t found = 0;

	if (json_get_array(index, "manifests", &list, e) < 0)
		return -1;
	if (json_count(list) > IMAGES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d images", IMAGES_MAX);
	for (size_t i = 0; i < json_count(list); i++) {
		struct descriptor d = { .size = 0 };
		bool is_ours;

		if (read_descriptor(json_at(list, i), &d, e) < 0 ||
			fits(json_at(list, i), arch, &is_ours, e) < 0)
			return -1;
		if (!is_ours)
			continue;
		if (found++)
			return err_set(e, ERR_CONFLICT,
				"it holds several images of '%s': import a layout with "
				"one",
				arch);
		*out = d;
	}
	return found ? 0 : err_set(e, ERR_NOTFOUND, "it holds no image of '%s'", arch);
}

/* ---- layers */

static int add_layer(const struct import_layout *l, const struct descriptor *d,
	struct importtree *out, struct err *e)
{
	with_cleanup(blob_close) struct blob b = { .fd = -1 };
	auto_meter struct meter meter = { 0 };
	auto_inflate struct inflate *inflate = NULL;
	char path[PATH_MAX_OCI];
	struct reader in, plain;

	if (open_blob(l, d, path, &b, e) < 0)
		return -1;
	meter_begin(&meter, b.in, path, LAYER_MAX);
	in = meter_as_reader(&meter);
	if (inflate_open(&in, &inflate, e) < 0)
		return err_wrap(e, "'%s'", path);
	if (strcmp(inflate_name(inflate), "xz") == 0)
		return err_set(
			e, ERR_PARSE, "'%s' is xz, which no OCI layer may be", path);
	plain = inflate_as_reader(inflate);
	if (importtree_add_tar(out, &plain, IMPORTTREE_LAYER, e) < 0)
		return err_wrap(e, "'%s'", path);
	return compare(&meter, d, path, e);
}

static int check_config(const struct import_layout *l, const struct json *manifest,
	const char *arch, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(DOCUMENT_MAX);
	auto_json struct json_doc *doc = NULL;
	const struct json *o;
	const char *have = "";
	struct descriptor d;

	if (json_get_object(manifest, "config", &o, e) < 0 ||
		read_descriptor(o, &d, e) < 0 || read_document(l, &d, &text, e) < 0 ||
		json_open(buf_bytes(&text), &doc, e) < 0 || json_root(doc, &o, e) < 0 ||
		json_opt_str(o, "architecture", &have, e) < 0)
		return -1;
	if (*have && strcmp(have, go_arch(arch)) != 0)
		return err_set(
			e, ERR_NOTFOUND, "its image is of '%s', not of '%s'", have, arch);
	return 0;
}

static int add_layers(const struct import_layout *l, const struct json *manifest,
	const char *arch, struct importtree *out, struct err *e)
{
	const struct json *layers;

	if (check_config(l, manifest, arch, e) < 0 ||
		json_get_array(manifest, "layers", &layers, e) < 0)
		return -1;
	if (json_count(layers) > LAYERS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d layers", LAYERS_MAX);
	for (size_t i = 0; i < json_count(layers); i++) {
		struct descriptor d;

		if (read_descriptor(json_at(layers, i), &d, e) < 0 ||
			add_layer(l, &d, out, e) < 0)
			return -1;
	}
	return 0;
}

static bool is_type(const char *type, const char *a, const char *b)
{
	return strcmp(type, a) == 0 || strcmp(type, b) == 0;
}

static int follow(const struct import_layout *l, struct bytes text, int depth,
	const char *arch, struct importtree *out, struct err *e)
{
	auto_buf struct buf next = BUF_INIT(DOCUMENT_MAX);
	auto_json struct json_doc *doc = NULL;
	const struct json *root;
	struct descriptor d = { .size = 0 };

	if (depth > DEPTH_MAX)
		return err_set(e, ERR_LIMIT, "more than %d indexes in a row", DEPTH_MAX);
	if (json_open(text, &doc, e) < 0 || json_root(doc, &root, e) < 0)
		return -1;
	if (json_has(root, "layers"))
		return add_layers(l, root, arch, out, e);
	if (choose(root, arch, &d, e) < 0)
		return -1;
	if (!is_type(d.type, TYPE_MANIFEST, TYPE_DOCKER) &&
		!is_type(d.type, TYPE_INDEX, TYPE_LIST))
		return err_set(e, ERR_PARSE, "its image is of the type '%.100s'", d.type);
	if (read_document(l, &d, &next, e) < 0)
		return -1;
	return follow(l, buf_bytes(&next), depth + 1, arch, out, e);
}

int import_oci(const struct import_layout *l, const char *arch, struct importtree *out,
	struct err *e)
{
	auto_buf struct buf text = BUF_INIT(DOCUMENT_MAX);
	with_cleanup(blob_close) struct blob b = { .fd = -1 };
	int rc = open_at(l, "index.json", &b, e);

	if (rc == 0)
		return err_set(e, ERR_NOTFOUND, "'index.json' is not there");
	if (rc < 0 || read_all(&b.in, &text, e) < 0)
		return -1;
	return follow(l, buf_bytes(&text), 0, arch, out, e);
}
