/* importtree.h -- a tree collected from tars: entries in memory, contents in one unnamed
 * file.
 * Rules   later entries replace earlier ones, as tar does; in layers .wh.NAME removes and
 *         .wh..wh..opq empties; device nodes and what lies in /dev, /proc, /sys, /run and
 *         /tmp is left out and counted; missing directories are made (0755, root)
 *         The result is in the order of lib/model/manifest.h, with nothing grouped: it is
 *         not known who owns what
 * Bounds  MANIFEST_ENTRIES_MAX entries; UNPACK_LIMITS_HARD
 * Owns    everything, until importtree_release */
#ifndef INDEXER_IMPORTTREE_H
#define INDEXER_IMPORTTREE_H

#include "lib/model/pack.h"
#include "lib/model/unpackpolicy.h"

struct importtree;

/* staging_fd: where the unnamed file is made. */
int importtree_new(
	int staging_fd, struct importtree **out, struct err *e) must_check nonnull;
void importtree_free(struct importtree **t) nonnull;
#define auto_importtree with_cleanup(importtree_free)

enum importtree_flags {
	IMPORTTREE_LAYER = 1, /* whiteouts are meant */
	IMPORTTREE_ALL = 2,   /* nothing is left out: an archive of something else */
};

/* Reads one plain tar to its end. */
int importtree_add_tar(struct importtree *t, const struct reader *tar, unsigned int flags,
	struct err *e) must_check nonnull;

/* A regular file's content: 1 there, 0 not. out lives as long as slice and tree. */
struct importslice {
	int fd;
	uint64_t at, left;
};
int importtree_find(struct importtree *t, const char *path, struct importslice *slice,
	struct reader *out, struct err *e) must_check nonnull;
struct reader importslice_reader(struct importslice *s) nonnull;

/* Sorts it, and checks what a client would refuse. ERR_PARSE names the entry. */
int importtree_finish(struct importtree *t, struct err *e) must_check nonnull;

/* After finish. */
struct pack_source importtree_source(struct importtree *t) nonnull;
int64_t importtree_newest_s(const struct importtree *t) nonnull;
uint64_t importtree_left_out(const struct importtree *t) nonnull;

#endif
