#include "lib/model/layout.h"

#include <stdarg.h>

/* path in public/, from there to .live, inside the generation. Companions of single files have links
 * of their own: servers look for them beside the URL. */
#define LINK(path, up, is_dir)                                                           \
	{                                                                                \
		path, up LAYOUT_LIVE "/" path, path, is_dir                              \
	}

const struct layout_link layout_links[] = {
	LINK("meta/1.0", "../", true),
	LINK("meta/2/current", "../../", false),
	LINK("streams", "", true),
	LINK("api/v1/index.json", "../../", false),
	LINK("api/v1/index.json.gz", "../../", false),
	LINK("api/v1/index.json.zst", "../../", false),
	LINK("feed.atom", "", false),
	LINK("feed.atom.gz", "", false),
	LINK("aplinfo.dat", "", false),
	LINK("aplinfo.dat.gz", "", false),
	LINK("aplinfo.dat.asc", "", false),
	LINK("wsl", "", true),
	LINK("index.html", "", false),
	LINK("index.html.gz", "", false),
	LINK("assets", "", true),
};
const size_t layout_link_count = ARRAY_COUNT(layout_links);

/* ---- names made of parts that were parsed: they fit, or we broke our own promise */

printf_like(2, 3) static void path_format(char out[LAYOUT_PATH_MAX], const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(out, LAYOUT_PATH_MAX, fmt, ap);
	va_end(ap);
	if (len < 0 || len >= LAYOUT_PATH_MAX)
		err_abort("path in the tree is too long");
}

void layout_build(
	const struct image *image, const char *serial, char out[LAYOUT_PATH_MAX])
{
	path_format(out, "images/%s/%s/%s/%s/%s", image->distro, image->release,
		image->arch, image->variant, serial);
}

void layout_artifact(const struct image *image, const char *serial, const char *name,
	char out[LAYOUT_PATH_MAX])
{
	path_format(out, "images/%s/%s/%s/%s/%s/%s", image->distro, image->release,
		image->arch, image->variant, serial, name);
}

static const char delta_prefix[] = "from-", delta_suffix[] = ".delta";

void layout_delta(const char *base_serial, char out[LAYOUT_NAME_MAX])
{
	snprintf(out, LAYOUT_NAME_MAX, "%s%s%s", delta_prefix, base_serial, delta_suffix);
}

bool layout_delta_base(const char *name, char serial[SERIAL_MAX])
{
	char again[LAYOUT_NAME_MAX];
	size_t len = strlen(name), around = strlen(delta_prefix) + strlen(delta_suffix);

	if (len <= around || len - around >= SERIAL_MAX)
		return false;
	snprintf(serial, SERIAL_MAX, "%.*s", (int)(len - around),
		name + strlen(delta_prefix));
	layout_delta(serial, again);
	return serial_is_valid(serial) && strcmp(again, name) == 0;
}

void layout_object(const struct digest *d, char out[LAYOUT_PATH_MAX])
{
	char hex[DIGEST_HEX];

	digest_hex(d, hex);
	path_format(out, LAYOUT_OBJECTS "/%s", hex);
}

void layout_root(int64_t version, char out[LAYOUT_PATH_MAX])
{
	path_format(out, "trust/root.%lld", (long long)version);
}

void layout_blob(const char *repo, const struct digest *d, char out[LAYOUT_PATH_MAX])
{
	char hex[DIGEST_HEX];

	digest_hex(d, hex);
	path_format(out, "v2/%s/blobs/sha256:%s", repo, hex);
}

void layout_manifest(const char *repo, const struct digest *d, char out[LAYOUT_PATH_MAX])
{
	char hex[DIGEST_HEX];

	digest_hex(d, hex);
	path_format(out, "v2/%s/manifests/sha256:%s", repo, hex);
}

void layout_tag(const char *repo, const char *tag, char out[LAYOUT_PATH_MAX])
{
	path_format(out, "v2/%s/manifests/%s", repo, tag);
}

