/* registry.h -- an image of a container registry: which layers, what proves them.
 * Rules   a digest, in the reference or pinned for it in releases.yaml, proves the whole,
 *         and what is kept of it is not asked for again; a tag alone proves nothing; of
 *         several images the one for the architecture is taken, and it must say that it
 *         is; documents are parsed by a confined child
 * Bounds  128 layers, 4 indexes in a row, documents of 4 MiB
 * Errors  ERR_UNTRUSTED, ERR_UPSTREAM, ERR_NOTFOUND; those of fetched.h
 * Source  OCI distribution-spec 1.1; image-spec 1.1 */
#ifndef BUILDER_REGISTRY_H
#define BUILDER_REGISTRY_H

#include "builder/fetched.h"
#include "builder/ociref.h"

#define REGISTRY_LAYERS_MAX 128

struct registry_image {
	const struct ociref *ref;
	bool proven;
	struct oci_blob config;
	struct oci_blob layer[REGISTRY_LAYERS_MAX];
	size_t count;
};

/* text: the reference as the recipe has it, which releases.yaml may pin. */
int registry_find(struct job *j, const char *text, const struct ociref *ref,
	struct registry_image *out, struct err *e) must_check nonnull;

int registry_layer(struct job *j, const struct registry_image *i, size_t n,
	struct fetched *out, struct err *e) must_check nonnull;

#endif
