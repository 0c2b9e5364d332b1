/* regzip.h -- a .gz file as its contents and a recipe that makes the same bytes again.
 * Shape   recipe: varint length, bytes of the gzip header; u8 level | 0x80 when GNU gzip made
 *         it; varint count of blocks; a varint symbols << 2 | kind for each; varint length,
 *         bytes of what follows the stream
 * Bounds  file, contents and recipe as in deflate.h and here
 * Errors  ERR_PARSE when it is no .gz or a recipe that is none; ERR_LIMIT beyond bounds
 * Source  RFC 1952 */
#ifndef LIB_MODEL_REGZIP_H
#define LIB_MODEL_REGZIP_H

#include "lib/base/buf.h"

#define REGZIP_RECIPE_MAX (64U << 10)

/* Appends the contents of one .gz file with a single member. */
int regzip_contents(
	struct bytes gz, struct buf *content, struct err *e) must_check nonnull;

/* For the publisher: contents and the recipe; proven, by making it, to give these bytes.
 * 1 there is one, 0 nothing we know made this file (or it is no .gz), -1. */
int regzip_analyse(struct bytes gz, struct buf *content, struct buf *recipe,
	struct err *e) must_check nonnull;

/* Appends the .gz file. */
int regzip_make(struct bytes content, struct bytes recipe, struct buf *out,
	struct err *e) must_check nonnull;

#endif
