#include "indexer/worker.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#define CPU_LIMIT_S 30 /* of what one worker starts, each; beside the job's own limit */

struct worker {
	pid_t pid;
	int ask_fd, answer_fd;
	size_t job;
	int64_t until_ms;
	bool busy;
};

struct crew {
	const struct worker_ops *ops;
	void *ctx;
	struct worker worker[WORKERS_MAX];
	size_t count, given, jobs;
};

struct answer {
	size_t len;
	int failed, sys;
	enum err_code code;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static int limit_of(const struct crew *c, size_t job)
{
	return c->ops->limit_s ? c->ops->limit_s(job, c->ctx) : WORKER_LIMIT_S;
}

static unsigned int processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) < 0 || CPU_COUNT(&set) < 1)
		return 1;
	return (unsigned int)CPU_COUNT(&set);
}

/* 1 all of it, 0 the other side is gone, -1. */
static int read_all(int fd, void *p, size_t len)
{
	for (size_t at = 0; at < len;) {
		ssize_t n = read(fd, (char *)p + at, len - at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		at += (size_t)n;
	}
	return 1;
}

/* ---- in the worker */

static int answer(const struct crew *c, size_t job, int fd)
{
	auto_buf struct buf out = BUF_INIT(c->ops->result_max);
	struct answer a = { 0 };
	struct err e = { 0 }, ignored;
	const void *text;

	a.failed = c->ops->work(job, c->ctx, &out, &e) < 0 ||
		   buf_check(&out, c->ops->what, &e) < 0;
	a.sys = e.sys;
	a.code = e.code;
	a.len = a.failed ? strlen(e.text) : out.len;
	text = a.failed ? (const void *)e.text : out.data;
	if (fs_write_all(fd, &a, sizeof(a), &ignored) < 0)
		return -1;
	return a.len ? fs_write_all(fd, text, a.len, &ignored) : 0;
}

__attribute__((noreturn)) static void serve(const struct crew *c, int ask_fd, int fd)
{
	size_t job;

	while (read_all(ask_fd, &job, sizeof(job)) > 0) {
		rlim_t cpu = (rlim_t)(CPU_LIMIT_S + limit_of(c, job) - WORKER_LIMIT_S);
		struct rlimit r = { .rlim_cur = cpu, .rlim_max = RLIM_INFINITY };

		/* each program that is started has this for itself */
		if (setrlimit(RLIMIT_CPU, &r) < 0 || answer(c, job, fd) < 0)
			break;
	}
	_exit(0);
}

/* ---- in the caller */

static void close_others(const struct crew *c)
{
	for (size_t i = 0; i < c->count; i++) {
		close(c->worker[i].ask_fd);
		close(c->worker[i].answer_fd);
	}
}

static int start(struct crew *c, struct err *e)
{
	struct worker *w = &c->worker[c->count];
	int ask[2], reply[2];
	pid_t parent = getpid();

	if (pipe2(ask, O_CLOEXEC) < 0)
		return err_sys(e, "cannot start a worker to %s", c->ops->what);
	if (pipe2(reply, O_CLOEXEC) < 0) {
		err_sys(e, "cannot start a worker to %s", c->ops->what);
		close(ask[0]);
		close(ask[1]);
		return -1;
	}
	w->pid = fork();
	if (w->pid == 0) {
		setpgid(0, 0);
		/* what our death leaves running has nobody to report to */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
			_exit(1);
		close_others(c);
		close(ask[1]);
		close(reply[0]);
		serve(c, ask[0], reply[1]);
	}
	close(ask[0]);
	close(reply[1]);
	if (w->pid < 0) {
		err_sys(e, "cannot start a worker to %s", c->ops->what);
		close(ask[1]);
		close(reply[0]);
		return -1;
	}
	setpgid(w->pid, w->pid);
	w->ask_fd = ask[1];
	w->answer_fd = reply[0];
	w->busy = false;
	c->count++;
	return 0;
}

static int give(struct crew *c, struct worker *w, struct err *e)
{
	if (c->given == c->jobs)
		return 0;
	w->job = c->given++;
	w->busy = true;
	w->until_ms = now_ms() + limit_of(c, w->job) * INT64_C(1000);
	return fs_write_all(w->ask_fd, &w->job, sizeof(w->job), e);
}

static int take(struct crew *c, struct worker *w, struct err *e)
{
	auto_free unsigned char *text = NULL;
	struct answer a;

	if (read_all(w->answer_fd, &a, sizeof(a)) <= 0 ||
		a.len > (a.failed ? ERR_TEXT_MAX : c->ops->result_max))
		return err_set(
			e, ERR_FAILED, "cannot %s: its worker was ended", c->ops->what);
	text = xmalloc(a.len + 1);
	if (a.len && read_all(w->answer_fd, text, a.len) <= 0)
		return err_set(
			e, ERR_FAILED, "cannot %s: its worker was ended", c->ops->what);
	w->busy = false;
	text[a.len] = '\0';
	if (!a.failed)
		return c->ops->done(w->job, bytes_of(text, a.len), c->ctx, e);
	err_set(e, a.code, "%s", (const char *)text);
	e->sys = a.sys;
	return -1;
}

/* Until when may we wait? -1: nobody is at work. */
static int patience_ms(const struct crew *c)
{
	int64_t first = -1, now = now_ms();

	for (size_t i = 0; i < c->count; i++)
		if (c->worker[i].busy && (first < 0 || c->worker[i].until_ms < first))
			first = c->worker[i].until_ms;
	if (first < 0)
		return -1;
	return first > now ? (int)(first - now) : 0;
}

static int late(const struct crew *c, struct err *e)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->worker[i].busy && c->worker[i].until_ms <= now_ms())
			return err_set(e, ERR_AGAIN,
				"cannot %s: it did not end within %d s (is the disk full "
				"or failing?)",
				c->ops->what, limit_of(c, c->worker[i].job));
	return 0;
}

