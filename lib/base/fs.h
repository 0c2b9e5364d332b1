/* fs.h -- files and directories beneath a directory descriptor.
 * Rules   nothing here follows a symbolic link out of the tree; every open is O_CLOEXEC;
 *         modes are exact (umask does not apply)
 * Errors  each sentence names the path as given */
#ifndef LIB_BASE_FS_H
#define LIB_BASE_FS_H

#include "lib/base/buf.h"
#include "lib/base/relpath.h"

#include <sys/stat.h>
#include <sys/types.h>

/* Opens beneath dir_fd with openat2(RESOLVE_BENEATH|NO_SYMLINKS|NO_MAGICLINKS); returns
 * the descriptor or -1. Falls back to a component walk where openat2 is missing
 * (before 5.6). */
int fs_open_beneath(int dir_fd, const char *path, int flags, mode_t mode,
	struct err *e) must_check nonnull;

/* Opens a directory by an ordinary path given by the user (symlinks allowed). */
int fs_open_dir(const char *path, struct err *e) must_check nonnull;

/* Opens a directory directly beneath dir_fd, no symlinks. */
int fs_open_dir_at(int dir_fd, const char *path, struct err *e) must_check nonnull;

/* Creates every missing directory of path beneath dir_fd with this mode. */
int fs_mkdirs(
	int dir_fd, const char *path, mode_t mode, struct err *e) must_check nonnull;

/* Opens a regular file beneath dir_fd to read it: ERR_FAILED when it is something else, and
 * nothing that waits for a writer is waited for. */
int fs_open_regular(int dir_fd, const char *path, struct err *e) must_check nonnull;

/* Reads a whole regular file (appends to out; its ceiling is the limit). */
int fs_read_at(
	int dir_fd, const char *path, struct buf *out, struct err *e) must_check nonnull;
int fs_read_fd(int fd, const char *name_for_errors, struct buf *out,
	struct err *e) must_check nonnull;

/* Writes everything, through short writes and EINTR. */
int fs_write_all(int fd, const void *p, size_t len, struct err *e) must_check nonnull;

/* Copies size bytes (or to the end when size < 0) between descriptors. */
int fs_copy_fd(int in_fd, int out_fd, int64_t size, struct err *e) must_check nonnull;

/* Removes a file or a whole tree beneath dir_fd; missing is fine; never crosses a mount
 * point and never follows a link. */
int fs_remove_tree(int dir_fd, const char *path, struct err *e) must_check nonnull;

/* fsync of a directory or file by descriptor, with its name for the sentence. */
int fs_sync(int fd, const char *name_for_errors, struct err *e) must_check nonnull;

/* Makes the name `path` durable: syncs the directory that holds it, and path itself when
 * that is a directory. */
int fs_sync_dir_at(int dir_fd, const char *path, struct err *e) must_check nonnull;

/* rename + fsync of the target's directory. */
int fs_rename_synced(int old_dir, const char *old_name, int new_dir, const char *new_name,
	struct err *e) must_check nonnull;

/* Is there anything of this name (lstat). */
bool fs_exists_at(int dir_fd, const char *path) nonnull;

/* Bytes free for an unprivileged user on the file system of fd. */
int fs_free_bytes(int fd, uint64_t *out, struct err *e) must_check nonnull;

/* The entries of a directory, sorted by bytes, without "." and "..".
 * Owns    names and the array; fs_names_release frees both */
struct fs_names {
	char **name;
	size_t count;
};
int fs_list_dir(int dir_fd, const char *path, struct fs_names *out,
	struct err *e) must_check nonnull;
void fs_names_release(struct fs_names *n) nonnull;
#define auto_names with_cleanup(fs_names_release)

/* The first of these sorted texts that is not below `text`, or count. */
size_t fs_names_lower_bound(char *const *name, size_t count, const char *text)
	nonnull_args(3);

/* A fresh private directory (0700) in dir_fd named PREFIX.XXXXXX; name_out holds it. */
int fs_mkdtemp_at(int dir_fd, const char *prefix, char *name_out, size_t name_size,
	struct err *e) must_check nonnull;

/* len (at most 32) random characters of [a-z0-5] and a NUL, for names that nobody
 * guesses.
 */
int fs_random_suffix(char *out, size_t len, struct err *e) must_check nonnull;

/* An exclusive lock on NAME (created 0600) beneath dir_fd: the descriptor holds it until
 * closed. wait_ms 0 fails at once with ERR_BUSY that names the holder's pid, which the
 * lock file holds. */
int fs_lock(int dir_fd, const char *name, int wait_ms, struct err *e) must_check nonnull;

#endif
