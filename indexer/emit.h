/* emit.h -- one emitter per reader: facts of the catalog in, text out.
 * Rules   the same facts give the same bytes; nothing here writes files or signs
 * Errors  ERR_LIMIT where a format has a ceiling */
#ifndef INDEXER_EMIT_H
#define INDEXER_EMIT_H

#include "indexer/yard.h"
#include "lib/model/catdoc.h"

#define EMIT_INDEX_MAX (16U << 20)

/* emit_sums.c: SHA256SUMS of one build: what is signed for. */
void emit_sums(const struct catalog_file *file, size_t count, struct buf *out) nonnull;

/* emit_lxc.c: meta/1.0/index-* of a generation. */
struct emit_lxc_file {
	const char *path; /* meta/1.0/index-system */
};
extern const struct emit_lxc_file emit_lxc_files[];
extern const size_t emit_lxc_file_count;
void emit_lxc_line(
	struct buf *out, const struct image *image, const char *serial) nonnull;

/* emit_meta.c: the document of one image: newest builds, aliases, end of life. */
int emit_image_document(struct catalog *c, const struct site *site,
	const struct catalog_image *image, int64_t now_s, struct buf *out,
	struct err *e) must_check nonnull;

/* "active", or "eol" where the operator's releases say so. */
const char *emit_image_state(const struct site *site, const struct catalog_image *image,
	int64_t now_s) nonnull;

/* The catalog: header, a line for each image (emit_catalog_line), then aliases. */
void emit_catalog_header(struct buf *out, const struct site *site, int64_t generation,
	uint64_t images) nonnull;
struct emit_listed {
	struct image image;
	int64_t image_id, build;
	char serial[SERIAL_MAX];
	const char *state;
	struct digest document;
	uint64_t document_size;
};
void emit_catalog_line(struct buf *out, const struct emit_listed *l) nonnull;
void emit_catalog_aliases(struct buf *out, const struct site *site,
	const struct emit_listed *listed, size_t count) nonnull;

/* emit_trust.c: the first root and the keys beside it. */
struct emit_root {
	const char *repo;
	int64_t now_s;
	const char *root_fpr, *publish_fpr;
	struct bytes root_armor, publish_armor;
};
#define EMIT_ROOT_DAYS    365
#define EMIT_PUBLISH_DAYS 400
#define EMIT_CURRENT_DAYS 7
#define DAY_S             86400
int emit_first_root(
	const struct emit_root *r, struct buf *out, struct err *e) must_check nonnull;

#endif
