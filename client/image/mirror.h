/* mirror.h -- a published tree, or what patterns select of it, copied to a directory or a bucket.
 * Rules   nothing is placed unverified; files come first and indexes last, so that whoever reads
 *         the mirror meanwhile finds all that its index names; what the source no longer names
 *         stays for the grace period. A run that ends at any instant leaves the old mirror or the
 *         new one, and the next one goes on
 * Errors  as repo.h and mirrordest.h; ERR_AGAIN when the source was published anew meanwhile, more
 *         than once
 * Owns    nothing */
#ifndef CLIENT_IMAGE_MIRROR_H
#define CLIENT_IMAGE_MIRROR_H

#include "client/image/mirrorcrew.h"

struct mirror_options {
	const struct remote *remote;
	const char *place;            /* DIR, or s3://BUCKET[/PREFIX] */
	const struct s3_settings *s3; /* of that */
	const char *republish; /* where an indexer finds the newest builds, or NULL */
	const char *const *pattern;
	size_t pattern_count; /* 0: all */
	int64_t builds;       /* of each image the newest so many, 0: all */
	int64_t grace_s;
	int64_t rate_max; /* bytes a second of each connection, 0: as fast as it goes */
	unsigned int lines;
	bool full; /* read what is there, whatever it says of itself */
	bool dry_run;
};

struct mirror_done {
	int64_t generation, version; /* of a signed source */
	uint64_t images, builds;
	struct mirrorcrew_done work;
	uint64_t leaving, removed; /* files */
	uint64_t republished;      /* builds */
};

int mirror_run(const struct mirror_options *o, struct out *out, struct mirror_done *done,
	struct err *e) must_check nonnull;

/* ---- between the files of it */

struct mirror {
	const struct mirror_options *o;
	struct out *out;
	struct repo repo;
	struct mirrordest *dest;
	struct mirrorlist known, keep;
	struct mirrorcrew *crew;
	struct mirror_done *done;
	struct arena arena; /* of the wants' paths */
	struct mirrorwant *want;
	size_t want_count, want_room;
};

/* Of a source that signs nothing: the texts that appear together. */
#define MIRROR_INDEXES_MAX 32
struct mirrorindexes {
	struct {
		char *path;
		struct buf text;
	} item[MIRROR_INDEXES_MAX];
	size_t count;
};

/* The want's path and source are copied. */
void mirror_want(struct mirror *m, const struct mirrorwant *w) nonnull;

/* Fetches all that is wanted so far. */
int mirror_fetch(struct mirror *m, struct err *e) must_check nonnull;

bool mirror_is_selected(const struct mirror *m, const struct image *i) nonnull;

/* A small file that follows from what was verified. */
int mirror_text(struct mirror *m, const char *path, struct bytes text,
	struct err *e) must_check nonnull;

/* Writes the list of files; what is not kept leaves. */
int mirror_settle(struct mirror *m, struct err *e) must_check nonnull;

/* A source that signs: files, then the generation, up to the switch. */
int mirror_signed(struct mirror *m, struct err *e) must_check nonnull;

/* A source that signs nothing: its files, then its indexes, as they are or shorter. */
int mirror_foreign(struct mirror *m, struct err *e) must_check nonnull;

/* Its indexes, with what is not selected left out; their files are wanted. */
int mirror_lxc(
	struct mirror *m, struct mirrorindexes *out, struct err *e) must_check nonnull;
int mirror_streams(
	struct mirror *m, struct mirrorindexes *out, struct err *e) must_check nonnull;

/* The newest builds to where an indexer finds them: DISTRO/RELEASE/ARCH/VARIANT/SERIAL/ with
 * rootfs.tar.xz and, when that is whole, `origin`, the source's URL. */
int mirror_republish(struct mirror *m, struct err *e) must_check nonnull;

/* trust/, keys/ and pks/lookup. */
int mirror_trust(struct mirror *m, struct err *e) must_check nonnull;

#endif
