/* templates.h -- files of an image that wait for the container's name.
 * In      the image's list (LXC's `templates`): one path of the root a line
 * Rules   the five names that LXC knows are substituted in regular files only, reached
 *         without any link; places of the host are told as LXC's defaults, never as they
 *         are. A file without such a name, or of more than 64 KiB, is not touched, so it
 *         may be done at every start.
 * Owns    nothing and allocates nothing: used behind the clone
 * Source  the download template of LXC; the image format of Incus */
#ifndef CLIENT_RUN_TEMPLATES_H
#define CLIENT_RUN_TEMPLATES_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

#define TEMPLATE_MAX (64U << 10)

int templates_fill(int root_fd, const char *list, const char *name,
	struct err *e) must_check nonnull;

/* Files that are made whole (incusfiles.h): records PATH WHEN LENGTH LF CONTENT LF, in which
 * the byte 1 stands for the name. Those of `create` are made until the container's own layer
 * has something under that path; upper_fd: -1 when the layer is new. */
int templates_place(int root_fd, int upper_fd, const char *records, const char *name,
	struct err *e) must_check nonnull;

/* The pure part: the number of bytes written to out, 0 when there is nothing to be
 * substituted or no room. */
size_t template_substitute(
	struct bytes text, const char *name, char *out, size_t out_size) nonnull;

#endif
