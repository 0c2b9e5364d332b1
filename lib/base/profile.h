/* profile.h -- what a command in a container finds and may do, whoever starts it.
 * Shape   paths beneath /proc or /sys, without a slash before them
 * Source  capabilities(7); the OCI runtime specification, "Linux" (masked and read-only
 *         paths) */
#ifndef LIB_BASE_PROFILE_H
#define LIB_BASE_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

/* A capability of the container's own user namespace. */
struct profile_cap {
	unsigned int number;
	const char *name; /* CAP_CHOWN */
};

/* What tells about the host, or reaches it: under /dev/null or an empty directory. */
struct profile_hidden {
	const char *name;
	bool directory;
};

extern const struct profile_cap profile_caps[];
extern const size_t profile_cap_count;
extern const char *const profile_shell; /* when nothing else is asked for */
extern const char *const profile_env[]; /* NAME=VALUE */
extern const size_t profile_env_count;
extern const struct profile_hidden profile_hidden_proc[], profile_hidden_sys[];
extern const size_t profile_hidden_proc_count, profile_hidden_sys_count;
extern const char *const profile_readonly_proc[];
extern const size_t profile_readonly_proc_count;

#endif