void layout_index(const char *repo, const struct digest *d, char out[LAYOUT_PATH_MAX])
{
	char hex[DIGEST_HEX];

	digest_hex(d, hex);
	path_format(out, "v2/%s/indexes/sha256:%s", repo, hex);
}

void layout_tags(const char *repo, char out[LAYOUT_PATH_MAX])
{
	path_format(out, "v2/%s/tags/list", repo);
}

void layout_referrers(const char *repo, const struct digest *d, char out[LAYOUT_PATH_MAX])
{
	char hex[DIGEST_HEX];

	digest_hex(d, hex);
	path_format(out, "v2/%s/referrers/sha256:%s", repo, hex);
}

void layout_signatures(
	const char *repo, const struct digest *d, char out[LAYOUT_PATH_MAX])
{
	char hex[DIGEST_HEX];

	digest_hex(d, hex);
	path_format(out, "sigs/%s@sha256=%s", repo, hex);
}

void layout_signature(const char *repo, const struct digest *d, int64_t number,
	char out[LAYOUT_PATH_MAX])
{
	char hex[DIGEST_HEX];

	digest_hex(d, hex);
	path_format(
		out, "sigs/%s@sha256=%s/signature-%lld", repo, hex, (long long)number);
}

/* ---- facts of names */

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool ends(const char *text, const char *suffix)
{
	size_t len = strlen(text), suffix_len = strlen(suffix);

	return len >= suffix_len && strcmp(text + len - suffix_len, suffix) == 0;
}

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Component n (from 0) of a path; NULL when there are fewer. Its end is a slash or NUL.
 */
static const char *component(const char *path, unsigned int n)
{
	for (; n > 0; n--) {
		path = strchr(path, '/');
		if (!path)
			return NULL;
		path++;
	}
	return path;
}

/* v2/<repo>/KIND/<rest>: the rest, or NULL. */
static const char *oci_part(const char *path, const char *kind)
{
	const char *third = component(path, 2);

	if (!begins(path, "v2/") || !third || !begins(third, kind))
		return NULL;
	return third[strlen(kind)] == '/' ? third + strlen(kind) + 1 : NULL;
}

/* images/d/r/a/v/SERIAL/NAME: the name, or NULL. */
static const char *dated_name(const char *path)
{
	const char *serial = component(path, 5), *name = component(path, 6);
	char text[SERIAL_MAX];
	size_t len;

	if (!begins(path, "images/") || !serial || !name || !*name || strchr(name, '/'))
		return NULL;
	len = strcspn(serial, "/");
	if (len >= sizeof(text))
		return NULL;
	memcpy(text, serial, len);
	text[len] = '\0';
	return serial_is_valid(text) ? name : NULL;
}

enum layout_caching layout_caching_of(const char *path)
{
	const char *oci = oci_part(path, "manifests");

	if (!oci)
		oci = oci_part(path, "indexes");
	/* Signatures are replaced when a key goes. */
	if (ends(path, ".asc") || ends(path, ".gpg") || ends(path, ".sjson"))
		return LAYOUT_MUTABLE;
	if (dated_name(path) || begins(path, LAYOUT_OBJECTS "/") ||
		begins(path, "trust/root.") || oci_part(path, "blobs"))
		return LAYOUT_IMMUTABLE;
	return oci && begins(oci, "sha256:") ? LAYOUT_IMMUTABLE : LAYOUT_MUTABLE;
}

struct type {
	const char *suffix, *media_type;
	bool is_negotiated;
};

static const struct type types[] = {
	{ ".json", "application/json", true },
	{ ".sjson", "application/json", true },
	{ ".asc", "application/pgp-signature", false },
	{ ".gpg", "application/pgp-signature", false },
	{ ".xz", "application/x-xz", false },
	{ ".zst", "application/zstd", false },
	{ ".gz", "application/gzip", false },
	{ ".html", "text/html; charset=utf-8", true },
	{ ".css", "text/css; charset=utf-8", true },
	{ ".js", "text/javascript; charset=utf-8", true },
	{ ".svg", "image/svg+xml", true },
	{ ".atom", "application/atom+xml", true },
	{ ".txt", "text/plain", true },
	{ ".log", "text/plain", true },
	{ ".yaml", "text/plain", true },
	{ ".dat", "text/plain", true },
	{ "/SHA256SUMS", "text/plain", false },
	{ "/" LAYOUT_CURRENT, "application/json", false },
	{ "/pks/lookup", "application/pgp-keys", false },
	{ "/tags/list", "application/json", false },
};

