/* catalog.h -- what the indexer knows: images, builds, files, generations, keys, events.
 * Shape   SQLite, WAL, synchronous=FULL; schema.sql; times are Unix seconds
 * Rules   changes happen between catalog_begin and catalog_commit; finders return 1
 *         found, 0 absent, -1; walkers call `each` for every row and stop at its first
 *         -1
 * Errors  ERR_DAMAGED for a corrupt database, ERR_BUSY after 30 s, ERR_NOSPACE
 * Owns    the connection; strings handed to `each` live until it returns */
#ifndef INDEXER_CATALOG_H
#define INDEXER_CATALOG_H

#include "lib/model/build.h"
#include "lib/model/layout.h"
#include "lib/model/packagelist.h"
#include "lib/model/pieces.h"
#include "lib/model/trust.h"

enum catalog_flags {
	CATALOG_READ = 1,
	CATALOG_CREATE = 2,
};

#define CATALOG_NAME     "catalog.db"
#define CATALOG_NEW_NAME "catalog.db.new" /* while it is made */
#define CATALOG_OLD_NAME "catalog.db.old" /* what it was before */

struct catalog;

int catalog_open(const char *path, unsigned int flags, struct catalog **out,
	struct err *e) must_check nonnull;
void catalog_close(struct catalog **c) nonnull;
#define auto_catalog with_cleanup(catalog_close)

int catalog_begin(struct catalog *c, struct err *e) must_check nonnull;
int catalog_commit(struct catalog *c, struct err *e) must_check nonnull;
void catalog_rollback(struct catalog *c) nonnull;

/* Everything into the one file, so that it may be renamed; nothing may follow. */
int catalog_seal(struct catalog *c, struct err *e) must_check nonnull;

/* A consistent copy into a new file. */
int catalog_copy(struct catalog *c, const char *path, struct err *e) must_check nonnull;

/* F1: integrity_check and foreign_key_check; `each` gets one sentence a finding. */
int catalog_examine(struct catalog *c, int (*each)(const char *sentence, void *ctx),
	void *ctx, struct err *e) must_check nonnull_args(1, 2, 4);

/* ---- site, keys, events, intents (catalog_site.c) */

struct catalog_site {
	char repo[33];
	int64_t created_s;
	struct digest
		facts; /* of site.yaml and releases/ at the last publication; or zero */
};
int catalog_site_put(struct catalog *c, const struct catalog_site *s,
	struct err *e) must_check nonnull;
int catalog_site_get(
	struct catalog *c, struct catalog_site *out, struct err *e) must_check nonnull;

/* A key whose secret half is in gnupg/. Of each role there is at most one `current`, which
 * signs, and one `next`, which was made to follow it. */
struct catalog_key {
	char fpr[FPR_MAX];
	const char *role;  /* publish timestamp */
	const char *state; /* next current past */
	int64_t made_s;
};
int catalog_key_put(
	struct catalog *c, const struct catalog_key *k, struct err *e) must_check nonnull;
int catalog_key_find(struct catalog *c, const char *role, const char *state,
	struct catalog_key *out, struct err *e) must_check nonnull;
int catalog_key_walk(struct catalog *c,
	int (*each)(const struct catalog_key *k, void *ctx, struct err *e), void *ctx,
	struct err *e) must_check nonnull_args(1, 2, 4);

/* `next` becomes `current`, which becomes `past`; without a `next` nothing changes. */
int catalog_key_switch(
	struct catalog *c, const char *role, struct err *e) must_check nonnull;

struct catalog_event {
	int64_t at_s;
	const char *kind, *image, *serial, *message;
};

/* 1 it is new, 0 this kind of event of this build is known already. */
int catalog_event_add(struct catalog *c, const struct catalog_event *v,
	struct err *e) must_check nonnull;
int catalog_event_walk(struct catalog *c, int64_t since_s,
	int (*each)(const struct catalog_event *v, void *ctx, struct err *e), void *ctx,
	struct err *e) must_check nonnull_args(1, 3, 5);

/* A directory that is about to appear; dropped in the transaction that admits it. */
int catalog_intent_put(
	struct catalog *c, const char *path, struct err *e) must_check nonnull;
int catalog_intent_drop(
	struct catalog *c, const char *path, struct err *e) must_check nonnull;
int catalog_intent_clear(struct catalog *c, struct err *e) must_check nonnull;
int catalog_intent_walk(struct catalog *c,
	int (*each)(const char *path, void *ctx, struct err *e), void *ctx,
	struct err *e) must_check nonnull_args(1, 2, 4);

/* ---- images, builds, files (catalog_build.c) */

struct catalog_build {
	int64_t id;
	struct image image;
	char serial[SERIAL_MAX];
	const char *state; /* active held withdrawn */
	struct digest tree, diff;
	int64_t admitted_s, created_s, expires_s, epoch_s;
	const char *tested, *origin;
	uint64_t entries, unpacked_size;
	uint32_t max_uid, max_gid;
	const char *init, *stop_signal, *description;
	const char *signer;       /* whose key made the .asc; NULL: nobody's yet */
	const char *requirements; /* "key=value\n" lines, sorted */
	bool is_pinned;
	bool is_retired;                 /* withdrawn by a rule of retention */
	int64_t left_s, left_generation; /* of a withdrawn one; catalog_keep.h */
};

