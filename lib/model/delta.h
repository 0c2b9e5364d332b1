/* delta.h -- the tree of one image, told by the tree of another.
 * Shape   a head of DELTA_HEAD_SIZE bytes; the new manifest packed behind the old one; a table;
 *         the payloads, one after another (docs/FORMAT.md). Little endian
 * Rules   which contents are told follows from both manifests (delta_plan): those that the old
 *         tree lacks, in the order of the new one, each once, cut into pieces of DELTA_PIECE_MAX;
 *         a piece's base is the piece at the same place of the base file. Both manifests carry the
 *         digests, so the delta needs none: the reader checks every base before it is used and
 *         every result before it is kept
 * Bounds  as of manifests; the table names as many pieces as the plan
 * Errors  ERR_PARSE for what fits neither manifest, ERR_LIMIT beyond bounds
 * Owns    a plan owns its records; they index both manifests, which outlive it */
#ifndef LIB_MODEL_DELTA_H
#define LIB_MODEL_DELTA_H

#include "lib/model/deltapiece.h"
#include "lib/model/manifest.h"

#define DELTA_HEAD_SIZE 112
#define DELTA_NO_BASE   UINT32_MAX

/* One content that the old tree lacks. */
struct delta_record {
	uint32_t entry; /* in the new manifest */
	uint32_t base;  /* in the old manifest, or DELTA_NO_BASE */
	uint32_t piece, piece_count;
};

struct delta_piece {
	unsigned char method;
	uint64_t offset; /* of the payload, in the file */
	uint32_t len;
};

/* Where the content of one entry of the new manifest comes from: exactly one is set (to other
 * than DELTA_NO_ENTRY) for a file of size > 0, none for all else. */
struct delta_source {
	uint32_t old_entry; /* it stands there, preferably at the same path */
	uint32_t record;    /* it is told */
};
#define DELTA_NO_ENTRY UINT32_MAX

struct delta_plan {
	struct delta_source *source; /* by entry of the new manifest */
	struct delta_record *record;
	size_t count;
	struct delta_piece *piece; /* of all records, in order; methods from the table */
	size_t piece_count;
};

/* What has to be told, and the usual base of each: the file of the same path, else of the same
 * path without its digits, else of the same name without them; of several the one nearest in
 * size. */
int delta_plan(const struct manifest *old, const struct manifest *new,
	struct delta_plan *out, struct err *e) must_check nonnull;
void delta_plan_release(struct delta_plan *p) nonnull;
#define auto_delta_plan with_cleanup(delta_plan_release)

/* Where a piece lies in a file of this size: false behind its end. */
bool delta_piece_at(
	uint64_t size, uint32_t number, uint64_t *offset, size_t *len) nonnull;

struct delta_head {
	struct digest old_id, new_id; /* of both manifests */
	uint32_t records;
	uint64_t manifest_len; /* of the new one, raw */
	uint32_t manifest_packed, table_len, table_packed;
	enum delta_codec manifest_codec, table_codec;
};

void delta_head_format(const struct delta_head *h, struct buf *out) nonnull;
int delta_head_parse(
	struct bytes in, struct delta_head *out, struct err *e) must_check nonnull;

/* The table: for each record what its base is, and method and length of each payload. */
void delta_table_format(const struct delta_plan *p, struct buf *out) nonnull;

/* Fills the plan's bases, methods, offsets (the first payload begins at `at`) and lengths;
 * *end is where the last one ends. */
int delta_table_parse(struct bytes table, const struct manifest *old, uint64_t at,
	struct delta_plan *p, uint64_t *end, struct err *e) must_check nonnull;

/* The new manifest, its digest checked. */
int delta_manifest(const struct delta_head *h, struct bytes packed,
	struct bytes old_manifest, struct buf *out, struct err *e) must_check nonnull;

#endif
