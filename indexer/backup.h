/* backup.h -- everything of an operator's directory that public/ does not hold, as a
 * directory of copies, and back.
 * Shape   DIR/{backup.json, catalog.db, site.yaml, releases/, gnupg/, trust/, keys/, ...};
 *         backup.json is written last and lists every file with size and sha256; all of it
 *         0700 and 0600, because the publish key is in it
 * Rules   catalog.db is a consistent copy; nothing in DIR is believed that backup.json
 *         does not list with these bytes; a restore that was cut is continued by the same
 *         command
 * Errors  ERR_CONFLICT names what is in the way; ERR_DAMAGED a file that is not what was
 *         saved
 * Owns    nothing */
#ifndef INDEXER_BACKUP_H
#define INDEXER_BACKUP_H

#include "indexer/yard.h"

struct backup_result {
	size_t files;
	uint64_t size;
	int64_t generation; /* that the catalog calls live */
	int64_t live;       /* restore: that public/ shows, 0 for none */
};

/* dir_fd: new or empty, 0700; path: the same as text, for SQLite. */
int backup_write(struct yard *y, int dir_fd, const char *path, struct backup_result *out,
	struct err *e) must_check nonnull;

/* tree_fd: new or empty, but for public/ that was copied there before. */
int backup_restore(int dir_fd, int tree_fd, const char *tree, struct backup_result *out,
	struct err *e) must_check nonnull;

#endif
