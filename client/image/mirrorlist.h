/* mirrorlist.h -- the files of a mirror, as its last run left them.
 * Shape   text: "rootyard-mirror 1 KIND SOURCE KEYS\n", then "SHA256 SIZE SINCE PATH\n" sorted by
 *         path. KIND as remotes have it; SOURCE the number of the repository, or the URL of one
 *         that has none; KEYS the version of the root under which signatures were checked, or, of
 *         a source that signs nothing, the number of the generation. SINCE
 *         0: the source names it; else the time when it no longer did
 * Bounds  64 MiB
 * Errors  ERR_DAMAGED for a text that is not what we wrote
 * Owns    its arena owns every string */
#ifndef CLIENT_IMAGE_MIRRORLIST_H
#define CLIENT_IMAGE_MIRRORLIST_H

#include "lib/base/relpath.h"
#include "lib/model/trust.h"

#define MIRRORLIST_MAX (64U << 20)

struct mirrorline {
	struct trust_object content;
	int64_t since_s;
};

struct mirrorlist {
	struct arena arena;
	const char *kind, *source; /* NULL: nothing was mirrored yet */
	int64_t keys;
	struct mirrorline *line;
	size_t count, room;
	const struct mirrorline **by_content; /* after mirrorlist_sort */
};

void mirrorlist_release(struct mirrorlist *l) nonnull;
#define auto_mirrorlist with_cleanup(mirrorlist_release)

int mirrorlist_parse(
	struct bytes text, struct mirrorlist *out, struct err *e) must_check nonnull;
void mirrorlist_format(const struct mirrorlist *l, struct buf *out) nonnull;

/* Copies the path. */
void mirrorlist_add(struct mirrorlist *l, const struct trust_object *content,
	int64_t since_s) nonnull;

/* By path, each once: what the source names before what it named; needed before any search. */
void mirrorlist_sort(struct mirrorlist *l) nonnull;

/* NULL when there is none. */
const struct mirrorline *mirrorlist_find(
	const struct mirrorlist *l, const char *path) nonnull;

/* The first line of this content, and where its equals end. */
const struct mirrorline *const *mirrorlist_find_content(const struct mirrorlist *l,
	const struct trust_object *content, const struct mirrorline *const **end) nonnull;

#endif
