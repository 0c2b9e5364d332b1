/* debpackage.h -- one .deb becomes part of a tree, and what the package database will want
 * to know of it.
 * Rules   every entry is judged by lib/model/unpackpolicy.h; what is no directory must be
 *         new; new directories keep working modes until debunpack.h sets them; what lies below /bin, /lib, ... goes into usr/
 *         where the tree has links there; several packages may be written at once
 * Errors  ERR_PARSE for what is not modelled
 * Owns    its arena
 * Source  deb(5), deb-control(5), deb-conffiles(5) */
#ifndef BUILDER_DEBPACKAGE_H
#define BUILDER_DEBPACKAGE_H

#include "builder/debplan.h"

#include "lib/base/tree.h"

#define DEBPACKAGE_CONTROL_MAX (4U << 20)
#define DEBPACKAGE_PATHS_MAX   200000

/* A file of control.tar: a script, conffiles, triggers, ... */
struct debcontrol_file {
	const char *name;
	struct bytes content;
	mode_t mode;
	int64_t mtime_s;
};

struct debpath {
	const char *path;     /* as the package has it; "" for the root */
	const char *real;     /* where it lies in this tree */
	bool is_dir, is_file; /* a hard link is a file too */
	bool was_there; /* before this package, or another one at the same time, came */
	struct tree_meta meta; /* of directories */
};

struct debconffile {
	const char *path;
	char state[64]; /* MD5 of the content, or what dpkg says of one that is to go */
};

struct debpackage {
	const struct debplan_package *plan;
	int fd;
	struct arena arena;
	struct bytes control; /* the stanza */
	const char *id;       /* "libc6:amd64" where the name is not enough */
	struct debcontrol_file *file;
	size_t file_count, file_room;
	struct debpath *path; /* in the archive's order */
	size_t path_count, path_room;
	struct debconffile *conffile;
	size_t conffile_count;
};

void debpackage_release(struct debpackage *p) nonnull;

/* merged: packagedb_merged(). */
int debpackage_unpack(struct debpackage *p, int root_dir, unsigned int merged,
	struct err *e) must_check nonnull;

/* The file of control.tar, or NULL. */
const struct debcontrol_file *debpackage_file(
	const struct debpackage *p, const char *name) nonnull;

#endif
