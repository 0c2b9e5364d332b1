#include "lib/model/oci.h"

#include "lib/base/jsonw.h"

#include <time.h>

struct platform {
	const char *arch;
	struct oci_platform platform;
};

static const struct platform platforms[] = {
	{ "amd64", { "amd64", "" } },
	{ "arm64", { "arm64", "v8" } },
	{ "armhf", { "arm", "v7" } },
	{ "armel", { "arm", "v5" } },
	{ "i386", { "386", "" } },
	{ "riscv64", { "riscv64", "" } },
	{ "ppc64el", { "ppc64le", "" } },
	{ "s390x", { "s390x", "" } },
	{ "loong64", { "loong64", "" } },
	{ "mips64el", { "mips64le", "" } },
};

const struct oci_platform *oci_platform_of(const char *arch)
{
	for (size_t i = 0; i < ARRAY_COUNT(platforms); i++)
		if (strcmp(platforms[i].arch, arch) == 0)
			return &platforms[i].platform;
	return NULL;
}

/* ---- names */

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* What may stand between letters: one dot, one or two underscores, dashes. */
static size_t separator_len(const char *s)
{
	if (s[0] == '.')
		return 1;
	if (s[0] == '_')
		return s[1] == '_' ? 2 : 1;
	return strspn(s, "-");
}

bool oci_repo_is_valid(const char *name)
{
	while (is_lower_or_digit(*name)) {
		while (is_lower_or_digit(*name))
			name++;
		if (!*name)
			return true;
		name += separator_len(name);
	}
	return false;
}

static bool is_tag(const char *tag)
{
	for (const char *c = tag; *c; c++)
		if (!is_lower_or_digit(*c) && (*c < 'A' || *c > 'Z') && *c != '_' &&
			(c == tag || (*c != '.' && *c != '-')))
			return false;
	return *tag != '\0';
}

bool oci_tag_format(const char *release, const char *variant, const char *serial,
	char out[OCI_TAG_MAX])
{
	bool is_default = strcmp(variant, "default") == 0;
	int len = snprintf(out, OCI_TAG_MAX, "%s%s%s%s", release, is_default ? "" : "-",
		is_default ? "" : variant, serial[0] ? "-" : "");

	for (; *serial && len < OCI_TAG_MAX - 1; serial++)
		if (*serial != ':')
			out[len++] = *serial;
	if (len >= OCI_TAG_MAX || *serial)
		return false;
	out[len] = '\0';
	return is_tag(out);
}

struct oci_blob oci_blob_of(struct bytes text)
{
	return (struct oci_blob){ .sha256 = digest_of(text), .size = text.len };
}

/* ---- writing */

static void write_digest(struct jsonw *w, const char *key, const struct digest *d)
{
	char text[sizeof("sha256:") + DIGEST_HEX] = "sha256:";

	digest_hex(d, text + strlen(text));
	jsonw_kstr(w, key, text);
}

static void write_time(struct jsonw *w, const char *key, int64_t time_s)
{
	time_t t = (time_t)time_s;
	char text[32] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	jsonw_kstr(w, key, text);
}

/* Members of a descriptor; the caller ends the object. */
static void begin_descriptor(
	struct jsonw *w, const char *media_type, const struct oci_blob *b)
{
	jsonw_object(w);
	jsonw_kstr(w, "mediaType", media_type);
	write_digest(w, "digest", &b->sha256);
	jsonw_kint(w, "size", (int64_t)b->size);
}

static void write_descriptor(struct jsonw *w, const char *key, const char *media_type,
	const struct oci_blob *b)
{
	jsonw_key(w, key);
	begin_descriptor(w, media_type, b);
	jsonw_end_object(w);
}

static struct jsonw begin_document(struct buf *out, const char *media_type)
{
	struct jsonw w = jsonw_to(out);

	jsonw_object(&w);
	jsonw_kint(&w, "schemaVersion", 2);
	jsonw_kstr(&w, "mediaType", media_type);
	return w;
}

static void write_labels(struct jsonw *w, const struct oci_config *c)
{
	char name[IMAGE_NAME_MAX];

	image_format(&c->image, name);
	jsonw_key(w, "Labels");
	jsonw_object(w);
	/* toolbox and distrobox take images that say so */
	jsonw_kstr(w, "com.github.containers.toolbox", "true");
	jsonw_kstr(w, "org.opencontainers.image.description", c->description);
	jsonw_kstr(w, "org.opencontainers.image.title", name);
	jsonw_kstr(w, "org.opencontainers.image.version", c->serial);
	jsonw_end_object(w);
}