struct catalog_file {
	const char *name;
	uint64_t size;
	struct digest sha256;
	bool is_signed;          /* has an .asc and a line in SHA256SUMS */
	struct digest combined;  /* of incus.tar.xz and this root file; else zero */
	char sha512[SHA512_HEX]; /* of what an appliance list names; else "" */
	struct pieces pieces;    /* of what is unpacked while it arrives; else none */
};

/* Adds the build with its files and objects, and marks the image dirty. */
int catalog_build_add(struct catalog *c, const struct catalog_build *b,
	const struct catalog_file *file, size_t file_count,
	struct err *e) must_check nonnull;
int catalog_build_find(struct catalog *c, const struct image *image, const char *serial,
	int64_t *id, struct err *e) must_check nonnull;

int catalog_image_find(struct catalog *c, const struct image *image, int64_t *id,
	struct err *e) must_check nonnull;

/* ERR_NOTFOUND without such a build. */
int catalog_build_state(struct catalog *c, int64_t build, char *out, size_t out_size,
	struct err *e) must_check nonnull;

/* active, held or withdrawn; marks the image dirty. */
int catalog_build_set_state(struct catalog *c, int64_t build, const char *state,
	struct err *e) must_check nonnull;

typedef int catalog_build_each(const struct catalog_build *b, void *ctx, struct err *e);

/* Builds in image order, newest first; of one image when `image` is not NULL. */
int catalog_build_walk(struct catalog *c, const struct image *image,
	catalog_build_each *each, void *ctx, struct err *e) must_check
	nonnull_args(1, 3, 5);

/* An image's newest active builds, at most `limit`. */
int catalog_build_newest(struct catalog *c, int64_t image, size_t limit,
	catalog_build_each *each, void *ctx, struct err *e) must_check
	nonnull_args(1, 4, 6);
/* The first build after `after` whose .asc are by another key: 1 found, 0 none, -1. */
int catalog_build_find_unsigned(struct catalog *c, const char *signer, int64_t after,
	struct catalog_build *out, struct err *e) must_check nonnull;
int catalog_build_count_unsigned(struct catalog *c, const char *signer, int64_t *out,
	struct err *e) must_check nonnull;
int catalog_build_count_signed(struct catalog *c, const char *signer, int64_t *out,
	struct err *e) must_check nonnull;
int catalog_build_set_signer(struct catalog *c, int64_t build, const char *signer,
	struct err *e) must_check nonnull;

/* Files of a build, by name. */
int catalog_file_walk(struct catalog *c, int64_t build,
	int (*each)(const struct catalog_file *f, void *ctx, struct err *e), void *ctx,
	struct err *e) must_check nonnull_args(1, 3, 5);
int catalog_file_find(struct catalog *c, int64_t build, const char *name,
	struct digest *sha256, uint64_t *size, struct err *e) must_check nonnull;

/* A file that joins a build later; marks the image dirty. */
int catalog_file_add(struct catalog *c, int64_t build, const struct catalog_file *f,
	struct err *e) must_check nonnull;

/* ---- deltas (catalog_delta.c); their files are unsigned files of the build they make */

struct catalog_before {
	int64_t id;
	char serial[SERIAL_MAX];
	struct digest tree;
};

/* The active build so many builds before this one: 1 found, 0 there is none, -1. */
int catalog_build_before(struct catalog *c, int64_t build, int64_t nights,
	struct catalog_before *out, struct err *e) must_check nonnull;

/* The tree of a build. */
int catalog_build_tree(struct catalog *c, int64_t build, struct digest *out,
	struct err *e) must_check nonnull;

/* Remembers that a delta would not pay, so that it is not tried every night again. */
int catalog_delta_refuse(
	struct catalog *c, int64_t build, int64_t base, struct err *e) must_check nonnull;
int catalog_delta_is_refused(
	struct catalog *c, int64_t build, int64_t base, struct err *e) must_check nonnull;

/* Where in public/ a file of this content lies already. */
int catalog_object_find(struct catalog *c, const struct digest *sha256, uint64_t size,
	char path[LAYOUT_PATH_MAX], struct err *e) must_check nonnull;

/* ---- packages (catalog_package.c) */

/* Notes what a build has installed, within the transaction that adds it. sha256: of its
 * packages.json; equal lists are kept once, others as what changed since the build
 * before. */
int catalog_packages_put(struct catalog *c, int64_t build, const struct digest *sha256,
	const struct package *item, size_t count, struct err *e) must_check
	nonnull_args(1, 3, 6);

/* How many: 1 known, 0 the build has no list, -1. */
int catalog_package_count(
	struct catalog *c, int64_t build, int64_t *out, struct err *e) must_check nonnull;

/* By name, arch, version: 1 walked, 0 the build has no list, -1. */
struct catalog_package {
	const char *name, *version, *arch;
	uint64_t size; /* installed, bytes */
};
int catalog_package_walk(struct catalog *c, int64_t build,
	int (*each)(const struct catalog_package *p, void *ctx, struct err *e), void *ctx,
	struct err *e) must_check nonnull_args(1, 3, 5);