static int work(struct crew *c, struct err *e)
{
	struct pollfd p[WORKERS_MAX];
	int wait_ms;

	for (size_t i = 0; i < c->count; i++)
		if (give(c, &c->worker[i], e) < 0)
			return -1;
	while ((wait_ms = patience_ms(c)) >= 0) {
		for (size_t i = 0; i < c->count; i++)
			p[i] = (struct pollfd){
				.fd = c->worker[i].busy ? c->worker[i].answer_fd : -1,
				.events = POLLIN
			};
		if (poll(p, c->count, wait_ms) < 0 && errno != EINTR)
			return err_sys(e, "cannot wait for a worker");
		for (size_t i = 0; i < c->count; i++)
			if (p[i].revents && (take(c, &c->worker[i], e) < 0 ||
						    give(c, &c->worker[i], e) < 0))
				return -1;
		if (late(c, e) < 0)
			return -1;
	}
	return 0;
}

static void end(struct crew *c, bool failed)
{
	for (size_t i = 0; i < c->count; i++) {
		struct worker *w = &c->worker[i];

		close(w->ask_fd);
		close(w->answer_fd);
		if (failed)
			kill(-w->pid, SIGKILL);
	}
	for (size_t i = 0; i < c->count; i++)
		while (waitpid(c->worker[i].pid, NULL, 0) < 0 && errno == EINTR)
			;
}

int worker_run(unsigned int workers, size_t count, const struct worker_ops *ops,
	void *ctx, struct err *e)
{
	struct crew c = { .ops = ops, .ctx = ctx, .jobs = count };
	int rc = 0;

	if (!workers)
		workers = processors();
	while (c.count < workers && c.count < WORKERS_MAX && c.count < count && rc == 0)
		rc = start(&c, e);
	/* fewer hands do the same work */
	if (c.count)
		rc = work(&c, e);
	end(&c, rc < 0);
	return rc;
}
