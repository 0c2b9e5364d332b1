/* stdio.h -- renameat2(2), which musl's header does not have yet. */
#ifndef MUSL_STDIO_H
#define MUSL_STDIO_H

#include_next <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RENAME_NOREPLACE (1U << 0)
#define RENAME_EXCHANGE  (1U << 1)

static inline int renameat2(
	int from_fd, const char *from, int to_fd, const char *to, unsigned int flags)
{
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

#endif
