/* spawn.h -- run a program without a shell.
 * Rules   argv[0] is an absolute path or a name looked up in env's PATH (default
 *         /usr/sbin:/usr/bin:/sbin:/bin); the environment is exactly what is given; no
 *         descriptor above 2 is inherited except those listed; signals are reset to
 *         default
 * Errors  ERR_NOTFOUND names a missing program; a non-zero exit is not an error
 *         of spawn_wait, spawn_run turns it into one */
#ifndef LIB_BASE_SPAWN_H
#define LIB_BASE_SPAWN_H

#include "lib/base/buf.h"

#include <sys/types.h>

struct spawn {
	const char *const *argv; /* NULL-terminated */
	const char *const
		*env; /* NULL-terminated "K=V"; NULL means PATH and LC_ALL=C.UTF-8 only */
	int cwd_fd;   /* -1: stay */
	int stdin_fd; /* -1: /dev/null */
	int stdout_fd, stderr_fd; /* -1: /dev/null */
	const int *keep_fds;      /* kept open under their own numbers */
	size_t keep_count;
	bool own_group;       /* setpgid: so that spawn_kill_group ends all it started */
	bool die_with_parent; /* PR_SET_PDEATHSIG SIGKILL */
	int (*in_child)(void *ctx); /* after fork, before exec: chroot, ids; 0 or errno */
	void *ctx;
};

#define SPAWN_INIT                                                                       \
	{                                                                                \
		.cwd_fd = -1, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1           \
	}

/* Starts it; *pid is the caller's to wait for. An exec error comes back here. */
int spawn_start(const struct spawn *s, pid_t *pid, struct err *e) must_check nonnull;

/* Waits; *status is 0..255, or 128+signal. ERR_INTERRUPTED when a handler without
 * SA_RESTART ran: the child is then still the caller's. */
int spawn_wait(pid_t pid, int *status, struct err *e) must_check nonnull;

/* Starts, waits (an interrupted wait ends the child), and makes a non-zero status
 * ERR_FAILED: "'mmdebstrap' exited with status 25". */
int spawn_run(const struct spawn *s, struct err *e) must_check nonnull;

/* The same, collecting stdout into out (its ceiling counts). */
int spawn_capture(const struct spawn *s, struct buf *out, int *status,
	struct err *e) must_check nonnull;

/* SIGTERM, then SIGKILL after grace_ms, to the process group; reaps pid. */
void spawn_kill_group(pid_t pid, int grace_ms);

#endif
