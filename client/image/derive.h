/* derive.h -- the manifest of a tree whose archive came without one. Runs in the confined child
 * only.
 * In      the entries of an archive as they were judged and written, in its order
 * Out     a manifest: root, directories by path, then everything else in the archive's order, so
 *         that an archive of ours gives the very manifest that it was made from
 * Rules   a later entry of a name replaces an earlier one, as it did on disk; what was not
 *         written is not in it
 * Errors  ERR_PARSE for what a manifest cannot say
 * Owns    copies of all it was given */
#ifndef CLIENT_IMAGE_DERIVE_H
#define CLIENT_IMAGE_DERIVE_H

#include "lib/model/manifest.h"
#include "lib/model/unpackpolicy.h"

struct derive;

struct derive *derive_new(void);
void derive_free(struct derive **d) nonnull;
#define auto_derive with_cleanup(derive_free)

/* Is there an entry of this path ("": the root)? */
bool derive_has(struct derive *d, const char *path) nonnull;

/* One entry that was written; content: of a file. */
int derive_add(struct derive *d, const char *path, const struct unpack_entry *entry,
	const struct digest *content, struct err *e) must_check nonnull_args(1, 2, 3, 5);

/* All but tar size and diff id. */
int derive_finish(
	struct derive *d, struct manifest *out, struct err *e) must_check nonnull;

#endif
