/* layout.h -- where each thing lives in public/: writer, server and reader agree here.
 * Source  design section 4 */
#ifndef LIB_MODEL_LAYOUT_H
#define LIB_MODEL_LAYOUT_H

#include "lib/adapt/digest.h"
#include "lib/base/bytes.h"
#include "lib/model/image.h"

#define LAYOUT_PATH_MAX 512
#define LAYOUT_NAME_MAX 64

/* The one switch: LAYOUT_LIVE -> .gen/N, and the fixed links through it. */
#define LAYOUT_GEN  ".gen"
#define LAYOUT_LIVE ".live"

struct layout_link {
	const char *path;   /* in public/: "meta/1.0" */
	const char *target; /* relative: "../.live/meta/1.0" */
	const char *inside; /* in the generation: "meta/1.0" */
	bool is_dir;
};
extern const struct layout_link layout_links[];
extern const size_t layout_link_count;

/* "images/d/r/a/v/SERIAL" */
void layout_build(
	const struct image *image, const char *serial, char out[LAYOUT_PATH_MAX]) nonnull;
/* "images/d/r/a/v/SERIAL/NAME" */
void layout_artifact(const struct image *image, const char *serial, const char *name,
	char out[LAYOUT_PATH_MAX]) nonnull;
/* The name of the delta that makes a build of the one with this serial, and back: the
 * serial, or false when this is no such name. */
void layout_delta(const char *base_serial, char out[LAYOUT_NAME_MAX]) nonnull;
bool layout_delta_base(const char *name, char serial[SERIAL_MAX]) nonnull;
/* "meta/2/objects/HEX" */
void layout_object(const struct digest *d, char out[LAYOUT_PATH_MAX]) nonnull;
/* "trust/root.N" */
void layout_root(int64_t version, char out[LAYOUT_PATH_MAX]) nonnull;
/* "v2/<repo>/blobs/sha256:HEX" */
void layout_blob(
	const char *repo, const struct digest *d, char out[LAYOUT_PATH_MAX]) nonnull;
/* "v2/<repo>/manifests/sha256:HEX", "v2/<repo>/manifests/TAG" */
void layout_manifest(
	const char *repo, const struct digest *d, char out[LAYOUT_PATH_MAX]) nonnull;
void layout_tag(const char *repo, const char *tag, char out[LAYOUT_PATH_MAX]) nonnull;
/* "v2/<repo>/indexes/sha256:HEX": the bytes of a manifest that is an index, for servers
 * which have to tell from names alone what type a digest has */
void layout_index(
	const char *repo, const struct digest *d, char out[LAYOUT_PATH_MAX]) nonnull;
/* "v2/<repo>/tags/list" */
void layout_tags(const char *repo, char out[LAYOUT_PATH_MAX]) nonnull;
/* "v2/<repo>/referrers/sha256:HEX": what is known about a manifest */
void layout_referrers(
	const char *repo, const struct digest *d, char out[LAYOUT_PATH_MAX]) nonnull;
/* "sigs/<repo>@sha256=HEX", and signature-N in it */
void layout_signatures(
	const char *repo, const struct digest *d, char out[LAYOUT_PATH_MAX]) nonnull;
void layout_signature(const char *repo, const struct digest *d, int64_t number,
	char out[LAYOUT_PATH_MAX]) nonnull;

#define LAYOUT_CURRENT "meta/2/current"
#define LAYOUT_OBJECTS "meta/2/objects"
#define LAYOUT_LOOKUP  "pks/lookup" /* a key server's answer, as a file */

/* The xattr every immutable inode carries: 64 hex digits, no NUL. */
#define LAYOUT_DIGEST_XATTR "user.rootyard.sha256"

/* How a server should call and cache a path (after resolution): facts of names alone. */
enum layout_caching {
	LAYOUT_IMMUTABLE, /* dated paths, objects, blobs */
	LAYOUT_MUTABLE,   /* what .live holds, signatures, pages: no-cache */
};
enum layout_caching layout_caching_of(const char *path) nonnull;

/* "application/json"; for OCI documents (v2/<repo>/manifests/<tag or digest>, indexes, referrers)
 * NULL: the type stands in the document. */
const char *layout_media_type(const char *path) nonnull;

/* Is this a page or an index, which may be sent as a ready-made .br, .zst or .gz that lies
 * beside it? Never what is signed, addressed by its content, or compressed already. */
bool layout_is_negotiated(const char *path) nonnull;

/* Is this a large file that never changes, which may as well come from a bucket: the
 * archives, images and deltas of a build, OCI blobs? */
bool layout_is_payload(const char *path) nonnull;

/* Is this the root file system of an image, or the delta to it: what counts as one
 * download of the image? */
bool layout_is_download(const char *path, struct image *out) nonnull;

/* OCI documents begin {"schemaVersion":2,"mediaType":"...": returns the type in out, or
 * false. */
bool layout_oci_media_type(struct bytes head, char *out, size_t out_size) nonnull;

/* May the server follow the symlink at this path: is it one of the fixed links? NULL if
 * not. */
const struct layout_link *layout_find_link(const char *path) nonnull;

#endif
