/* ociref.h -- the name of an image in a container registry, as people type it.
 * In      [docker://][http://|https://][HOST[:PORT]/]REPOSITORY[:TAG][@sha256:HEX]
 * Rules   a first component with a dot or a colon, or "localhost", is a host, without one
 *         it is `base`, or Docker Hub, where a plain name lies in library/; the tag is
 *         `latest` when none is said; loopback is spoken to without TLS, all else with it
 *         unless http:// is said
 * Errors  ERR_RECIPE says what is not understood
 * Source  OCI distribution-spec 1.1, Pulling manifests; docker-image-tag(1) */
#ifndef BUILDER_OCIREF_H
#define BUILDER_OCIREF_H

#include "lib/model/oci.h"

#define OCIREF_PART_MAX 256

struct ociref {
	char base[OCIREF_PART_MAX + 16]; /* "https://registry.example:5000" */
	char repo[OCIREF_PART_MAX];
	char tag[OCI_TAG_MAX]; /* "" with a digest alone */
	bool has_digest;
	struct digest digest;
};

/* base: where names without a host are looked for; NULL: Docker Hub. */
int ociref_parse(const char *text, const char *base, struct ociref *out,
	struct err *e) must_check nonnull_args(1, 3, 4);

#endif
