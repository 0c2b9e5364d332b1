/* unistd.h -- execveat(2), which musl's header does not have yet. */
#ifndef MUSL_UNISTD_H
#define MUSL_UNISTD_H

#include <sys/syscall.h>
#include_next <unistd.h>

static inline int execveat(
	int dir_fd, const char *path, char *const argv[], char *const envp[], int flags)
{
	return (int)syscall(SYS_execveat, dir_fd, path, argv, envp, flags);
}

#endif
