#include "httpd/limits.h"

#include <malloc.h>
#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#define FILES_MAX       1024
#define CONNECTIONS_MAX 16384
#define SPARE_FDS       64
#define FDS_MIN         256
#define LARGE_BLOCK     (128 << 10)

void limits_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

void limits_settle_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK);
}

int limits_share(struct limits *out, struct err *e)
{
	struct rlimit limit;
	size_t fds;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return err_sys(e, "cannot read the limit of open files");
	fds = limit.rlim_cur > 1U << 20 ? 1U << 20 : (size_t)limit.rlim_cur;
	if (fds < FDS_MIN)
		return err_set(e, ERR_LIMIT,
			"cannot serve with %zu open files, raise the limit (ulimit -n) "
			"to "
			"1024",
			fds);
	out->files = fds / 4 < FILES_MAX ? fds / 4 : FILES_MAX;
	out->connections = (fds - SPARE_FDS - out->files) / 2;
	if (out->connections > CONNECTIONS_MAX)
		out->connections = CONNECTIONS_MAX;
	return 0;
}

void limits_wait(void *ctx, const char *format, va_list args)
{
	const struct timespec pause = { 0, 10 * 1000000L };

	(void)ctx;
	(void)format;
	(void)args;
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		nanosleep(&pause, NULL);
}

unsigned int limits_processors(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) < 1)
		return 1;
	return (unsigned int)CPU_COUNT(&set);
}
