#include "builder/download.h"

#include "builder/helper.h"

#include "lib/base/buf.h"

#define FETCH    LIBEXECDIR "/rootyard-fetch"
#define ENV_KEPT 8
#define ARGS_MAX 40

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

int download_run(const struct download *d, struct err *e)
{
	struct args a = { .count = 0 };
	const char *env[ENV_KEPT + 2];
	char *storage[ENV_KEPT];
	const struct helper h = { .argv = a.word,
		.env = env,
		.cwd_fd = -1,
		.out_fd = d->out_fd,
		.keep_fd = d->state_fd,
		.log_fd = d->log_fd };
	int rc;

	make_args(d, &a);
	make_env(env, storage);
	rc = helper_run(&h, e);
	for (size_t i = 0; i < ENV_KEPT; i++)
		free(storage[i]);
	if (rc < 0 && e->code == ERR_FAILED)
		e->code = ERR_NETWORK;
	return rc;
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
