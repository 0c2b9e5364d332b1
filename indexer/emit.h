/* emit.h -- one emitter per reader: facts of the catalog in, text out.
 * Rules   the same facts give the same bytes; nothing here writes files or signs
 * Errors  ERR_LIMIT where a format has a ceiling */
#ifndef INDEXER_EMIT_H
#define INDEXER_EMIT_H

#include "indexer/yard.h"
#include "lib/model/catdoc.h"

#define EMIT_INDEX_MAX (32U << 20) /* one file of a generation */

/* emit_sums.c: SHA256SUMS of one build: what is signed for. */
void emit_sums(const struct catalog_file *file, size_t count, struct buf *out) nonnull;

/* The settings that systemd-nspawn reads beside an image. */
void emit_nspawn(bool has_init, struct buf *out) nonnull;

/* ---- files of a generation: one emitter a reader, all run by emission.c in one pass */

#define EMIT_BUILDS 5 /* an image's newest, that emitters see */

/* What happens to a text when it becomes files of the generation. */
enum emit_treat {
	EMIT_ASC = 1, /* armoured detached signature in PATH.asc */
	EMIT_GPG = 2, /* the same bytes in PATH.gpg, a name that some clients insist on */
	EMIT_CLEAR = 4, /* PATH itself is the text inside its signature */
	EMIT_GZ = 8,    /* PATH.gz and PATH.zst beside it, for servers that send those */
	EMIT_ZST = 16,
};

struct emit_file {
	const char *path; /* in the generation: "meta/1.0/index-system" */
	unsigned int text;
	unsigned int treat;
};

/* What all images have in common. */
struct emit_site {
	const struct site *site;
	const char *repo, *root_fpr;
	int64_t now_s, generation;
	size_t image_count;
};

struct emit_build {
	struct catalog_build row;        /* its strings live as long as the image */
	const struct catalog_file *file; /* by name */
	size_t file_count;
};
const struct catalog_file *emit_build_file(
	const struct emit_build *b, const char *name) nonnull;

struct emit_image {
	const struct emit_listed *listed;
	const struct site_release *release; /* what the operator says of it, or NULL */
	const struct emit_build *build;     /* active ones, newest first, at least one */
	size_t build_count;
};

/* begin, each image in image order, end; the texts' ceilings report overflow. `state` is
 * state_size zeroed bytes, for what must be remembered between images. */
struct emitter {
	enum client client;
	bool needs_url; /* skipped until site.yaml has base_url */
	const struct emit_file *file;
	size_t file_count;
	unsigned int text_count;
	size_t state_size;
	void (*begin)(const struct emit_site *s, void *state, struct buf *text);
	void (*image)(const struct emit_site *s, const struct emit_image *i, void *state,
		struct buf *text);
	void (*end)(const struct emit_site *s, void *state, struct buf *text);
	void (*release)(void *state);
};

extern const struct emitter emit_lxc;     /* meta/1.0/index-*: lxc-download */
extern const struct emitter emit_streams; /* streams/v1: Incus, LXD, simplestreams */
extern const struct emitter emit_wsl;     /* wsl/DistributionInfo.json */
extern const struct emitter emit_aplinfo; /* aplinfo.dat: Proxmox and its kin */

/* base_url/PATH */
void emit_url(
	const struct site *site, const char *path, char *out, size_t out_size) nonnull;

extern const struct emitter emit_api;        /* api/v1/index.json */
extern const struct emitter emit_feed;       /* feed.atom */
extern const struct emitter emit_site_pages; /* index.html, assets/ */

/* emit_meta.c: the document of one image: newest builds, aliases, end of life. */
int emit_image_document(struct catalog *c, const struct site *site,
	const struct image *image, const char *state, struct buf *out,
	struct err *e) must_check nonnull;

/* "eol" where the operator's releases say so, "held" while a newer build is held back,
 * "deprecated" without a new build for long, else "active". */
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

/* pks/lookup: every publish key that is not revoked, whatever key a client asks a key
 * server for: it imports the one it named. */
void emit_lookup(const struct trust_root *root, struct buf *out) nonnull;

#endif
