/* mirrordest.h -- where a mirror is kept: a directory, or a bucket.
 * Rules   a file appears whole, under its name, or not at all; what is removed or replaced is
 *         what this mirror put there. `put`, `same` and `write` may run in several threads,
 *         each with other paths
 * Errors  ERR_CONFLICT for a place that is something else; disk and network errors as they are
 * Owns    what close releases; scratch_fd is where downloads lie until they are whole, and where
 *         a later run finds them */
#ifndef CLIENT_IMAGE_MIRRORDEST_H
#define CLIENT_IMAGE_MIRRORDEST_H

#include "client/image/mirrorlist.h"
#include "lib/base/buf.h"

/* What this mirror knows of itself, among what is not served. */
#define MIRROR_PRIVATE ".mirror"
#define MIRROR_LIST    MIRROR_PRIVATE "/files"

struct mirrordest;

typedef int mirrordest_each(const char *path, void *ctx, struct err *e);

struct mirrordest_ops {
	/* A small file. ERR_NOTFOUND. */
	int (*read)(struct mirrordest *d, const char *path, struct buf *out,
		struct err *e) must_check;
	/* A file as it lies there, to be read; ERR_NOTFOUND where that costs a download. */
	int (*open)(struct mirrordest *d, const char *path, struct err *e) must_check;
	/* Is it there, with this content? */
	bool (*has)(struct mirrordest *d, const struct trust_object *c);
	/* A small file, new or in the place of another. */
	int (*write)(struct mirrordest *d, const char *path, struct bytes text,
		struct err *e) must_check;
	/* What lies verified in the scratch place under this name. */
	int (*put)(struct mirrordest *d, const struct trust_object *c,
		const char *scratch, struct err *e) must_check;
	/* Another name of what is there as `from`. */
	int (*same)(struct mirrordest *d, const struct trust_object *c, const char *from,
		struct err *e) must_check;
	/* Missing is fine. */
	int (*remove)(struct mirrordest *d, const char *path, struct err *e) must_check;
	/* Every file beneath a directory. */
	int (*walk)(struct mirrordest *d, const char *top, mirrordest_each *each,
		void *ctx, struct err *e) must_check;
	/* What was written is on disk. */
	int (*sync)(struct mirrordest *d, struct err *e) must_check;
	/* What lies in .gen/GENERATION is from now on what readers see; the newest of the others
	 * stay. Only where has_switch. */
	int (*flip)(struct mirrordest *d, int64_t generation, struct err *e) must_check;
	/* Bytes free, UINT64_MAX where nobody knows. */
	uint64_t (*room)(struct mirrordest *d);
	void (*close)(struct mirrordest *d);
};

struct mirrordest {
	const struct mirrordest_ops *ops;
	int scratch_fd;
	bool has_switch; /* files that must agree appear together, through the link .live */
	bool full;       /* has() reads what is there */
	const struct mirrorlist *known; /* what the last run left; borrowed */
};

static inline void mirrordest_close(struct mirrordest **d)
{
	if (*d)
		(*d)->ops->close(*d);
	*d = NULL;
}
#define auto_mirrordest with_cleanup(mirrordest_close)

/* A directory, made if its parent is there: empty, or a mirror already. Takes its lock, unless it is
 * only looked at: then nothing is made either. */
int mirrordir_open(const char *path, bool look_only, struct mirrordest **out,
	struct err *e) must_check nonnull;

struct s3_settings;

/* A bucket, or what lies beneath a prefix of it. Two runs on one machine do not meet; on two they must
 * not. */
int mirrors3_open(const struct s3_settings *s, struct mirrordest **out,
	struct err *e) must_check nonnull;

#endif
