/* scratch.h -- a fresh directory for a test of files, gone afterwards.
 * Owns    the directory and its descriptor, from scratch_setup to scratch_teardown */
#ifndef TESTS_UNIT_SCRATCH_H
#define TESTS_UNIT_SCRATCH_H

#include "lib/base/auto.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct scratch {
	char path[64];
	int fd;
};

static inline int scratch_setup(void **state)
{
	struct scratch *s = calloc(1, sizeof(*s));

	if (!s)
		return -1;
	snprintf(s->path, sizeof(s->path), "/tmp/rootyard-unit-XXXXXX");
	if (!mkdtemp(s->path))
		return -1;
	s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = s;
	return s->fd < 0 ? -1 : 0;
}

static inline int scratch_forget(
	const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static inline int scratch_reopen(
	const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)at;
	return kind == FTW_D || kind == FTW_DNR ? chmod(path, 0700) : 0;
}

static inline int scratch_teardown(void **state)
{
	struct scratch *s = *state;

	/* An ordinary user cannot empty what a test closed; each pass opens one level
	 * more. */
	for (int pass = 0; pass < 8 && access(s->path, F_OK) == 0; pass++) {
		nftw(s->path, scratch_reopen, 16, FTW_PHYS | FTW_MOUNT);
		nftw(s->path, scratch_forget, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	}
	close(s->fd);
	free(s);
	return 0;
}

/* Runs fn in a child with no right beyond its own files; returns what fn returned. */
static inline int scratch_as_ordinary(const struct scratch *s, int (*fn)(int dir_fd))
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (geteuid() == 0 && (fchown(s->fd, 65534, 65534) < 0 ||
					      setgid(65534) < 0 || setuid(65534) < 0))
			_exit(125);
		_exit(fn(s->fd));
	}
	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status)
								    : -1;
}

#define scratch_test(f)                                                                  \
	cmocka_unit_test_setup_teardown(f, scratch_setup, scratch_teardown)

#endif
