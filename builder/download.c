#include "builder/download.h"

#include "lib/base/sandbox.h"
#include "lib/base/spawn.h"

#define FETCH  LIBEXECDIR "/rootyard-fetch"
#define NOBODY 65534

static int become_nobody(void *ctx)
{
	struct err e;

	(void)ctx;
	return sandbox_set_ids(NOBODY, NOBODY, &e) < 0 ? (e.sys ? e.sys : EPERM) : 0;
}

static const struct {
	int status;
	enum err_code code;
	const char *what;
} meanings[] = {
	{ 8, ERR_NOTFOUND, "is not there" },
	{ 5, ERR_LIMIT, "is larger than allowed, or the disk is full" },
	{ 4, ERR_NETWORK, "cannot be reached" },
};

#define ENV_KEPT 8

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

static int start(const char *url, const char *max, int out_fd, int log_fd, int *status,
	struct err *e)
{
	const char *const argv[] = { FETCH, "--max-bytes", max, "--", url, NULL };
	const char *env[ENV_KEPT + 2];
	char *storage[ENV_KEPT];
	struct spawn s = SPAWN_INIT;
	pid_t pid;
	int rc;

	make_env(env, storage);
	s.argv = argv;
	s.env = env;
	s.stdout_fd = out_fd;
	s.stderr_fd = log_fd;
	s.die_with_parent = true;
	s.in_child = become_nobody;
	rc = spawn_start(&s, &pid, e);
	if (rc == 0)
		rc = spawn_wait(pid, status, e);
	for (size_t i = 0; i < ENV_KEPT; i++)
		free(storage[i]);
	return rc;
}

int download(const char *url, int out_fd, int64_t max_bytes, int log_fd, struct err *e)
{
	char max[32];
	int status;

	snprintf(max, sizeof(max), "%lld", (long long)max_bytes);
	if (ftruncate(out_fd, 0) < 0 || lseek(out_fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot empty the download");
	if (start(url, max, out_fd, log_fd, &status, e) < 0)
		return err_wrap(e, "cannot fetch '%s'", url);
	if (status == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_COUNT(meanings); i++)
		if (meanings[i].status == status)
			return err_set(
				e, meanings[i].code, "'%s' %s", url, meanings[i].what);
	return err_set(e, ERR_NETWORK,
		"cannot fetch '%s': the fetcher exited with status %d", url, status);
}
