/* exportbundle.h -- a stored image as an OCI runtime bundle: DIR/config.json, DIR/rootfs.
 * Rules   the tree is the tar that was signed for, proven while it is unpacked anew
 * Errors  of newdir.h and stored.h; DIR is as it was */
#ifndef CLIENT_IMAGE_EXPORTBUNDLE_H
#define CLIENT_IMAGE_EXPORTBUNDLE_H

#include "client/image/stored.h"
#include "lib/base/out.h"

/* argv empty: a shell. */
int export_bundle(const struct stored *s, const char *hostname, char *const *argv,
	const char *path, struct out *out, struct err *e) must_check nonnull;

#endif