/* An LXC index has a name and no suffix. */
static const struct type lxc_index = { "", "text/plain", true };

static const struct type *type_of(const char *path)
{
	for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
		const char *suffix = types[i].suffix;

		if (ends(path, suffix) ||
			(*suffix == '/' && strcmp(path, suffix + 1) == 0))
			return &types[i];
	}
	return begins(base_of(path), "index-") ? &lxc_index : NULL;
}

const char *layout_media_type(const char *path)
{
	const struct type *type = type_of(path);

	if (oci_part(path, "manifests") || oci_part(path, "indexes") ||
		oci_part(path, "referrers"))
		return NULL;
	if (oci_part(path, "blobs") || begins(path, LAYOUT_OBJECTS "/"))
		return ends(path, ".zst") ? "application/zstd"
					  : "application/octet-stream";
	if (begins(path, "keys/") && ends(path, ".asc"))
		return "application/pgp-keys";
	if (begins(path, "trust/root."))
		return "application/json";
	return type ? type->media_type : "application/octet-stream";
}

bool layout_is_negotiated(const char *path)
{
	const struct type *type = type_of(path);

	return type && type->is_negotiated && !begins(path, "v2/") &&
	       !begins(path, "trust/") && !begins(path, LAYOUT_OBJECTS "/");
}

bool layout_is_payload(const char *path)
{
	static const char *const suffixes[] = { ".tar.xz", ".tar.zst", ".squashfs",
		".qcow2", ".delta", ".man" };
	const char *name = dated_name(path);

	for (size_t i = 0; name && i < ARRAY_COUNT(suffixes); i++)
		if (ends(name, suffixes[i]))
			return true;
	return oci_part(path, "blobs") != NULL;
}

bool layout_is_download(const char *path, struct image *out)
{
	static const char *const names[] = { "rootfs.tar.xz", "rootfs.tar.zst",
		"rootfs.squashfs", "disk.qcow2" };
	const char *name = dated_name(path), *image = component(path, 1);
	char text[IMAGE_NAME_MAX];
	bool counts = name && begins(name, "from-") && ends(name, ".delta");
	struct err e;
	int len;

	for (size_t i = 0; name && i < ARRAY_COUNT(names); i++)
		counts = counts || strcmp(name, names[i]) == 0;
	if (!counts)
		return false;
	/* up to the slash before the serial */
	len = (int)(component(path, 5) - image) - 1;
	return snprintf(text, sizeof(text), "%.*s", len, image) < (int)sizeof(text) &&
	       image_parse(text, out, &e) == 0;
}

static bool is_type_byte(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("/.+-_;=", c));
}

bool layout_oci_media_type(struct bytes head, char *out, size_t out_size)
{
	static const char start[] = "{\"schemaVersion\":2,\"mediaType\":\"";
	const size_t start_len = sizeof(start) - 1;
	size_t len = 0;

	if (head.len <= start_len || memcmp(head.data, start, start_len) != 0)
		return false;
	head = bytes_of(head.data + start_len, head.len - start_len);
	while (len < head.len && is_type_byte(head.data[len]))
		len++;
	if (len == 0 || len == head.len || head.data[len] != '"' || len >= out_size)
		return false;
	memcpy(out, head.data, len);
	out[len] = '\0';
	return true;
}

const struct layout_link *layout_find_link(const char *path)
{
	for (size_t i = 0; i < layout_link_count; i++)
		if (strcmp(layout_links[i].path, path) == 0)
			return &layout_links[i];
	return NULL;
}
