/* fetch.h -- bytes from a server we do not trust. With s3.h
 * what knows libcurl.
 * In      a base URL (no trailing slash) and a path relative to it, which a verified
 *         document or our own layout named
 * Rules   SEC-12 to SEC-16, SEC-18: https (http only when allowed), 5 redirects, none to
 *         a private address from a public one, no content coding, every byte counted,
 *         a file is resumed only behind a strong ETag, or behind a piece whose digest was
 *         right; nothing else is believed: size and digest are the caller's to check
 * Errors  ERR_NOTFOUND for 404 and 410; ERR_UNTRUSTED when more arrives than was signed
 *         for; ERR_NETWORK for all else that the other side did; disk errors as they are
 * Owns    the connection
 * Source  RFC 9110; libcurl-easy(3) */
#ifndef CLIENT_IMAGE_FETCH_H
#define CLIENT_IMAGE_FETCH_H

#include "lib/base/buf.h"
#include "lib/model/pieces.h"

struct fetcher;

struct fetch_settings {
	const char
		*ca; /* PEM file of the only authority to believe; NULL: the system's */
	bool insecure_transport; /* http:// is allowed */
	/* Who we are, for the server of this base URL alone: no mirror and no redirect sees it. */
	const char *base;
	const char *token;      /* sent as a bearer's, or NULL */
	const char *cert, *key; /* PEM files of a client's certificate, or NULL */
	int64_t rate_max;       /* bytes a second, 0: as fast as it goes */
	int timeout_s; /* so long a server may be silent, or slower than 2 kB/s; 0: 60 */
};

struct fetch_progress {
	void (*moved)(void *ctx, uint64_t now, uint64_t total);
	/* With pieces: so many bytes are what was signed for, and stay; -1 ends the transfer.
	 * Or NULL. */
	int (*good)(void *ctx, uint64_t bytes, struct err *e);
	void *ctx;
};

int fetcher_open(const struct fetch_settings *s, struct fetcher **out,
	struct err *e) must_check nonnull;
void fetcher_close(struct fetcher **f) nonnull;
#define auto_fetcher with_cleanup(fetcher_close)

/* A small document; out's ceiling is the most that is taken. 60 s in all. */
int fetch_document(struct fetcher *f, const char *base, const char *path, struct buf *out,
	struct err *e) must_check nonnull;

struct fetch_want {
	const char *path; /* relative to the base */
	uint64_t size;    /* that was signed for; 0: nobody told */
	const char *name; /* of the partial file */
	bool hasty;       /* others have it too: give a slow or failing server up soon */
	const struct pieces *pieces; /* or NULL */
};

/* A file of exactly this size into its name beneath dir_fd, continuing what lies there.
 * Returns the descriptor, open for reading and writing; only the size is right, and with
 * pieces also each of them. */
int fetch_file(struct fetcher *f, const char *base, const struct fetch_want *want,
	int dir_fd, const struct fetch_progress *progress, struct err *e) must_check
	nonnull_args(1, 2, 3, 6);

#endif
