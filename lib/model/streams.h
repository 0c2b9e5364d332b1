/* streams.h -- streams/v1/index.json and images.json: what Incus, LXD and python
 * simplestreams read.
 * Shape   "index:1.0" and "products:1.0"; written piece by piece; a newline after each
 *         product and version, because gpg's clearsigned lines are bounded
 * Rules   one document serves both clients: Incus reads the item incus.tar.xz, LXD
 *         lxd.tar.xz, and each skips a root whose combined digest the meta item does not
 *         state; requirements are strings; no key may change its type
 * Source  protocols chapter section 2 */
#ifndef LIB_MODEL_STREAMS_H
#define LIB_MODEL_STREAMS_H

#include "lib/adapt/digest.h"
#include "lib/base/buf.h"
#include "lib/model/image.h"

/* A file that makes an image together with the metadata. */
struct streams_root {
	const char *name;     /* in the tree: "rootfs.squashfs" */
	const char *item;     /* key among the items: "root.squashfs" */
	const char *ftype;    /* what clients know it by */
	const char *combined; /* the meta item's key for sha256(metadata || root) */
};
#define STREAMS_ROOTS 2
extern const struct streams_root streams_roots[STREAMS_ROOTS];
#define STREAMS_META "incus.tar.xz"

/* The row of a file name, or NULL. */
const struct streams_root *streams_root_find(const char *name) nonnull;

/* What a key of a requirement may be long, its NUL included. */
#define STREAMS_REQUIREMENT_MAX 32

/* ---- images.json, in the order of the calls */

struct streams_product {
	struct image image;
	const char *aliases;      /* comma-separated, no spaces */
	const char *eol;          /* YYYY-MM-DD or "" */
	const char *requirements; /* "key=value\n" lines, sorted */
};

struct streams_file {
	const char *path; /* images/... */
	uint64_t size;
	struct digest sha256, combined; /* combined: of roots */
};

struct streams_version {
	const char *serial;
	struct streams_file meta;
	struct streams_file root[STREAMS_ROOTS]; /* by streams_roots; path NULL: absent */
};

void streams_images_begin(struct buf *out) nonnull;
void streams_product_begin(struct buf *out, const struct streams_product *p) nonnull;
void streams_version(struct buf *out, const struct streams_version *v) nonnull;
void streams_product_end(struct buf *out) nonnull;
void streams_images_end(struct buf *out, int64_t updated_s) nonnull;

/* ---- index.json; path "streams/v1/images.json" or its clearsigned twin */

void streams_index_begin(struct buf *out, const char *path) nonnull;
void streams_index_product(struct buf *out, const struct image *image) nonnull;
void streams_index_end(struct buf *out, int64_t updated_s) nonnull;

#endif