/* Forgets lists that no build has any more. */
int catalog_packages_sweep(struct catalog *c, struct err *e) must_check nonnull;

/* ---- documents, generations, signings (catalog_gen.c) */

struct catalog_image {
	int64_t id;
	struct image image;
	const char *state;
	bool is_dirty;
	int64_t build; /* the newest active one */
	char serial[SERIAL_MAX];
	int64_t created_s;      /* of that one */
	bool has_held;          /* a newer build is held back */
	struct digest document; /* the last one made; zero when there is none */
	uint64_t document_size;
};

/* Images with an active build, in image order. */
int catalog_image_walk(struct catalog *c,
	int (*each)(const struct catalog_image *i, void *ctx, struct err *e), void *ctx,
	struct err *e) must_check nonnull_args(1, 2, 4);
int catalog_image_set_document(struct catalog *c, int64_t image,
	const struct digest *document, struct err *e) must_check nonnull;
int catalog_image_set_state(struct catalog *c, int64_t image, const char *state,
	struct err *e) must_check nonnull;

/* Decides on a document: its text waits in the catalog until it is on disk. */
int catalog_document_put(struct catalog *c, const char *kind, struct bytes text,
	int64_t now_s, struct digest *out, struct err *e) must_check nonnull;

/* One that is on disk already. */
int catalog_document_note(struct catalog *c, const char *kind,
	const struct digest *sha256, uint64_t size, int64_t made_s,
	struct err *e) must_check nonnull;

typedef int catalog_text_each(const char *name, const struct digest *sha256,
	struct bytes text, void *ctx, struct err *e);

/* Documents that still wait; name is their kind. */
int catalog_document_walk_pending(struct catalog *c, catalog_text_each *each, void *ctx,
	struct err *e) must_check nonnull_args(1, 2, 4);

/* Every document, text empty. */
int catalog_document_walk(struct catalog *c, catalog_text_each *each, void *ctx,
	struct err *e) must_check nonnull_args(1, 2, 4);
int catalog_document_find(struct catalog *c, const struct digest *sha256, uint64_t *size,
	struct err *e) must_check nonnull;

struct catalog_generation {
	int64_t number;
	const char *state; /* staged live superseded */
	int64_t created_s;
	struct digest catalog, files;
	char signer[FPR_MAX]; /* whose key made the .asc of its indexes */
};
int catalog_generation_stage(struct catalog *c, const struct catalog_generation *g,
	struct err *e) must_check nonnull;

/* The one in this state ("staged", "live"). */
int catalog_generation_find(struct catalog *c, const char *state,
	struct catalog_generation *out, struct err *e) must_check nonnull;
int catalog_generation_walk(struct catalog *c,
	int (*each)(const struct catalog_generation *g, void *ctx, struct err *e),
	void *ctx, struct err *e) must_check nonnull_args(1, 2, 4);

/* P6: number is live, the one before superseded, images clean, waiting texts dropped. */
int catalog_generation_live(
	struct catalog *c, int64_t number, struct err *e) must_check nonnull;
int catalog_generation_drop(
	struct catalog *c, int64_t number, struct err *e) must_check nonnull;
int catalog_listing_put(struct catalog *c, int64_t generation, int64_t image,
	int64_t build, const struct digest *document, struct err *e) must_check nonnull;
/* The build and document an image has in a generation. */
int catalog_listing_find(struct catalog *c, int64_t generation, int64_t image,
	int64_t *build, struct digest *document, struct err *e) must_check nonnull;
int catalog_listing_count(struct catalog *c, int64_t generation, int64_t *out,
	struct err *e) must_check nonnull;
int catalog_listing_walk(struct catalog *c, int64_t generation,
	int (*each)(
		const struct image *image, const char *serial, void *ctx, struct err *e),
	void *ctx, struct err *e) must_check nonnull_args(1, 3, 5);

int catalog_genfile_put(struct catalog *c, int64_t generation, const char *path,
	struct bytes text, struct err *e) must_check nonnull;
int catalog_genfile_walk(struct catalog *c, int64_t generation, catalog_text_each *each,
	void *ctx, struct err *e) must_check nonnull_args(1, 3, 5);

struct catalog_signing {
	int64_t version, generation, created_s, expires_s;
	struct digest payload;
};
int catalog_signing_stage(struct catalog *c, const struct catalog_signing *s,
	struct bytes envelope, struct err *e) must_check nonnull;

/* In this state, the highest version; envelope may be NULL. */
int catalog_signing_find(struct catalog *c, const char *state,
	struct catalog_signing *out, struct buf *envelope, struct err *e) must_check
	nonnull_args(1, 2, 3, 5);
int catalog_signing_live(
	struct catalog *c, int64_t version, struct err *e) must_check nonnull;
int catalog_signing_walk(struct catalog *c,
	int (*each)(const struct catalog_signing *s, void *ctx, struct err *e), void *ctx,
	struct err *e) must_check nonnull_args(1, 2, 4);

#endif
