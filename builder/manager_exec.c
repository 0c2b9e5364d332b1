#include "builder/manager_exec.h"

#include "builder/chroot.h"

#define ARCHIVES_DIR "var/cache/apt/archives"
#define LISTS_DIR    "var/lib/apt/lists"

static void log_argv(struct job *j, const char *const *argv)
{
	auto_buf struct buf line = BUF_INIT(65536);

	for (; *argv; argv++)
		buf_printf(&line, " %s", *argv);
	job_log(j, "+%s", buf_str(&line));
}

static void bind(struct chroot *c, const char *source, const char *target)
{
	c->bind[c->bind_count++] =
		(struct chroot_bind){ .source = source, .target = target };
}

static int run(struct job *j, const char *const *argv, int out_fd, bool with_store,
	struct err *e)
{
	struct chroot c = { .root = j->root, .env = j->net_env, .log_fd = out_fd };
	int64_t from;

	if (with_store && j->has_lists) {
		bind(&c, j->archives, ARCHIVES_DIR);
		bind(&c, j->lists, LISTS_DIR);
	}
	log_argv(j, argv);
	from = job_log_end(j);
	if (chroot_run(&c, argv, -1, CHROOT_NETWORK, e) == 0)
		return 0;
	if (e->code == ERR_FAILED)
		e->code = ERR_UPSTREAM;
	job_cause(j, from, e);
	return job_failed(j, e);
}

int manager_command(struct job *j, const char *const *argv, int out_fd, struct err *e)
{
	return run(j, argv, out_fd, false, e);
}

int manager_command_with_store(struct job *j, const char *const *argv, struct err *e)
{
	return run(j, argv, j->log_fd, true, e);
}
