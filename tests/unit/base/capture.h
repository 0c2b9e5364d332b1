/* capture.h -- run a function in a child and keep what it printed.
 * Out     its exit status (128+signal when one ended it), stdout and stderr as text
 * Owns    nothing: the texts stand in the struct, cut at their size */
#ifndef TESTS_UNIT_BASE_CAPTURE_H
#define TESTS_UNIT_BASE_CAPTURE_H

#include "lib/base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct captured {
	int status;
	char out[16384], err[16384];
};

static inline void capture_text(FILE *from, char *text, size_t size)
{
	size_t n;

	rewind(from);
	n = fread(text, 1, size - 1, from);
	text[n] = '\0';
	fclose(from);
}

static inline void capture(struct captured *c, int (*fn)(void *ctx), void *ctx)
{
	FILE *out = tmpfile(), *err = tmpfile();
	int raw;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		dup2(fileno(out), STDOUT_FILENO);
		dup2(fileno(err), STDERR_FILENO);
		raw = fn(ctx);
		fflush(NULL);
		_exit(raw & 0xff);
	}
	waitpid(pid, &raw, 0);
	c->status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
	capture_text(out, c->out, sizeof(c->out));
	capture_text(err, c->err, sizeof(c->err));
}

#endif
