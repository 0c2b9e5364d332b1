/* holder.h -- the user namespace in which the supervisor works.
 * Shape   full: 0 is the caller, his subordinate ids are themselves; single: the
 *         caller's id is itself. Inside, the process is still the same user to the host,
 *         and may also chown to the subordinate ids, remove what they own, and write the
 *         maps of its children
 * Rules   the process must have one thread, and runs no program afterwards. The full one
 *         is kept between commands (keeper.h), so that only the first pays newuidmap
 * Errors  ERR_SYS says which setting of the host forbids user namespaces
 * Owns    nothing; borrows run_fd
 * Source  user_namespaces(7), newuidmap(1) */
#ifndef CLIENT_RUN_HOLDER_H
#define CLIENT_RUN_HOLDER_H

#include "client/run/keeper.h"

struct holder {
	int run_fd;        /* the run place */
	struct subids ids; /* what the caller may map; full = false: one id is wanted */
	struct keeper kept;
	bool entered;
};

/* What the caller may map, from the kept namespace when nothing changed since. */
void holder_find(struct holder *h, int run_fd) nonnull;

/* Enters, once. */
int holder_enter(struct holder *h, struct err *e) must_check nonnull;

/* Enters one of the caller's own id, which nobody keeps. */
int holder_enter_single(struct err *e) must_check nonnull;

/* Why the kernel refused namespaces with this errno, and the command that mends it (""
 * when there is none). */
const char *holder_refusal(int number, const char **mend) nonnull;

/* The same as an error: "cannot make WHAT: why; mend: command". */
int holder_refused(int number, const char *what, struct err *e) nonnull;

/* Writes /proc/PID/<file>, one of uid_map, gid_map, setgroups. */
int id_map_write(
	pid_t pid, const char *file, const char *text, struct err *e) must_check nonnull;

#endif
