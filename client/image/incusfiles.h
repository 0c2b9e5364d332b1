/* incusfiles.h -- the templates of an Incus image become files that wait for a name.
 * In      metadata.yaml and templates/NAME; runs in the confined child
 * Out     what rootfiles of a container are made of, per template one record
 *             PATH WHEN LENGTH LF <LENGTH bytes> LF
 *         WHEN is create or start, with -new behind it where a file that is there stays;
 *         or skip, and the bytes say why it cannot be rendered. The byte 1 stands for the
 *         container's name, everything else is known when an image is stored.
 * Rules   SEC-44: no include, nothing of the host is told; a path is absolute and plain; a
 *         text with the byte 0 or 1 is skipped
 * Errors  ERR_PARSE, ERR_LIMIT, ERR_UNTRUSTED of a metadata.yaml that cannot be read
 * Source  protocols chapter section 3; Incus' image format */
#ifndef CLIENT_IMAGE_INCUSFILES_H
#define CLIENT_IMAGE_INCUSFILES_H

#include "lib/base/buf.h"

#define INCUSFILES_NAME '\1'
#define INCUS_METADATA  "metadata.yaml"
#define INCUS_TEMPLATES "templates/"

/* Is it a name of a template's file, as templates/hosts.tpl? */
bool incusfiles_is_template(const char *name) nonnull;

/* A file of the archive. */
struct incus_source {
	const char *name;
	struct bytes content;
};

int incusfiles_render(const struct incus_source *file, size_t count, struct buf *out,
	struct err *e) must_check nonnull;

#endif
