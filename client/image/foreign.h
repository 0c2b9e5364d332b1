/* foreign.h -- what servers of other kinds offer, in our terms.
 * In      the index of an lxc-download tree, or index.json and products of simplestreams; from
 *         a server that TLS vouches for at most: hostile
 * Out     builds, sorted by image, newest first; and as a catalog, for list and find
 * Trust   simplestreams: size and digest of each file, told over TLS; lxc: TLS alone. Nothing is
 *         signed and nothing keeps an old index from being shown: list says so on every line
 * Bounds  64 MiB of index, 100,000 builds
 * Errors  ERR_PARSE; entries that name no image in our terms are left out
 * Source  protocols chapter sections 1.4, 2.2 to 2.4 */
#ifndef CLIENT_IMAGE_FOREIGN_H
#define CLIENT_IMAGE_FOREIGN_H

#include "lib/model/catdoc.h"

#define FOREIGN_INDEX_MAX  (64U << 20)
#define FOREIGN_BUILDS_MAX 100000U

struct foreign_file {
	const char *path; /* relative to the base; NULL: none */
	uint64_t size;    /* 0: not known */
	struct digest sha256;
};

struct foreign_build {
	struct image image;
	char serial[SERIAL_MAX];
	struct foreign_file root, meta;
	bool has_digests;
	struct digest combined; /* of meta and root, one behind the other */
	const char *aliases;    /* comma separated, or NULL */
	const char *eol;        /* or NULL */
};

struct foreign {
	struct arena arena;
	struct foreign_build *build;
	size_t count, room;
};

void foreign_release(struct foreign *f) nonnull;
#define auto_foreign with_cleanup(foreign_release)

/* Appends a copy. */
int foreign_add(struct foreign *f, const struct foreign_build *b,
	struct err *e) must_check nonnull;

/* After the last one. */
void foreign_sort(struct foreign *f) nonnull;

/* The newest build of each image as a catalog's lines. */
void foreign_catalog(const struct foreign *f, struct catdoc *out) nonnull;

/* The builds of one image: first of them, and how many. */
size_t foreign_find(const struct foreign *f, const struct image *image,
	const struct foreign_build **out) nonnull;

/* meta/1.0/index-user or index-system. */
int foreign_parse_lxc(
	struct bytes text, struct foreign *out, struct err *e) must_check nonnull;

/* streams/v1/index.json: where the products of images are. */
#define FOREIGN_PRODUCTS_MAX 16
struct foreign_products {
	struct arena arena;
	const char *path[FOREIGN_PRODUCTS_MAX];
	size_t count;
};
void foreign_products_release(struct foreign_products *p) nonnull;
#define auto_foreign_products with_cleanup(foreign_products_release)
int foreign_parse_index(struct bytes json, struct foreign_products *out,
	struct err *e) must_check nonnull;

/* One products file of simplestreams. */
int foreign_parse_products(
	struct bytes json, struct foreign *out, struct err *e) must_check nonnull;

/* Which image a product is, in our terms; false when it is none. */
struct json;
bool foreign_product_image(const struct json *product, struct image *out) nonnull;

#endif
