/* sbom.h -- sbom.spdx.json: what an image contains, for those who ask about licences and
 * vulnerabilities.
 * Shape   SPDX 2.3 as JSON; one package for the image, one for each in its database, with
 *         a package URL and, where the build knows them, the file's place and digest; the
 *         same tree and packages give the same bytes
 * Bounds  64 MiB
 * Source  https://spdx.github.io/spdx-spec/v2.3/; https://github.com/package-url/purl-spec */
#ifndef BUILDER_SBOM_H
#define BUILDER_SBOM_H

#include "builder/packages.h"

#include "lib/model/build.h"

struct sbom_in {
	const struct image *image;
	const struct packages *packages;
	const struct build_source *source; /* where package files came from */
	size_t source_count;
	const struct digest *id; /* of the image */
	int64_t epoch_s;
	const char *tool; /* "rootyard 0.1.0" */
};

int sbom_format(
	const struct sbom_in *in, struct buf *out, struct err *e) must_check nonnull;

/* "pkg:deb/debian/zlib1g@1%3A1.3?arch=amd64": appended. */
void sbom_purl(const char *kind, const char *distro, const struct package *p,
	struct buf *out) nonnull;

#endif
