/* proposal.h -- the next root document: proposed here, signed elsewhere, brought back.
 * Shape   root.N in the operator's directory: an envelope without signatures
 * Rules   changes that wait in that file are kept and added to, without the signatures
 *         they may have; what is written is read back by the same parser as clients'
 * Owns    the documents that the next one borrows from */
#ifndef INDEXER_PROPOSAL_H
#define INDEXER_PROPOSAL_H

#include "indexer/yard.h"
#include "lib/model/trustedit.h"

struct proposal {
	struct yard *yard;
	struct trust_root now, waiting;
	struct trust_root next; /* borrows from both and from the arena */
	struct arena arena;
	char name[32]; /* root.N */
	bool is_added_to;
};

int proposal_open(struct yard *y, struct proposal *out, struct err *e) must_check nonnull;
void proposal_release(struct proposal *p) nonnull;
#define auto_proposal with_cleanup(proposal_release)

/* Forgets what expired or is not used any more, checks, and writes the file. */
int proposal_write(struct proposal *p, struct err *e) must_check nonnull;

/* Are these the signatures that the root role of `by` demands? */
int root_check_signed(const struct envelope *v, const struct trust_root *by,
	int64_t now_s, struct err *e) must_check nonnull;

/* An envelope that holds a root document. */
int root_open(struct bytes text, struct envelope *v, struct trust_root *out,
	struct err *e) must_check nonnull;

#endif
