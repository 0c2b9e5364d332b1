/* catalog_oci.h -- what the catalog knows of v2/ and sigs/, and of files that are staged
 * beside a generation.
 * Shape   roles: layer.zst layer.gz config document (blobs), image.zst image.gz artifact
 *         index (manifests); an index has a row for every build that it names, so that
 *         the rows of a build are all that must go when the build goes
 * Rules   as catalog.h
 * Owns    strings handed to `each` live until it returns */
#ifndef INDEXER_CATALOG_OCI_H
#define INDEXER_CATALOG_OCI_H

#include "indexer/catalog.h"
#include "lib/model/oci.h"

/* Is content of this role a blob, or a manifest; and its path in public/. */
bool oci_role_is_blob(const char *role) nonnull;
void oci_role_path(const char *role, const char *distro, const struct digest *d,
	char out[LAYOUT_PATH_MAX]) nonnull;

/* Every path of public/ that one content accounts for: itself and, of a manifest, what
 * refers to it, the directory of its signatures and, of an index, its second name. */
struct catalog_oci;
#define OCI_PATHS_MAX  4
#define OCI_ROLE_INDEX "index" /* the role of an index */
size_t oci_paths(
	const struct catalog_oci *o, char out[OCI_PATHS_MAX][LAYOUT_PATH_MAX]) nonnull;

int catalog_oci_put(struct catalog *c, int64_t build, const char *role,
	const struct oci_blob *b, struct err *e) must_check nonnull;
int catalog_oci_find(struct catalog *c, int64_t build, const char *role,
	struct oci_blob *out, struct err *e) must_check nonnull;

struct catalog_oci {
	int64_t build;
	const char *distro, *role;
	struct oci_blob blob;
};
typedef int catalog_oci_each(const struct catalog_oci *o, void *ctx, struct err *e);

/* Every content once for each distribution that has it. */
int catalog_oci_walk(struct catalog *c, catalog_oci_each *each, void *ctx,
	struct err *e) must_check nonnull_args(1, 2, 4);

/* What goes when this build goes: its own, shared with no other build of the
 * distribution, and every index that names it. */
int catalog_oci_walk_own(struct catalog *c, int64_t build, catalog_oci_each *each,
	void *ctx, struct err *e) must_check nonnull_args(1, 3, 5);

/* Forgets the rows of a build, and those of indexes that name it. */
int catalog_oci_drop(struct catalog *c, int64_t build, struct err *e) must_check nonnull;

/* Does a distribution have this content, as blob or as manifest? 1, 0, -1. */
int catalog_oci_has(struct catalog *c, const char *distro, bool is_blob,
	const struct digest *d, struct err *e) must_check nonnull;

/* The builds of a distribution that this image manifest is of. */
struct catalog_owner {
	int64_t build;
	char release[IMAGE_PART_MAX + 1], variant[IMAGE_PART_MAX + 1], serial[SERIAL_MAX];
};
int catalog_oci_walk_owners(struct catalog *c, const char *distro,
	const struct digest *image,
	int (*each)(const struct catalog_owner *o, void *ctx, struct err *e), void *ctx,
	struct err *e) must_check nonnull_args(1, 2, 3, 4, 6);

/* ... in this role? */
int catalog_oci_has_role(struct catalog *c, const char *distro, const char *role,
	const struct digest *d, struct err *e) must_check nonnull;

/* Active builds of dirty images that have no rows here yet. */
int catalog_oci_walk_missing(struct catalog *c, catalog_build_each *each, void *ctx,
	struct err *e) must_check nonnull_args(1, 2, 4);

/* ---- groups: the images of one tag, an architecture each */

struct catalog_group {
	char distro[IMAGE_PART_MAX + 1], release[IMAGE_PART_MAX + 1],
		variant[IMAGE_PART_MAX + 1];
};

/* Of dirty images, also those that lost their last build. */
int catalog_group_walk_dirty(struct catalog *c,
	int (*each)(const struct catalog_group *g, void *ctx, struct err *e), void *ctx,
	struct err *e) must_check nonnull_args(1, 2, 4);

