/* mirrorcrew.h -- files from a source to a mirror, several at a time.
 * In      wants: what a verified document names, where it lies at the source and where in the mirror
 * Out     each of them in the mirror; their lines in `keep`
 * Rules   what is there is not fetched; equal content is fetched once, and named twice. A file is
 *         placed when its size and digest are what was signed for, its signature after it and
 *         after it was checked. What was fetched when another one fails is kept
 * Errors  of the first that failed, as repo.h says
 * Owns    the connections; borrows what its settings name */
#ifndef CLIENT_IMAGE_MIRRORCREW_H
#define CLIENT_IMAGE_MIRRORCREW_H

#include "client/image/mirrordest.h"
#include "client/image/repo.h"
#include "lib/base/out.h"

struct mirrorwant {
	struct trust_object content; /* path: in the mirror */
	const char *source;          /* path at the source; NULL: it is `text` */
	struct bytes text;           /* what follows from a verified document */
	bool untold; /* nobody told size and digest: TLS alone stands for it */
	/* Suffixes of the names of its signature, at both: all hold the same; ends with NULL, or is
	 * NULL. */
	const char *const *signature;
};

extern const char *const mirror_signature[], *const mirror_sums_signature[];

struct mirrorcrew_settings {
	const struct repo *repo;
	struct mirrordest *dest;
	const struct mirrorlist *known;
	struct mirrorlist *keep;
	struct verifier *verifier; /* with signatures */
	struct verify_role role;
	int64_t now_s;
	bool recheck; /* signatures that are there may be another key's */
	bool dry_run;
	unsigned int lines; /* connections */
	struct out *out;
};

struct mirrorcrew_done {
	uint64_t files, bytes;           /* all */
	uint64_t fetched, fetched_bytes; /* over the line, signatures included */
	uint64_t linked;                 /* was there under another name */
};

struct mirrorcrew;

int mirrorcrew_open(const struct mirrorcrew_settings *s, struct mirrorcrew **out,
	struct err *e) must_check nonnull;
void mirrorcrew_close(struct mirrorcrew **c) nonnull;
#define auto_mirrorcrew with_cleanup(mirrorcrew_close)

/* Sorts the wants. */
int mirrorcrew_fetch(struct mirrorcrew *c, struct mirrorwant *want, size_t count,
	struct err *e) must_check nonnull_args(1, 4);

/* A document that is there, or at the source. */
int mirrorcrew_document(struct mirrorcrew *c, const char *what,
	const struct trust_object *object, struct buf *out,
	struct err *e) must_check nonnull;

const struct mirrorcrew_done *mirrorcrew_done(const struct mirrorcrew *c) nonnull;

#endif
