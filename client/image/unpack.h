/* unpack.h -- a verified archive becomes a tree. Runs in the confined child only.
 * In      descriptors at offset 0; the limits of a signed document, or the hard ones
 * Out     the tree beneath root_fd; reports of progress, metadata files and the end
 * Rules   SEC-31 to SEC-41; with a manifest every entry is compared while it is written,
 *         and the raw bytes with the diff id
 * Errors  whatever it is, the tree is the parent's to remove */
#ifndef CLIENT_IMAGE_UNPACK_H
#define CLIENT_IMAGE_UNPACK_H

#include "client/image/rawtar.h"
#include "lib/model/unpackpolicy.h"

struct unpack_job {
	int archive_fd;
	const struct gate *gate; /* of an archive that still arrives, or NULL */
	enum unpack_coding coding;
	int root_fd;
	int manifest_fd; /* -1: nothing to compare with; of a delta: to be written */
	bool derive; /* the archive came without a manifest: it is written to manifest_fd */
	int base_fd, base_manifest_fd; /* of a delta: the stored tree */
	struct digest id;              /* of a delta: what its manifest must be */
	int meta_fd;                   /* -1: none */
	struct digest diff_id;         /* with a manifest */
	struct unpack_limits limits;   /* with a manifest also what it must come to */
	unsigned int tree_flags;
};

struct unpack_done {
	uint64_t entries, bytes, skipped;
};

int unpack_run(
	const struct unpack_job *job, int report_fd, struct err *e) must_check nonnull;

#endif
