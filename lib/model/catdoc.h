/* catdoc.h -- the catalog and the image document of meta/2.
 * Shape   formats chapter sections 4 and 5
 * Bounds  catalog 16 MiB, image document 256 KiB
 * Owns    each document's arena owns its strings and arrays */
#ifndef LIB_MODEL_CATDOC_H
#define LIB_MODEL_CATDOC_H

#include "lib/model/build.h"
#include "lib/model/pieces.h"
#include "lib/model/trust.h"

#define CATALOG_MAX   (16U << 20)
#define IMAGE_DOC_MAX (256U << 10)

/* Writing is streamed: header, then lines in image order, then alias lines. */
void catdoc_header(struct buf *out, int64_t generation, const char *site,
	const char *const *mirrors, size_t mirror_count, uint64_t images) nonnull;
void catdoc_image(struct buf *out, const struct image *image, const char *serial,
	const char *state, uint64_t doc_size, const struct digest *doc) nonnull;
void catdoc_alias(struct buf *out, const char *alias, const char *target) nonnull;

struct catdoc_line {
	struct image image;
	char serial[SERIAL_MAX];
	const char *state; /* active deprecated held eol withdrawn */
	uint64_t doc_size;
	struct digest doc;
};

struct catdoc_alias {
	const char *alias,
		*target; /* "debian/13" -> "debian/trixie"; "debian" -> "debian/trixie" */
};

struct catdoc {
	struct arena arena;
	int64_t generation;
	const char *site;
	const char **mirror;
	size_t mirror_count;
	struct catdoc_line *line; /* sorted by image */
	size_t line_count;
	struct catdoc_alias *alias;
	size_t alias_count;
};

void catdoc_release(struct catdoc *c) nonnull;
#define auto_catdoc with_cleanup(catdoc_release)
int catdoc_parse(struct bytes text, struct catdoc *out, struct err *e) must_check nonnull;

/* Resolves a reference (aliases, default arch and variant) to a line; ERR_NOTFOUND
 * suggests the nearest. */
int catdoc_find(const struct catdoc *c, const struct image_ref *ref,
	const struct catdoc_line **out, struct err *e) must_check nonnull;

struct doc_file {
	const char *name; /* rootfs.tar.zst */
	const char *path; /* images/.../rootfs.tar.zst, relative to the tree's base */
	uint64_t size;
	struct digest sha256;
	const struct pieces *pieces; /* or NULL */
};

struct doc_delta {
	struct digest from;
	const char *path;
	uint64_t size;
	struct digest sha256;
};

struct doc_build {
	char serial[SERIAL_MAX];
	const char *state; /* active held withdrawn */
	struct digest id, diff_id;
	int64_t created_s, epoch_s;
	const char *tested; /* "passed", "failed", "not tested" */
	const char *origin;
	uint64_t entries, unpacked_size;
	uint32_t max_uid, max_gid;
	const char *init;        /* "systemd", "" */
	const char *stop_signal; /* "SIGRTMIN+3" */
	struct doc_file *file;
	size_t file_count;
	struct doc_delta *delta;
	size_t delta_count;
};

struct imagedoc {
	struct arena arena;
	struct image image;
	const char *state;
	const char **alias;
	size_t alias_count;
	const char *eol, *description;
	int64_t expiry_days;
	struct doc_build *build; /* newest first */
	size_t build_count;
	struct doc_history {
		struct trust_object object;
		const char *first, *last;
	} * history;
	size_t history_count;
	const char **pin;
	size_t pin_count;
	const char **hold;
	size_t hold_count;
};

void imagedoc_release(struct imagedoc *d) nonnull;
#define auto_imagedoc with_cleanup(imagedoc_release)
int imagedoc_parse(
	struct bytes json, struct imagedoc *out, struct err *e) must_check nonnull;
int imagedoc_format(
	const struct imagedoc *d, struct buf *out, struct err *e) must_check nonnull;

/* The build of this serial or id, or the newest active one when both are "". NULL if
 * absent. */
const struct doc_build *imagedoc_build(
	const struct imagedoc *d, const char *serial, const char *id) nonnull;
const struct doc_file *doc_build_file(
	const struct doc_build *b, const char *name) nonnull;

#endif
