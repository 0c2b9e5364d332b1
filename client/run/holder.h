/* holder.h -- the user namespace in which the supervisor works.
 * Shape   full: 0 is the caller, his subordinate ids are themselves; single: the
 *         caller's id is itself. Inside, the process is still the same user to the host,
 *         and may also chown to the subordinate ids, remove what they own, and write the
 *         maps of its children
 * Rules   the process must have one thread, and runs no program afterwards
 * Errors  ERR_SYS says which setting of the host forbids user namespaces
 * Source  user_namespaces(7), newuidmap(1) */
#ifndef CLIENT_RUN_HOLDER_H
#define CLIENT_RUN_HOLDER_H

#include "lib/base/userns.h"

/* newuidmap or newgidmap at work on us. */
struct mapper {
	const char *path;
	pid_t pid;   /* -1: none */
	int says_fd; /* its stderr */
};

struct holder {
	struct mapper mapper[2];
};

/* Enters; with subordinate ids the maps are being written while the caller goes on, and
 * nothing may be chown'ed or cloned before holder_finish. */
int holder_begin(
	struct holder *h, const struct subids *ids, struct err *e) must_check nonnull;
int holder_finish(struct holder *h, struct err *e) must_check nonnull;

/* Both. */
int holder_enter(const struct subids *ids, struct err *e) must_check nonnull;

/* Why the kernel refused namespaces with this errno, and the command that mends it (""
 * when there is none). */
const char *holder_refusal(int number, const char **mend) nonnull;

/* The same as an error: "cannot make WHAT: why; mend: command". */
int holder_refused(int number, const char *what, struct err *e) nonnull;

/* Writes /proc/PID/<file>, one of uid_map, gid_map, setgroups. */
int id_map_write(
	pid_t pid, const char *file, const char *text, struct err *e) must_check nonnull;

#endif
