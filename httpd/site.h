/* site.h -- the published tree as the server reads it: beneath one directory descriptor.
 * Rules   no symbolic link is followed but the fixed ones of layout.h, and those are
 *         resolved here: what .live names, beneath .gen; only regular files are opened
 * Errors  ERR_NOTFOUND: no such file (sys EISDIR: it is a directory); ERR_BUSY: out of
 *         descriptors; all others ERR_SYS
 * Owns    the root descriptor and the pair table
 * Source  design section 4; SEC-21, SEC-70 */
#ifndef HTTPD_SITE_H
#define HTTPD_SITE_H

#include "httpd/coding.h"
#include "httpd/pair.h"
#include "lib/base/err.h"

#include <sys/stat.h>

#define SITE_PATH_MAX 1280

struct site {
	int root_dir;
	struct pairs *pairs;
	bool is_private; /* no shared cache may keep what is served */
};

struct site_path {
	char text[SITE_PATH_MAX]; /* what to open */
	bool is_live;             /* it stands in a generation: the switch may turn */
	enum coding coding;       /* it is this encoding of what was asked for */
};

int site_open(struct site *s, const char *root, struct err *e) must_check nonnull;
void site_close(struct site *s) nonnull;

/* Where path (as resolved from a target) lies right now for who asks. */
int site_locate(const struct site *s, const char *path, const struct asker *who,
	struct site_path *out, struct err *e) must_check nonnull;

/* The live generation; 0 when the tree has none. */
uint64_t site_generation(const struct site *s) nonnull;

/* Where the same file lies ready-made in a coding: beside it, in the same generation.
 * False when it does not, or is older than the file, or no smaller. */
bool site_locate_coded(const struct site *s, const struct site_path *plain,
	enum coding coding, struct site_path *out) nonnull;

/* Opens a regular file by a located path and reports its facts. */
int site_open_file(const struct site *s, const char *located, struct stat *st,
	struct err *e) must_check nonnull;

/* The facts of whatever is at a located path now; false when there is nothing. */
bool site_stat(const struct site *s, const char *located, struct stat *st) nonnull;

#endif
