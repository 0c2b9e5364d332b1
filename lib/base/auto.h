/* auto.h -- attributes and cleanup: who checks, who frees, who hands over.
 * Owns    an `auto_*` variable is released when its scope ends; errno survives
 * Source  GCC manual, "Common Variable Attributes": cleanup */
#ifndef LIB_BASE_AUTO_H
#define LIB_BASE_AUTO_H

#include "lib/base/banned.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define must_check        __attribute__((__warn_unused_result__))
#define nonnull           __attribute__((__nonnull__))
#define nonnull_args(...) __attribute__((__nonnull__(__VA_ARGS__)))
#define printf_like(f, a) __attribute__((__format__(__printf__, f, a)))
#define maybe_unused      __attribute__((__unused__))
#define with_cleanup(fn)  __attribute__((__cleanup__(fn)))

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Hand over an owned pointer: the value leaves, NULL stays behind. */
#define STEAL(p)                                                                         \
	__extension__({                                                                  \
		__typeof__(p) *steal_slot = &(p);                                        \
		__typeof__(p) steal_value = *steal_slot;                                 \
		*steal_slot = NULL;                                                      \
		steal_value;                                                             \
	})

/* Hand over an owned descriptor: the number leaves, -1 stays behind. */
#define STEAL_FD(fd)                                                                     \
	__extension__({                                                                  \
		int *steal_slot = &(fd);                                                 \
		int steal_value = *steal_slot;                                           \
		*steal_slot = -1;                                                        \
		steal_value;                                                             \
	})

static inline void auto_free_cleanup(void *slot)
{
	int saved = errno;

	free(*(void **)slot);
	errno = saved;
}

static inline void auto_fd_cleanup(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void auto_dir_cleanup(DIR **dir)
{
	int saved = errno;

	if (*dir)
		closedir(*dir);
	errno = saved;
}

static inline void auto_file_cleanup(FILE **file)
{
	int saved = errno;

	if (*file)
		fclose(*file);
	errno = saved;
}

#define auto_free with_cleanup(auto_free_cleanup)
#define auto_fd   with_cleanup(auto_fd_cleanup)
#define auto_dir  with_cleanup(auto_dir_cleanup)
#define auto_file with_cleanup(auto_file_cleanup)

#endif
