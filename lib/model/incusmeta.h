/* incusmeta.h -- incus.tar: metadata.yaml and templates/, as Incus and LXD read them.
 * Shape   bare member names, metadata.yaml first; templates sorted, of several with one
 *         path or file the last that was given
 * Errors  ERR_LIMIT
 * Owns    nothing
 * Source  recipes chapter section 3; protocols chapter section 3 */
#ifndef LIB_MODEL_INCUSMETA_H
#define LIB_MODEL_INCUSMETA_H

#include "lib/base/buf.h"

struct incusmeta_property {
	const char *key, *value;
};

struct incusmeta_template {
	const char *path; /* inside the container */
	const char *file; /* NAME.tpl */
	const char *content;
	const char *const *when; /* with none: create and copy */
	size_t when_count;
	const struct incusmeta_property *property;
	size_t property_count;
};

struct incusmeta {
	const char *architecture; /* the kernel's name: x86_64 */
	int64_t created_s, expires_s, mtime_s;
	const struct incusmeta_property *property; /* in the order given */
	size_t property_count;
	const struct incusmeta_template *template;
	size_t template_count;
};

/* Appends the raw tar, before xz. */
int incusmeta_format(
	const struct incusmeta *m, struct buf *tar, struct err *e) must_check nonnull;

#endif
