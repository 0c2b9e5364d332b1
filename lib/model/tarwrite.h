/* tarwrite.h -- the one tar dialect: the archive is a pure function of manifest and
 * contents.
 * Shape   "tar dialect 1", formats chapter section 7: ustar headers, members ./path,
 *         directories with a trailing slash, a pax header only where ustar cannot say
 *         it, two zero blocks, padded to 10240
 * Source  POSIX.1-2017 pax */
#ifndef LIB_MODEL_TARWRITE_H
#define LIB_MODEL_TARWRITE_H

#include "lib/model/manifest.h"

/* Appends the header blocks of one entry (a pax header first where needed). number: of
 * the entry in the manifest, from 0. */
void tarwrite_header(
	const struct manifest_entry *entry, size_t number, struct buf *out) nonnull;

/* Everything in a tar is so many bytes long, or a multiple. */
#define TARWRITE_BLOCK 512U

/* How many zero bytes follow a content of this size. */
unsigned int tarwrite_padding(uint64_t size);

/* How many zero bytes end an archive whose members take so_far bytes. */
uint64_t tarwrite_trailer(uint64_t so_far);

/* Bytes the whole archive takes (header blocks included). */
uint64_t tarwrite_size(const struct manifest *m) nonnull;

#endif
