/* job.h -- one build under way: what was asked, where it happens, what is known so far.
 * Shape   paths are absolute and valid inside the build's own mount namespace
 * Owns    the arena owns strings and lists; descriptors are the command's */
#ifndef BUILDER_JOB_H
#define BUILDER_JOB_H

#include "builder/generator.h"
#include "builder/recipe.h"
#include "builder/releases.h"
#include "builder/secret.h"

#include "lib/base/out.h"
#include "lib/model/build.h"
#include "lib/model/pack.h"

#define JOB_MIRRORS_MAX  4
#define JOB_ACCEPTED_MAX 16

/* An archive that only this host names so, and what everybody calls it. */
struct mirror_name {
	const char *own, *official;
};

/* A package of the first tree whose source is noted already. */
struct job_package {
	const char *name, *version, *arch;
};

struct timing {
	const char *phase;
	int64_t ms;
};

struct job {
	struct arena arena;
	struct out *out;
	struct recipe *recipe;
	const char *recipe_dir; /* where it lies, and what its `copy` entries name */
	const struct release *release;
	struct image image;
	char serial[SERIAL_MAX];
	int64_t created_s, epoch_s;
	bool epoch_fixed; /* by SOURCE_DATE_EPOCH */
	bool allow_unverified;
	uid_t owner_uid; /* whose what is handed over becomes */
	gid_t owner_gid;
	bool compress_anew; /* what a cache remembers proves nothing */
	bool is_retry;      /* it failed before, tonight: what comes of it is flaky */
	unsigned int threads;
	int64_t xz_level, zst_level;

	const char *recipe_yaml; /* as resolved, without the serial */
	struct digest recipe_digest;

	int work_dir, stage_dir, log_fd;
	int store_fd; /* the store of package files, locked; -1: not taken */
	int root_dir;
	const char *work;     /* the private work directory */
	const char *root;     /* work/root: the tree */
	const char *archives; /* where packages are kept, lists: their indexes */
	const char *lists;
	const char *plans;   /* of Debian trees: debplanner.h */
	const char *sources; /* what was fetched of other sources: fetched.h */
	const char *pieces; /* what was compressed: piecestore.h; NULL: nothing is kept */
	int64_t cache_max_bytes;
	const char *const *env; /* of commands inside the tree */
	const char *const
		*net_env; /* the same and the caller's proxies, with a network */
	/* Flags that the tree's package manager was found to take; NULL: none. */
	const char *manager_global, *manager_update;
	bool use_mmdebstrap; /* asked for by the command line */
	bool has_lists;      /* apt is there and its indexes are in `lists` */

	struct mirror_name mirror[JOB_MIRRORS_MAX];
	size_t mirror_count;

	const char *test_result, *test_kind; /* as in build.json */
	struct secrets secrets;              /* for actions alone */
	struct generated generated;
	struct job_package *known;
	size_t known_count;
	struct build_source *source;
	size_t source_count, source_room;
	struct build_accepted accepted[JOB_ACCEPTED_MAX];
	size_t accepted_count;
	struct build_scrub *scrub;
	size_t scrub_count;
	struct timing *timing;
	size_t timing_count;
	struct pack_counts packed; /* how much of the tar was compressed before */
};

void job_init(struct job *j) nonnull;
void job_release(struct job *j) nonnull;
#define auto_job with_cleanup(job_release)

/* Notes where bytes came from and how they were verified. */
void job_source(struct job *j, const char *kind, const char *url,
	const struct digest *sha256, const char *verified) nonnull;

bool job_has_source(
	const struct job *j, const char *url, const struct digest *sha256) nonnull;

/* Notes what was over and is used all the same. */
void job_accepted(
	struct job *j, const char *what, const char *name, int64_t until_s) nonnull;

void job_scrubbed(struct job *j, const char *check, uint64_t removed) nonnull;

/* An environment with the caller's proxy settings behind it, NULL-terminated. */
const char *const *job_with_proxies(
	struct job *j, const char *const *env) must_check nonnull;

/* A phase: job_clock before, job_timed behind; the latter tells the user. */
int64_t job_clock(void);
void job_timed(struct job *j, const char *phase, int64_t start_ms, const char *fmt,
	...) nonnull printf_like(4, 5);

/* One line into build.log. */
void job_log(struct job *j, const char *fmt, ...) nonnull printf_like(2, 3);

/* Where the log ends now: for job_cause. */
int64_t job_log_end(const struct job *j) nonnull;

/* Appends the first complaint of a package manager ("E: ...", "error: ...") behind
 * from_offset to the sentence; one about signatures makes it ERR_UNTRUSTED. */
void job_cause(const struct job *j, int64_t from_offset, struct err *e) nonnull;

/* When a command failed because the disk is full, says so instead. */
int job_failed(const struct job *j, struct err *e) nonnull;

#endif
