/* fetched.h -- what was fetched, kept by content for all builds.
 * Shape   CACHE/sources/HEX          a file, by its sha256
 *         CACHE/sources/url-HEX      "SHA256 ETAG": what a URL (by its sha256) last was
 *         CACHE/sources/part-HEX     the beginning of one, and part-HEX.state
 * Rules   a file appears whole, by rename; who fetches a URL holds a lock on its part, who
 *         wants the same one waits and finds it; a kept file is hashed before it is used;
 *         with a digest that is known beforehand a part is continued in the next build,
 *         and it alone decides whether anything is asked of a server
 * Bounds  the least recently used go when all exceed job->cache_max_bytes; parts after a
 *         week
 * Errors  ERR_UNTRUSTED for another digest than the one wanted; those of download.h
 * Owns    struct fetched its descriptor */
#ifndef BUILDER_FETCHED_H
#define BUILDER_FETCHED_H

#include "builder/job.h"

struct wanted {
	const char *url;
	const struct digest *sha256; /* NULL: not known */
	const char *by;              /* who says so: "releases.yaml pins" */
	int64_t max_bytes;
	const char *const *accept; /* as download.h has it */
	bool registry;
};

struct fetched {
	int fd; /* read only, at its beginning */
	struct digest sha256;
};

#define FETCHED_INIT                                                                     \
	{                                                                                \
		.fd = -1                                                                 \
	}

void fetched_release(struct fetched *f) nonnull;
#define auto_fetched with_cleanup(fetched_release)

/* url: http, https or file (a regular file of this host, which is not copied). */
int fetched_get(struct job *j, const struct wanted *w, struct fetched *out,
	struct err *e) must_check nonnull;

/* It was not what it should be, whatever the server says of it next time. */
void fetched_forget(
	const struct job *j, const char *url, const struct digest *sha256) nonnull;

/* Servers answer with a web page where they should answer with an error. */
bool fetched_is_page(int fd);

/* A small file whose content is nobody's business yet, into a memory file. accept as
 * download.h has it. */
int fetched_document(struct job *j, const char *url, const char *const *accept,
	bool registry, int *fd, struct err *e) must_check nonnull_args(1, 2, 5, 6);
#define DOCUMENT_MAX (8 << 20)

#endif
