/* bundle.h -- config.json of an OCI runtime bundle: a command started under the rights that
 * `rootyard run` gives one, by whatever runtime reads it.
 * In      who the caller is and what shall be started
 * Out     the document; root.path is "rootfs", beside it
 * Source  OCI runtime specification 1.0: config.md, config-linux.md; lib/base/profile.h */
#ifndef CLIENT_IMAGE_BUNDLE_H
#define CLIENT_IMAGE_BUNDLE_H

#include "lib/base/jsonw.h"
#include "lib/base/userns.h"

#define BUNDLE_CONFIG_MAX (1U << 20)

struct bundle {
	const char *hostname;
	char *const *argv; /* NULL-terminated; none: a shell */
	const struct subids *ids;
	unsigned int uid, gid; /* the caller */
};

void bundle_config(const struct bundle *b, struct buf *out) nonnull;

#endif
