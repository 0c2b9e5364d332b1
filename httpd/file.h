/* file.h -- one file of the tree, opened, with every fact that a reply tells of it.
 * Owns    one reference of the body; `ready`, what the server made of it in advance,
 * which `forget` releases; counted, safe for any number of threads; constant once made
 * Source  SEC-72; protocols sections 0 and 5 */
#ifndef HTTPD_FILE_H
#define HTTPD_FILE_H

#include "httpd/body.h"
#include "httpd/cond.h"
#include "httpd/site.h"
#include "lib/base/buf.h"
#include "lib/model/layout.h"

#define FILE_TYPE_MAX 128

struct file {
	atomic_uint refs;
	char located[SITE_PATH_MAX];
	struct stat st;
	struct body *body;
	char etag[72];   /* with its quotes */
	char digest[65]; /* "" when the inode does not carry it */
	char modified[COND_DATE_SIZE];
	char type[FILE_TYPE_MAX];
	enum layout_caching caching;
	enum coding coding; /* the bytes are this encoding of the file asked for */
	bool is_private;
	bool is_negotiated; /* another request may get another encoding */
	void *ready;
	void (*forget)(void *ready);
};

/* path is what was asked for, where it lies. */
int file_open(const struct site *s, const char *path, const struct site_path *where,
	bool in_clear, atomic_size_t *budget, struct file **out,
	struct err *e) must_check nonnull;

/* A page made on the spot: without validators. Takes the text. */
struct file *file_of_page(const struct site *s, struct buf *html) must_check nonnull;

struct file *file_ref(struct file *f) nonnull;
void file_unref(struct file *f) nonnull;

/* Is this still the inode, size and time that was opened? */
bool file_is_same(const struct file *f, const struct stat *st) nonnull;

#endif
