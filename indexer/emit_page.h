/* emit_page.h -- pages, JSON and badges of one image and of one distribution.
 * Rules   as emit.h: facts in, text out; every page is whole without a script, loads
 *         nothing from elsewhere, and works beneath any path prefix
 * Source  users chapter section 2; docs/FORMAT.md "JSON API" */
#ifndef INDEXER_EMIT_PAGE_H
#define INDEXER_EMIT_PAGE_H

#include "indexer/emit.h"

/* One build of an image, listed or not. */
struct emit_past {
	char serial[SERIAL_MAX];
	const char *state, *tested;
	struct digest tree;
	int64_t created_s;
	uint64_t unpacked_size, size; /* size of rootfs.tar.xz, or 0 */
	int64_t packages;             /* -1 unknown */
};

struct emit_page {
	const struct emit_site *site;
	const struct emit_image *image;
	const struct emit_past *past; /* newest first; none that is held back */
	size_t past_count;
};

void emit_image_page(const struct emit_page *p, struct buf *out) nonnull; /* index.html */
void emit_image_json(const struct emit_page *p, struct buf *out) nonnull;
void emit_history(const struct emit_page *p, struct buf *out) nonnull;
void emit_badge(const struct emit_page *p, struct buf *out) nonnull;

/* A distribution: a row for each of its images. */
struct emit_row {
	struct image image;
	char serial[SERIAL_MAX];
	const char *state;
	const struct site_release *release;
	int64_t created_s;
	uint64_t size, unpacked_size;
};
void emit_distro_page(const struct emit_site *s, const char *distro,
	const struct emit_row *row, size_t count, struct buf *out) nonnull_args(1, 2, 5);

/* ---- parts that pages share (emit_parts.c) */

/* Up to <main>; `depth` directories lie between the page and the tree's root. */
void page_begin(struct buf *out, const struct emit_site *s, const char *title,
	unsigned int depth) nonnull;
void page_end(struct buf *out, const struct emit_site *s, unsigned int depth) nonnull;

/* "../" times depth */
void page_up(struct buf *out, unsigned int depth) nonnull;

/* "end of life" or "supported until DATE", as text and not as colour alone. */
void page_state(struct buf *out, const char *state, const struct site_release *r)
	nonnull_args(1, 2);

/* How to use one image with each client (emit_usage.c). */
void page_usage(struct buf *out, const struct emit_site *s, const struct image *image,
	const char *serial) nonnull;

#endif
