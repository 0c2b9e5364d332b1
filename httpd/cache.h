/* cache.h -- files that were asked for lately, opened once for all who ask.
 * Rules   a file is looked at again (dev, inode, size, mtime) after a second, and at each
 *         use when it stands in a generation, so that a new one shows at once
 *         one that nobody asked for within a minute is let go: what was removed gives its
 *         space back, and old generations their memory
 * Owns    a bounded number of files; safe for any number of threads
 * Source  performance section 6 */
#ifndef HTTPD_CACHE_H
#define HTTPD_CACHE_H

#include "httpd/file.h"

#define CACHE_FRESH_MS 1000
#define CACHE_IDLE_MS  60000

struct cache;

/* Called once for each file that was opened, before anybody else sees it. */
typedef void cache_prepare(void *ctx, const char *path, struct file *f);

struct cache *cache_new(const struct site *s, size_t max_files, bool in_clear,
	cache_prepare *prepare, void *ctx) must_check nonnull_args(1, 4);
void cache_free(struct cache **c) nonnull;

/* The file at a located path; the caller gets a reference of his own. */
int cache_get(struct cache *c, const char *path, const struct site_path *where,
	int64_t now_ms, struct file **out, struct err *e) must_check nonnull;

/* Lets go what was idle for too long; to be called every few seconds. */
void cache_tidy(struct cache *c, int64_t now_ms) nonnull;

#endif
