/* oci.h -- documents of the OCI image and distribution specifications.
 * Shape   every document begins {"schemaVersion":2,"mediaType":"...", so that a static
 *         server can tell its type from its first bytes; the same facts give the same
 *         bytes, which are what is hashed
 * Bounds  4 MiB, as container engines have it
 * Errors  ERR_PARSE names the key
 * Owns    a parsed document's arena owns its strings and arrays
 * Source  OCI image-spec 1.1 (manifest, image-index, config), distribution-spec 1.1
 *         (tags, referrers), containers-signature(5) */
#ifndef LIB_MODEL_OCI_H
#define LIB_MODEL_OCI_H

#include "lib/adapt/digest.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/model/image.h"

#define OCI_DOC_MAX (4U << 20)
#define OCI_TAG_MAX 129 /* with the NUL */

#define OCI_INDEX    "application/vnd.oci.image.index.v1+json"
#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_CONFIG   "application/vnd.oci.image.config.v1+json"
#define OCI_EMPTY    "application/vnd.oci.empty.v1+json"
#define OCI_TAR_ZSTD "application/vnd.oci.image.layer.v1.tar+zstd"
#define OCI_TAR_GZIP "application/vnd.oci.image.layer.v1.tar+gzip"

/* The content behind OCI_EMPTY. */
#define OCI_EMPTY_TEXT "{}"

/* What Debian calls an architecture, as OCI calls it; variant may be "". */
struct oci_platform {
	const char *architecture, *variant;
};

/* NULL for an architecture that OCI has no name for. */
const struct oci_platform *oci_platform_of(const char *arch) nonnull;

/* May a repository be called so? A distribution may, unless it ends in '-' or the like.
 */
bool oci_repo_is_valid(const char *name) nonnull;

/* RELEASE[-VARIANT][-SERIAL] without the variant "default", without a serial's colon;
 * serial may be "". false when that is no tag. */
bool oci_tag_format(const char *release, const char *variant, const char *serial,
	char out[OCI_TAG_MAX]) nonnull;

/* Content by digest. */
struct oci_blob {
	struct digest sha256;
	uint64_t size;
};
struct oci_blob oci_blob_of(struct bytes text);

/* ---- writing */

struct oci_config {
	struct image image;
	const char *serial, *description;
	int64_t created_s;
	struct digest diff; /* of the raw tar */
};
void oci_write_config(struct buf *out, const struct oci_config *c) nonnull;

/* One image for one platform: its config and its one layer (OCI_TAR_...). */
void oci_write_manifest(struct buf *out, const struct oci_blob *config,
	const char *layer_type, const struct oci_blob *layer) nonnull;

/* A document about an image: the blob, its type and file name, and the manifest it is
 * about. */
struct oci_artifact {
	const char *type, *name;
	struct oci_blob blob, subject;
	int64_t created_s;
};
void oci_write_artifact(struct buf *out, const struct oci_artifact *a) nonnull;

/* What an index lists: an image of a platform, or an artifact (platform NULL). */
struct oci_entry {
	struct oci_blob manifest;
	const struct oci_platform *platform;
	const char *artifact_type; /* "" for an image */
	bool is_zstd; /* engines that know zstd choose it by its annotation */
};
void oci_write_index(struct buf *out, const struct oci_entry *entry, size_t count)
	nonnull_args(1);

/* The claim that a key makes with a simple signature: this reference is this digest. */
void oci_write_claim(struct buf *out, const char *reference, const struct digest *d,
	int64_t now_s) nonnull;

/* ---- reading */

struct oci_descriptor {
	const char *media_type;
	struct digest sha256;
	uint64_t size;
	const char *architecture, *os, *variant; /* "" when not said */
};

struct oci_doc {
	struct arena arena;
	const char *media_type;                /* OCI_INDEX or OCI_MANIFEST */
	const char *artifact_type;             /* "" for an image */
	struct oci_descriptor config, subject; /* media_type NULL when absent */
	struct oci_descriptor *item; /* manifests of an index, layers of a manifest */
	size_t count;
};
int oci_parse(struct bytes text, struct oci_doc *out, struct err *e) must_check nonnull;

/* One that another registry made: it need not say its type, and Docker's types are taken
 * for those they became. */
int oci_parse_foreign(
	struct bytes text, struct oci_doc *out, struct err *e) must_check nonnull;
#define DOCKER_LIST     "application/vnd.docker.distribution.manifest.list.v2+json"
#define DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"

/* The architecture that an image's config names, "" when it does not; copied. */
int oci_config_arch(
	struct bytes text, char *out, size_t out_size, struct err *e) must_check nonnull;
void oci_doc_release(struct oci_doc *d) nonnull;
#define auto_oci_doc with_cleanup(oci_doc_release)

#endif
