/* sandbox.h -- rights given up, for good.
 * Order   ids, then Landlock, then seccomp; each needs no_new_privs, which comes first
 * Errors  a step that the kernel cannot do is an error unless its _optional form is asked
 * Source  landlock(7), open_tree(2), mount_setattr(2), seccomp(2), prctl(2), capabilities(7) */
#ifndef LIB_BASE_SANDBOX_H
#define LIB_BASE_SANDBOX_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

#include <sys/types.h>

struct sock_filter;

enum sandbox_access {
	SANDBOX_READ = 1,  /* read files, list directories */
	SANDBOX_WRITE = 2, /* make, change, remove */
	SANDBOX_EXEC = 4,  /* execute */
};

struct sandbox_rule {
	int fd; /* O_PATH descriptor of a file or directory */
	unsigned int access;
};

/* PR_SET_NO_NEW_PRIVS. */
int sandbox_no_new_privs(struct err *e) must_check nonnull;

/* Real, effective and saved ids, empty supplementary groups, no capability left. */
int sandbox_set_ids(uid_t uid, gid_t gid, struct err *e) must_check nonnull;

/* Drops every capability from all five sets. */
int sandbox_drop_caps(struct err *e) must_check nonnull;

/* A private copy of the mounts at and beneath dir, read-only, without devices, set-ids or
 * programs; it stands nowhere and lasts as long as the descriptor of it that *out becomes.
 * Returns 0, -1, or 1 where this process may not mount (it needs CAP_SYS_ADMIN over its
 * mount namespace) or the kernel is older than 5.12: the caller decides. */
int sandbox_read_only_view(int dir, int *out, struct err *e) must_check nonnull;

/* Landlock: nothing of the file system but these (no rules: nothing at all). Returns 0,
 * -1, or 1 where the kernel has no Landlock (before 5.13): the caller decides whether to
 * go on. */
int sandbox_files(
	const struct sandbox_rule *rules, size_t count, struct err *e) must_check nonnull;

/* The version of Landlock's interface, 0 where there is none. Before 2 every rename
 * between directories is refused beneath it. */
int sandbox_files_version(void);

/* Loads a ready BPF program (see tools/seccomp-compile.c). */
int sandbox_seccomp(const struct sock_filter *program, size_t count,
	struct err *e) must_check nonnull;

/* RLIMIT_CORE 0, PR_SET_DUMPABLE 0: for processes that hold a key. */
int sandbox_no_core(struct err *e) must_check nonnull;

#endif
