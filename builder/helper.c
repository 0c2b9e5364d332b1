#include "builder/helper.h"

#include "lib/base/fs.h"
#include "lib/base/sandbox.h"
#include "lib/base/spawn.h"

#include <sys/mman.h>

#define SAID_MAX 4096

int helper_become_user(void *ctx)
{
	struct err e;

	(void)ctx;
	return sandbox_set_ids(HELPER_USER, HELPER_USER, &e) < 0 ? (e.sys ? e.sys : EPERM)
								 : 0;
}

static const struct {
	int status;
	enum err_code code;
} meanings[] = {
	{ 2, ERR_RECIPE },
	{ 3, ERR_UNTRUSTED },
	{ 4, ERR_NETWORK },
	{ 5, ERR_LIMIT },
	{ 8, ERR_NOTFOUND },
	{ 11, ERR_UPSTREAM },
};

/* The last line, without the program's name; "" when it said nothing. */
static void read_said(int said_fd, char out[SAID_MAX], int log_fd)
{
	ssize_t n = pread(said_fd, out, SAID_MAX - 1, 0);
	struct err ignored;
	char *line, *colon;

	out[n > 0 ? n : 0] = '\0';
	if (n <= 0)
		return;
	/* The log is no result. */
	if (log_fd >= 0 && fs_write_all(log_fd, out, (size_t)n, &ignored) < 0)
		errno = 0;
	while (n > 0 && strchr("\r\n", out[n - 1]))
		out[--n] = '\0';
	line = strrchr(out, '\n');
	line = line ? line + 1 : out;
	colon = strstr(line, ": ");
	line = colon ? colon + 2 : line;
	memmove(out, line, strlen(line) + 1);
}

static int explain(const struct helper *h, int said_fd, int status, struct err *e)
{
	char said[SAID_MAX];
	enum err_code code = ERR_FAILED;

	read_said(said_fd, said, h->log_fd);
	for (size_t i = 0; i < ARRAY_COUNT(meanings); i++)
		if (meanings[i].status == status)
			code = meanings[i].code;
	if (code == ERR_LIMIT && strstr(said, strerror(ENOSPC)))
		code = ERR_NOSPACE;
	if (*said)
		return err_set(e, code, "%s", said);
	return err_set(e, code, "'%s' ended with status %d", h->argv[0], status);
}

int helper_run(const struct helper *h, struct err *e)
{
	auto_fd int said_fd = memfd_create("said", MFD_CLOEXEC);
	struct spawn s = SPAWN_INIT;
	int status = 0;
	pid_t pid;

	if (said_fd < 0)
		return err_sys(e, "cannot make a memory file");
	s.argv = h->argv;
	s.env = h->env;
	s.cwd_fd = h->cwd_fd;
	s.stdout_fd = h->out_fd;
	s.stderr_fd = said_fd;
	s.keep_fds = &h->keep_fd;
	s.keep_count = h->keep_fd >= 0;
	s.die_with_parent = true;
	s.in_child = helper_become_user;
	if (spawn_start(&s, &pid, e) < 0 || spawn_wait(pid, &status, e) < 0)
		return -1;
	return status == 0 ? 0 : explain(h, said_fd, status, e);
}
