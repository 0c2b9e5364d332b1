/* rebuild.h -- the catalog made again from what is published, and proven by it.
 * Rules   believes the signed chain alone: roots, `current`, catalog, image documents; of a
 *         build, what its SHA256SUMS lists with these bytes, vouched for by a document or
 *         by its signature. The indexes that the new catalog makes must be the published
 *         ones byte by byte
 * Shape   findings are one line "images/...: sentence"; with any, there is no new catalog
 * Errors  ERR_UNTRUSTED, ERR_DAMAGED with the path
 * Owns    what rebuild_release frees */
#ifndef INDEXER_REBUILD_H
#define INDEXER_REBUILD_H

#include "indexer/notary.h"
#include "lib/model/catdoc.h"

#define REBUILD_KEYS_MAX 64

/* A key that some root gave a role. */
struct rebuild_key {
	const char *fpr;
	struct bytes armor;
	int64_t from_s;
	bool may_publish, may_stamp;
};

struct rebuild {
	struct yard *yard; /* its catalog is the one that is made */
	struct notary *notary;
	bool site_changed; /* the operator says so: indexes need not be equal */
	void (*say)(const char *line, void *ctx);  /* a finding */
	void (*warn)(const char *line, void *ctx); /* what hinders nothing */
	void *ctx;

	size_t findings;
	size_t images, builds, files, unmarked, held;
	int64_t live, published_s; /* the generation, and when it was made */
	int64_t version;           /* of `current` */
	struct digest payload;     /* its */
	struct digest catalog_id;  /* of the catalog of images */

	struct arena arena;
	struct rebuild_key key[REBUILD_KEYS_MAX];
	size_t key_count;
	struct verifier *verifier; /* knows all of them */
	char publish_fpr[FPR_MAX]; /* whose key made the .asc of the generation */
	char stamp_fpr[FPR_MAX];   /* whose key signed `current` */
	struct catdoc catalog;
	struct catalog_signing *signing; /* newest first */
	size_t signing_count, signing_room;
};

/* Fills the empty catalog of the yard; 0 also with findings. */
int rebuild_run(struct rebuild *r, struct err *e) must_check nonnull;
void rebuild_release(struct rebuild *r) nonnull;
#define auto_rebuild with_cleanup(rebuild_release)

/* Reports; returns 0, so that the reading can go on. */
int rebuild_find(struct rebuild *r, const char *path, const char *fmt, ...) nonnull
	printf_like(3, 4);

/* Whose key signed this for `path`? Any key that ever might publish: ERR_UNTRUSTED when it
 * was none of them. */
int rebuild_signer(struct rebuild *r, struct bytes data, struct bytes asc,
	const char *path, char out[FPR_MAX], struct err *e) must_check nonnull;

/* The same for a message that carries its text inside. */
int rebuild_open_message(struct rebuild *r, struct bytes message, struct buf *text,
	char out[FPR_MAX], struct err *e) must_check nonnull;

/* May this key publish now? */
bool rebuild_trusts(const struct rebuild *r, const char *fpr) nonnull;

/* The only key that ever might publish, or NULL. */
const char *rebuild_only_publisher(const struct rebuild *r) nonnull;

/* ---- the parts, in order */

int rebuild_trust(struct rebuild *r, struct err *e) must_check nonnull;
int rebuild_documents(struct rebuild *r, struct err *e) must_check nonnull;

/* Published builds; then, with is_late, those that nothing published names: held. */
int rebuild_builds(struct rebuild *r, bool is_late, struct err *e) must_check nonnull;
int rebuild_generations(struct rebuild *r, struct err *e) must_check nonnull;
int rebuild_signings(struct rebuild *r, struct err *e) must_check nonnull;
int rebuild_keys(struct rebuild *r, struct err *e) must_check nonnull;
int rebuild_oci(struct rebuild *r, struct err *e) must_check nonnull;

#endif
