#include "builder/download.h"

#include "lib/base/fs.h"
#include "lib/base/sandbox.h"
#include "lib/base/spawn.h"

#include <sys/mman.h>

#define FETCH    LIBEXECDIR "/rootyard-fetch"
#define NOBODY   65534
#define ENV_KEPT 8
#define ARGS_MAX 40
#define SAID_MAX 4096

static int become_nobody(void *ctx)
{
	struct err e;

	(void)ctx;
	return sandbox_set_ids(NOBODY, NOBODY, &e) < 0 ? (e.sys ? e.sys : EPERM) : 0;
}

/* The proxy and certificate settings of the caller are for the network process alone. */
static void make_env(const char *env[ENV_KEPT + 2], char *storage[ENV_KEPT])
{
	static const char *const kept[ENV_KEPT] = { "http_proxy", "https_proxy",
		"HTTPS_PROXY", "no_proxy", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR",
		"all_proxy" };
	size_t count = 0;

	env[count++] = "LC_ALL=C.UTF-8";
	for (size_t i = 0; i < ENV_KEPT; i++) {
		const char *value = getenv(kept[i]);

		storage[i] = value ? xasprintf("%s=%s", kept[i], value) : NULL;
		if (storage[i])
			env[count++] = storage[i];
	}
	env[count] = NULL;
}

/* ---- the command line */

struct args {
	const char *word[ARGS_MAX + 1];
	size_t count;
	char max[32], state[16];
};

static void add(struct args *a, const char *word)
{
	if (a->count < ARGS_MAX)
		a->word[a->count++] = word;
}

static void add_setting(struct args *a, const char *option, const char *variable)
{
	const char *value = getenv(variable);

	if (!value || !*value)
		return;
	add(a, option);
	add(a, value);
}

static void make_args(const struct download *d, struct args *a)
{
	add(a, FETCH);
	snprintf(a->max, sizeof(a->max), "%lld", (long long)d->max_bytes);
	add(a, "--max-bytes");
	add(a, a->max);
	if (d->state_fd >= 0) {
		snprintf(a->state, sizeof(a->state), "%d", d->state_fd);
		add(a, "--state-fd");
		add(a, a->state);
	}
	for (size_t i = 0; d->accept && d->accept[i]; i++) {
		add(a, "--accept");
		add(a, d->accept[i]);
	}
	if (d->registry)
		add(a, "--registry");
	add_setting(a, "--stall", "ROOTYARD_FETCH_STALL_S");
	add_setting(a, "--tries", "ROOTYARD_FETCH_TRIES");
	add(a, "--");
	add(a, d->url);
}

static int run(const struct download *d, int said_fd, int *status, struct err *e)
{
	struct args a = { .count = 0 };
	const char *env[ENV_KEPT + 2];
	char *storage[ENV_KEPT];
	struct spawn s = SPAWN_INIT;
	pid_t pid;
	int rc;

	make_args(d, &a);
	make_env(env, storage);
	s.argv = a.word;
	s.env = env;
	s.stdout_fd = d->out_fd;
	s.stderr_fd = said_fd;
	s.keep_fds = &d->state_fd;
	s.keep_count = d->state_fd >= 0;
	s.die_with_parent = true;
	s.in_child = become_nobody;
	rc = spawn_start(&s, &pid, e);
	if (rc == 0)
		rc = spawn_wait(pid, status, e);
	for (size_t i = 0; i < ENV_KEPT; i++)
		free(storage[i]);
	return rc;
}

/* ---- how it ended */

static const struct {
	int status;
	enum err_code code;
} meanings[] = {
	{ 2, ERR_RECIPE },
	{ 8, ERR_NOTFOUND },
	{ 5, ERR_LIMIT },
	{ 4, ERR_NETWORK },
	{ 11, ERR_UPSTREAM },
};

/* The last line, without the program's name; "" when it said nothing. */
static void read_said(int said_fd, char out[SAID_MAX], int log_fd)
{
	ssize_t n = pread(said_fd, out, SAID_MAX - 1, 0);
	struct err ignored;
	char *line;

	out[n > 0 ? n : 0] = '\0';
	if (n <= 0)
		return;
	/* The log is no result. */
	if (log_fd >= 0 && fs_write_all(log_fd, out, (size_t)n, &ignored) < 0)
		errno = 0;
	out[strcspn(out, "\r\n")] = '\0';
	line = strstr(out, ": ");
	if (line)
		memmove(out, line + 2, strlen(line + 2) + 1);
}

static int explain(const struct download *d, int said_fd, int status, struct err *e)
{
	char said[SAID_MAX];
	enum err_code code = ERR_NETWORK;

	read_said(said_fd, said, d->log_fd);
	for (size_t i = 0; i < ARRAY_COUNT(meanings); i++)
		if (meanings[i].status == status)
			code = meanings[i].code;
	if (code == ERR_LIMIT && strstr(said, strerror(ENOSPC)))
		code = ERR_NOSPACE;
	if (*said)
		return err_set(e, code, "%s", said);
	return err_set(e, code, "cannot fetch '%s': the fetcher ended with status %d",
		d->url, status);
}

int download_run(const struct download *d, struct err *e)
{
	auto_fd int said_fd = memfd_create("said", MFD_CLOEXEC);
	int status = 0;

	if (said_fd < 0)
		return err_sys(e, "cannot make a memory file");
	if (run(d, said_fd, &status, e) < 0)
		return err_wrap(e, "cannot fetch '%s'", d->url);
	return status == 0 ? 0 : explain(d, said_fd, status, e);
}

int download(const char *url, int out_fd, int64_t max_bytes, int log_fd, struct err *e)
{
	const struct download d = { .url = url,
		.max_bytes = max_bytes,
		.out_fd = out_fd,
		.state_fd = -1,
		.log_fd = log_fd };

	return download_run(&d, e);
}
