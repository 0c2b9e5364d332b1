/* repo.h -- one remote, opened: its trusted state, what it says now, and its files.
 * In      a configured remote
 * Out     documents that were verified, files whose size and digest are what they say
 * Rules   nothing leaves here unverified but repo_beside's; mirrors named by the catalog are tried in turn,
 *         also in the middle of a file, first in haste, then with patience; an untrusted
 *         answer counts more than a missing one
 * Errors  ERR_AGAIN when what is listed is nowhere: a newer generation may be out
 * Owns    the connection, state, current and catalog */
#ifndef CLIENT_IMAGE_REPO_H
#define CLIENT_IMAGE_REPO_H

#include "client/image/fetch.h"
#include "client/image/foreign.h"
#include "client/image/remote.h"
#include "client/image/trust.h"

struct repo_options {
	int64_t rate_max; /* bytes a second, 0: as fast as it goes */
	/* What the user may want to know and need not act on: a mirror that lags. Or NULL. */
	void (*note)(void *ctx, const char *sentence);
	void *ctx;
};

struct repo {
	const struct remote *remote; /* borrowed */
	struct repo_options options;
	struct fetcher *fetch;
	int state_fd;
	struct trust trust;
	struct current current;
	struct buf current_text; /* its envelope, as it came */
	struct catdoc catalog;   /* after repo_catalog */
	struct foreign foreign;  /* what it was made of, of a kind that signs nothing */
};

#define REPO_INIT                                                                        \
	{                                                                                \
		.state_fd = -1                                                           \
	}

void repo_release(struct repo *r) nonnull;
#define auto_repo with_cleanup(repo_release)

/* A remote that is being added: pins its first root (text: of the file given out of band,
 * empty when a fingerprint pins it) in a fresh state directory, walks the chain and
 * verifies current. Takes state_fd. */
int repo_pin(const struct remote *remote, int state_fd, struct bytes root_text,
	struct repo *out, struct err *e) must_check nonnull;

/* A remote that is known: walks the chain and verifies current. */
int repo_open(const struct remote *remote, const struct repo_options *options,
	struct repo *out, struct err *e) must_check nonnull_args(1, 3, 4);

/* Another connection to the same remote, for another thread: a copy of r with it may fetch, and is
 * not released. */
int repo_connect(
	const struct repo *r, struct fetcher **out, struct err *e) must_check nonnull;

/* Fetches and verifies the catalog that current names. */
int repo_catalog(struct repo *r, struct err *e) must_check nonnull;

/* Fetches and verifies the document of one image of the catalog. */
int repo_image(struct repo *r, const struct catdoc_line *line, struct imagedoc *out,
	struct err *e) must_check nonnull;

/* What a verified document names by content; out's ceiling is the size that was signed for. */
int repo_object(struct repo *r, const char *what, const struct trust_object *object,
	struct buf *out, struct err *e) must_check nonnull;

/* The document of this line of the catalog, of text that was verified. */
int repo_read_image(const struct catdoc_line *line, struct bytes text,
	struct imagedoc *out, struct err *e) must_check nonnull;

/* A small file that nothing vouches for: a signature, or what the caller will verify. */
int repo_beside(struct repo *r, const char *path, struct buf *out,
	struct err *e) must_check nonnull;

/* A file of a build, verified; it lies beneath dir_fd under the name of its digest until
 * repo_file_forget. */
int repo_file(struct repo *r, const struct doc_file *file, int dir_fd,
	const struct fetch_progress *progress, struct verified *out,
	struct err *e) must_check nonnull_args(1, 2, 5, 6);
void repo_file_forget(const struct doc_file *file, int dir_fd) nonnull;

/* A file of a foreign build: checked, if a digest was told, or just fetched. */
int repo_foreign_file(struct repo *r, const struct foreign_file *file, bool has_digest,
	int dir_fd, const struct fetch_progress *progress, struct verified *out,
	struct err *e) must_check nonnull_args(1, 2, 6, 7);
/* What it is called meanwhile. */
void repo_foreign_name(const struct repo *r, const struct foreign_file *file,
	char out[DIGEST_HEX]) nonnull;
void repo_foreign_forget(
	const struct repo *r, const struct foreign_file *file, int dir_fd) nonnull;

#endif
