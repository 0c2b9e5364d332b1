/* tree.h -- write a file tree beneath one directory, entry by entry, and never outside
 * it.
 * Rules   every create is O_CREAT|O_EXCL|O_NOFOLLOW relative to a directory opened
 *         component by component without following links; an entry that exists already
 *         is replaced (files and links) or kept (directories); ids, mode and mtime are
 *         set exactly, after the content; directories get theirs at tree_finish, deepest
 *         first
 * Errors  each sentence names the entry; after an error the tree is the caller's to
 *         remove
 * Owns    the cached directory descriptors; borrows root_fd until tree_finish or
 *         tree_release */
#ifndef LIB_BASE_TREE_H
#define LIB_BASE_TREE_H

#include "lib/base/relpath.h"

#include <sys/types.h>

struct tree_xattr {
	const char *name;
	const void *value;
	size_t len;
};

struct tree_meta {
	mode_t mode; /* permission bits, 07777 */
	uid_t uid;
	gid_t gid;
	int64_t mtime_s;
	const struct tree_xattr *xattrs;
	size_t xattr_count;
};

enum tree_flags {
	TREE_NO_CHOWN = 1, /* single-id map: ids are not set, nor what names others */
	TREE_REPLACE = 2,  /* a layer over others: a directory makes way for what is none,
			      and the reverse */
};

struct tree;

/* Starts writing beneath root_fd, an empty directory. */
int tree_open(int root_fd, unsigned int flags, struct tree **out,
	struct err *e) must_check nonnull;

/* The root itself gets this meta (at tree_finish). */
int tree_root(
	struct tree *t, const struct tree_meta *m, struct err *e) must_check nonnull;

int tree_dir(struct tree *t, const struct relpath *p, const struct tree_meta *m,
	struct err *e) must_check nonnull;
int tree_symlink(struct tree *t, const struct relpath *p, const char *target,
	const struct tree_meta *m, struct err *e) must_check nonnull;
int tree_fifo(struct tree *t, const struct relpath *p, const struct tree_meta *m,
	struct err *e) must_check nonnull;

/* target must have been written as a regular file by this same tree. */
int tree_hardlink(struct tree *t, const struct relpath *p, const struct relpath *target,
	struct err *e) must_check nonnull;

/* The file `from` of another tree, beneath from_fd, becomes part of this one too. 1 done, 0 the
 * file system gives it no further link (the caller copies), -1. */
int tree_adopt(struct tree *t, const struct relpath *p, int from_fd,
	const struct relpath *from, struct err *e) must_check nonnull;

/* A regular file in three steps: the descriptor (mode, which tree_file_end sets exactly,
 * saves that work when it is given here already), any number of writes to it by the caller
 * (fs_write_all or copy_file_range), then the meta. The
 * descriptor stays the caller's to close. */
int tree_file_begin(struct tree *t, const struct relpath *p, mode_t mode,
	struct err *e) must_check nonnull;
int tree_file_end(struct tree *t, int fd, const struct relpath *p,
	const struct tree_meta *m, struct err *e) must_check nonnull;

/* Is this an attribute that names ids, which TREE_NO_CHOWN leaves out? */
bool tree_attribute_names_ids(const char *name) nonnull;

/* Directory modes and times, deepest first. Nothing may be written afterwards. */
int tree_finish(struct tree *t, struct err *e) must_check nonnull;
void tree_release(struct tree **t) nonnull;
#define auto_tree with_cleanup(tree_release)

#endif
