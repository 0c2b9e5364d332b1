/* yard.h -- the operator's directory, opened.
 * Shape   site.yaml catalog.db lock gnupg/ releases/ staging/ public/
 * Rules   one writer: YARD_WRITE holds `lock` until yard_close; time is read once
 * Errors  ERR_BUSY names the holder; ERR_NOTFOUND says how to make one
 * Owns    all descriptors, the catalog and the site */
#ifndef INDEXER_YARD_H
#define INDEXER_YARD_H

#include "indexer/catalog.h"
#include "indexer/site.h"

#define YARD_LOCK    "lock"
#define YARD_GNUPG   "gnupg"
#define YARD_STAGING "staging"
#define YARD_PUBLIC  "public"
#define YARD_MARK    ".init" /* stands while init is at work */

enum yard_flags {
	YARD_WRITE = 1,
};

struct yard {
	char *path, *gnupg; /* absolute */
	int fd, public_fd, staging_fd, lock_fd;
	struct catalog *catalog;
	struct site site;
	struct catalog_site facts;
	int64_t now_s;
};

#define YARD_INIT                                                                        \
	{                                                                                \
		.fd = -1, .public_fd = -1, .staging_fd = -1, .lock_fd = -1               \
	}

/* The directories and fixed links of a new one; what is there already stays. */
int yard_make(int yard_fd, struct err *e) must_check nonnull;

int yard_open(const char *dir, unsigned int flags, int wait_ms, struct yard *out,
	struct err *e) must_check nonnull;

/* With the lock, and everything but a catalog: for who makes one. */
int yard_open_bare(
	const char *dir, int wait_ms, struct yard *out, struct err *e) must_check nonnull;
void yard_close(struct yard *y) nonnull;
#define auto_yard with_cleanup(yard_close)

/* The newest trust/root.N. */
int yard_read_root(
	const struct yard *y, struct trust_root *out, struct err *e) must_check nonnull;

/* One root.N: 1 read, 0 there is none, -1. */
int yard_read_root_version(const struct yard *y, int64_t version, struct envelope *v,
	struct trust_root *out, struct err *e) must_check nonnull;

/* Where .live points: 1 a generation, 0 nothing was published yet, -1. */
int yard_live(const struct yard *y, int64_t *number, struct err *e) must_check nonnull;

/* meta/2/current of a generation: 1 read, 0 absent, -1. */
int yard_read_current(const struct yard *y, int64_t generation, struct envelope *v,
	struct current *out, struct err *e) must_check nonnull;

/* ".gen/N/REST" */
void yard_gen_path(
	int64_t generation, const char *rest, char out[LAYOUT_PATH_MAX]) nonnull;

#endif
