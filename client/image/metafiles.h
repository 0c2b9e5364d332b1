/* metafiles.h -- the files of meta.tar.xz, and what of an image's config may be
 * believed; or those of Incus' incus.tar.xz, of which METAFILE_FILES is made.
 * Rules   SEC-42: at most 64 regular files out of a fixed list, 1 MiB in all; SEC-43: of
 *         a config only settings that cannot reach the host are stored
 * Source  protocols chapter section 1.6; lxc.container.conf(5) */
#ifndef CLIENT_IMAGE_METAFILES_H
#define CLIENT_IMAGE_METAFILES_H

#include "lib/base/buf.h"

#define METAFILES_BYTES_MAX (1U << 20)
#define METAFILES_COUNT_MAX 64

#define METAFILE_FILES "files" /* as incusfiles.h says */

/* Is it one of the names that metafiles_read gives? */
bool metafile_is_known(const char *name) nonnull;

/* Is it stored? (fstab is not: mounts never come from an image.) */
bool metafile_is_kept(const char *name) nonnull;

/* Reads an archive of either kind from fd and gives each file to `found`. Runs in the confined child.
 */
int metafiles_read(int fd,
	int (*found)(void *ctx, const char *name, struct bytes content, struct err *e),
	void *ctx, struct err *e) must_check nonnull_args(2, 4);

/* The content of a file as it is stored: lines of a config that are not allowed are
 * dropped, and their keys named (blank separated) in dropped. */
void metafile_filter(const char *name, struct bytes content, struct buf *out,
	struct buf *dropped) nonnull;

#endif