/* One image manifest of an active build of a group. */
struct catalog_member {
	int64_t build;
	char arch[IMAGE_PART_MAX + 1], serial[SERIAL_MAX];
	bool is_zstd;
	struct oci_blob manifest;
};

/* Newest serial first. */
int catalog_group_walk(struct catalog *c, const struct catalog_group *g,
	int (*each)(const struct catalog_member *m, void *ctx, struct err *e), void *ctx,
	struct err *e) must_check nonnull_args(1, 2, 3, 5);

/* ---- tags */

struct catalog_tag {
	const char *tag, *serial; /* serial "" for one that moves on */
	struct catalog_group group;
	struct digest index;
};
int catalog_tag_put(
	struct catalog *c, const struct catalog_tag *t, struct err *e) must_check nonnull;
int catalog_tag_drop(struct catalog *c, const char *distro, const char *tag,
	struct err *e) must_check nonnull;

/* Group and digest of a tag; out's strings are not filled. */
int catalog_tag_find(struct catalog *c, const char *distro, const char *tag,
	struct catalog_tag *out, struct err *e) must_check nonnull;
typedef int catalog_tag_each(const struct catalog_tag *t, void *ctx, struct err *e);
int catalog_tag_walk_group(struct catalog *c, const struct catalog_group *g,
	catalog_tag_each *each, void *ctx, struct err *e) must_check
	nonnull_args(1, 2, 3, 5);

/* By tag; of one distribution, or of all when `distro` is NULL. */
int catalog_tag_walk(struct catalog *c, const char *distro, catalog_tag_each *each,
	void *ctx, struct err *e) must_check nonnull_args(1, 3, 5);

/* ---- claims: which reference names which manifest, signed in sigs/ */

struct catalog_claim {
	const char *distro, *reference;
	struct digest manifest;
	int64_t number; /* of its file */
};

/* Finds or makes the row, and its number; 1 the signature must be made: it is new or was
 * another key's, 0 it is there. */
int catalog_claim_put(struct catalog *c, struct catalog_claim *claim, const char *signer,
	struct err *e) must_check nonnull;

/* Notes one that is there. */
int catalog_oci_signature_put(struct catalog *c, const char *distro,
	const struct digest *d, const char *reference, int64_t number, const char *signer,
	struct err *e) must_check nonnull;

typedef int catalog_claim_each(
	const struct catalog_claim *claim, void *ctx, struct err *e);

/* Those that were not signed by `but`; "" for all. */
int catalog_claim_walk(struct catalog *c, const char *but, catalog_claim_each *each,
	void *ctx, struct err *e) must_check nonnull;
int catalog_claim_count(struct catalog *c, const char *but, int64_t *out,
	struct err *e) must_check nonnull;
int catalog_claim_set_signer(
	struct catalog *c, const char *signer, struct err *e) must_check nonnull;

/* Forgets who signed one, so that the next publication signs it. */
int catalog_claim_unsign(struct catalog *c, const struct catalog_claim *claim,
	struct err *e) must_check nonnull;

/* Is there a claim with this number about this manifest? 1, 0, -1. */
int catalog_claim_has(struct catalog *c, const char *distro, const struct digest *d,
	int64_t number, struct err *e) must_check nonnull;

/* ---- files that are staged beside a generation */

enum staged_phase { STAGED_BEFORE, STAGED_AFTER };

struct staged_file {
	const char *path;
	enum staged_phase phase;
	const struct bytes *text; /* or NULL */
	const char *source;       /* or NULL: a path in public/; neither: remove */
};
int catalog_staged_put(
	struct catalog *c, const struct staged_file *f, struct err *e) must_check nonnull;

/* By path. */
int catalog_staged_walk(struct catalog *c, enum staged_phase phase,
	int (*each)(const struct staged_file *f, void *ctx, struct err *e), void *ctx,
	struct err *e) must_check nonnull_args(1, 3, 5);
int catalog_staged_clear(struct catalog *c, struct err *e) must_check nonnull;

/* Images whose pages must be written anew: those of a plan that change. */
int catalog_dirty_put(struct catalog *c, int64_t image, struct err *e) must_check nonnull;

#endif