void oci_write_config(struct buf *out, const struct oci_config *c)
{
	const struct oci_platform *p = oci_platform_of(c->image.arch);
	struct jsonw w = jsonw_to(out);
	char diff[sizeof("sha256:") + DIGEST_HEX] = "sha256:";

	digest_hex(&c->diff, diff + strlen(diff));
	jsonw_object(&w);
	write_time(&w, "created", c->created_s);
	jsonw_kstr(&w, "architecture", p ? p->architecture : c->image.arch);
	if (p && p->variant[0])
		jsonw_kstr(&w, "variant", p->variant);
	jsonw_kstr(&w, "os", "linux");
	jsonw_key(&w, "config");
	jsonw_object(&w);
	jsonw_key(&w, "Env");
	jsonw_array(&w);
	jsonw_str(
		&w, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	jsonw_end_array(&w);
	jsonw_key(&w, "Cmd");
	jsonw_array(&w);
	jsonw_str(&w, "/bin/sh");
	jsonw_end_array(&w);
	write_labels(&w, c);
	jsonw_end_object(&w);
	jsonw_key(&w, "rootfs");
	jsonw_object(&w);
	jsonw_kstr(&w, "type", "layers");
	jsonw_key(&w, "diff_ids");
	jsonw_array(&w);
	jsonw_str(&w, diff);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	jsonw_key(&w, "history");
	jsonw_array(&w);
	jsonw_object(&w);
	write_time(&w, "created", c->created_s);
	jsonw_kstr(&w, "created_by", "rootyard");
	jsonw_end_object(&w);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
}

void oci_write_manifest(struct buf *out, const struct oci_blob *config,
	const char *layer_type, const struct oci_blob *layer)
{
	struct jsonw w = begin_document(out, OCI_MANIFEST);

	write_descriptor(&w, "config", OCI_CONFIG, config);
	jsonw_key(&w, "layers");
	jsonw_array(&w);
	begin_descriptor(&w, layer_type, layer);
	jsonw_end_object(&w);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
}

void oci_write_artifact(struct buf *out, const struct oci_artifact *a)
{
	struct jsonw w = begin_document(out, OCI_MANIFEST);
	struct oci_blob empty = oci_blob_of(bytes_of_str(OCI_EMPTY_TEXT));

	jsonw_kstr(&w, "artifactType", a->type);
	write_descriptor(&w, "config", OCI_EMPTY, &empty);
	jsonw_key(&w, "layers");
	jsonw_array(&w);
	begin_descriptor(&w, a->type, &a->blob);
	jsonw_key(&w, "annotations");
	jsonw_object(&w);
	jsonw_kstr(&w, "org.opencontainers.image.title", a->name);
	jsonw_end_object(&w);
	jsonw_end_object(&w);
	jsonw_end_array(&w);
	write_descriptor(&w, "subject", OCI_MANIFEST, &a->subject);
	jsonw_key(&w, "annotations");
	jsonw_object(&w);
	write_time(&w, "org.opencontainers.image.created", a->created_s);
	jsonw_end_object(&w);
	jsonw_end_object(&w);
}

static void write_entry(struct jsonw *w, const struct oci_entry *entry)
{
	begin_descriptor(w, OCI_MANIFEST, &entry->manifest);
	if (entry->artifact_type[0])
		jsonw_kstr(w, "artifactType", entry->artifact_type);
	if (entry->platform) {
		jsonw_key(w, "platform");
		jsonw_object(w);
		jsonw_kstr(w, "architecture", entry->platform->architecture);
		jsonw_kstr(w, "os", "linux");
		if (entry->platform->variant[0])
			jsonw_kstr(w, "variant", entry->platform->variant);
		jsonw_end_object(w);
	}
	if (entry->is_zstd) {
		jsonw_key(w, "annotations");
		jsonw_object(w);
		jsonw_kstr(w, "io.github.containers.compression.zstd", "true");
		jsonw_end_object(w);
	}
	jsonw_end_object(w);
}

void oci_write_index(struct buf *out, const struct oci_entry *entry, size_t count)
{
	struct jsonw w = begin_document(out, OCI_INDEX);

	jsonw_key(&w, "manifests");
	jsonw_array(&w);
	for (size_t i = 0; i < count; i++)
		write_entry(&w, &entry[i]);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
}

void oci_write_claim(
	struct buf *out, const char *reference, const struct digest *d, int64_t now_s)
{
	struct jsonw w = jsonw_to(out);

	jsonw_object(&w);
	jsonw_key(&w, "critical");
	jsonw_object(&w);
	jsonw_key(&w, "identity");
	jsonw_object(&w);
	jsonw_kstr(&w, "docker-reference", reference);
	jsonw_end_object(&w);
	jsonw_key(&w, "image");
	jsonw_object(&w);
	write_digest(&w, "docker-manifest-digest", d);
	jsonw_end_object(&w);
	jsonw_kstr(&w, "type", "atomic container signature");
	jsonw_end_object(&w);
	jsonw_key(&w, "optional");
	jsonw_object(&w);
	jsonw_kstr(&w, "creator", "rootyard");
	jsonw_kint(&w, "timestamp", now_s);
	jsonw_end_object(&w);
	jsonw_end_object(&w);
}
