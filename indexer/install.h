/* install.h -- a signed root becomes the newest of the tree: the one writer of trust/.
 * Rules   verified as every client does; a root that would leave nobody here who can sign
 *         is refused. Before a root that takes the current key away appears, `current` is
 *         signed by the keys of the old and of the new one, so that a client on either
 *         believes it
 * Errors  ERR_UNTRUSTED names what is not signed; ERR_CONFLICT for another version or
 *         repository */
#ifndef INDEXER_INSTALL_H
#define INDEXER_INSTALL_H

#include "indexer/keys.h"

struct installed {
	int64_t version;
	bool is_new; /* else it was the newest already */
};

int root_install(struct yard *y, struct bytes text, struct installed *out,
	struct err *e) must_check nonnull;

/* Removes the proposal that came back signed: the last step, so that a command that was cut off
 * before can be given once more. */
int root_forget_proposal(
	struct yard *y, int64_t version, struct err *e) must_check nonnull;

#endif
