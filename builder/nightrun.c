#include "builder/nightrun.h"

#include "builder/journal.h"
#include "builder/nightchild.h"
#include "builder/nighttable.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#define TICK_MS      200
#define PAUSE_MAX_MS (15 * 60 * 1000)
#define JOBS_MAX     64

static const int ending[] = { SIGINT, SIGTERM, SIGHUP };

/* ---- starting one */

__attribute__((noreturn)) static void child(const struct night *n,
	const struct night_entry *entry, int report_fd, int words_fd, pid_t parent)
{
	struct out out = *n->out;
	struct night own = *n;
	struct night_result r;
	struct err ignored;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* A killed night takes its builds with it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	out.messages = fdopen(words_fd, "w");
	if (!out.messages)
		_exit(1);
	setvbuf(out.messages, NULL, _IOLBF, 0);
	out.redraw = out.color = false;
	out.level = 0;
	out.progress = OUT_PROGRESS_PLAIN;
	own.out = &out;
	nightchild_run(&own, entry->cell, entry->result.tries + 1, &r);
	fflush(out.messages);
	_exit(fs_write_all(report_fd, &r, sizeof(r), &ignored) < 0);
}

static int start(struct night *n, struct night_entry *entry, struct err *e)
{
	int report[2], words[2];
	pid_t parent = getpid();

	if (pipe2(report, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	if (pipe2(words, O_CLOEXEC | O_NONBLOCK) < 0) {
		close(report[0]);
		close(report[1]);
		return err_sys(e, "cannot make a pipe");
	}
	fflush(NULL);
	entry->pid = fork();
	if (entry->pid == 0)
		child(n, entry, report[1], words[1], parent);
	close(report[1]);
	close(words[1]);
	entry->report_fd = report[0];
	entry->words_fd = words[0];
	if (entry->pid < 0) {
		close(report[0]);
		close(words[0]);
		return err_sys(e, "cannot start a process");
	}
	entry->state = NIGHT_RUNNING;
	entry->start_ms = job_clock();
	snprintf(entry->word, sizeof(entry->word), "begins");
	out_detail(n->out, "%s: begins", entry->cell->name);
	return 0;
}

/* Is there room for one more? With nothing running the answer must not be "wait". */
static bool has_room(const struct night *n, int dir)
{
	uint64_t free_bytes = 0;
	struct err ignored;

	return fs_free_bytes(dir, &free_bytes, &ignored) < 0 ||
	       free_bytes >= (uint64_t)n->values->min_free;
}

static int settle(struct night *n, struct night_entry *entry, struct err *e)
{
	struct night_result *r = &entry->result;
	int64_t pause_ms = n->values->pause_s * 1000;

	if (night_may_retry(r, n->values->tries)) {
		for (int64_t i = 1; i < r->tries && pause_ms < PAUSE_MAX_MS; i++)
			pause_ms *= 3;
		if (pause_ms > PAUSE_MAX_MS)
			pause_ms = PAUSE_MAX_MS;
		entry->state = NIGHT_WAITING;
		entry->not_before_ms = job_clock() + pause_ms;
		nighttable_retry(n, entry, pause_ms);
		return 0;
	}
	entry->state = NIGHT_DONE;
	if (journal_add(n, entry, e) < 0)
		return -1;
	nighttable_done(n, entry);
	return 0;
}

static void fail_without_room(const struct night *n, struct night_entry *entry)
{
	struct night_result *r = &entry->result;
	char text[32];
	struct err e;

	err_set(&e, ERR_NOSPACE, "not begun: less than %s are free (--min-free)",
		out_size((uint64_t)n->values->min_free, text, sizeof(text)));
	snprintf(r->outcome, sizeof(r->outcome), "failed");
	snprintf(r->class, sizeof(r->class), "internal");
	snprintf(r->message, sizeof(r->message), "%s", e.text);
	r->status = err_exit_status(&e);
}

static int start_due(struct night *n, struct err *e)
{
	int64_t now_ms = job_clock();
	size_t running = night_count(n, NIGHT_RUNNING);

	for (size_t i = 0; i < n->count && running < (size_t)n->values->jobs; i++) {
		struct night_entry *entry = &n->entry[i];

		if (entry->state != NIGHT_WAITING || entry->not_before_ms > now_ms)
			continue;
		if (!has_room(n, n->dir)) {
			if (running)
				return 0;
			fail_without_room(n, entry);
			if (settle(n, entry, e) < 0)
				return -1;
			continue;
		}
		if (start(n, entry, e) < 0)
			return -1;
		running++;
	}
	return 0;
}

/* ---- hearing of those that run */

static void hear(struct night *n, struct night_entry *entry)
{
	char text[4096];
	ssize_t len = read(entry->words_fd, text, sizeof(text) - 1);
	char *rest = text;

	if (len <= 0)
		return;
	text[len] = '\0';
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (!*line)
			continue;
		snprintf(entry->word, sizeof(entry->word), "%s", line);
		out_detail(n->out, "%s: %s", entry->cell->name, line);
	}
}

static int finish(struct night *n, struct night_entry *entry, struct err *e)
{
	struct night_result r = { .tries = 0 };
	int64_t tries = entry->result.tries + 1, ms = entry->result.ms;
	ssize_t len = read(entry->report_fd, &r, sizeof(r));
	int status = 0;

	hear(n, entry);
	close(entry->report_fd);
	close(entry->words_fd);
	while (waitpid(entry->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (len != (ssize_t)sizeof(r)) {
		r = (struct night_result){
			.outcome = "failed", .class = "internal", .status = 1
		};
		snprintf(r.message, sizeof(r.message),
			"its process ended without a word (%s %d)",
			WIFSIGNALED(status) ? "signal" : "status",
			WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	}
	entry->result = r;
	entry->result.tries = tries;
	entry->result.ms = ms + job_clock() - entry->start_ms;
	return settle(n, entry, e);
}

/* 1: a signal asked us to end. */
static int wait_for_news(struct night *n, int signal_fd, struct err *e)
{
	struct pollfd p[1 + 2 * JOBS_MAX] = { { .fd = signal_fd, .events = POLLIN } };
	struct night_entry *whose[1 + 2 * JOBS_MAX];
	struct signalfd_siginfo info;
	nfds_t count = 1;

	for (size_t i = 0; i < n->count; i++) {
		struct night_entry *entry = &n->entry[i];

		if (entry->state != NIGHT_RUNNING)
			continue;
		whose[count] = entry;
		p[count++] = (struct pollfd){ .fd = entry->words_fd, .events = POLLIN };
		whose[count] = entry;
		p[count++] = (struct pollfd){ .fd = entry->report_fd, .events = POLLIN };
	}
	if (poll(p, count, TICK_MS) < 0)
		return errno == EINTR ? 0 : err_sys(e, "cannot wait");
	/* Read, or it would end us when it is let through again. */
	if (p[0].revents && read(signal_fd, &info, sizeof(info)) == sizeof(info))
		return 1;
	for (nfds_t i = 1; i + 1 < count; i += 2) {
		if (p[i].revents & POLLIN)
			hear(n, whose[i]);
		if (p[i + 1].revents && finish(n, whose[i], e) < 0)
			return -1;
	}
	return 0;
}

static void end_all(struct night *n)
{
	for (size_t i = 0; i < n->count; i++)
		if (n->entry[i].state == NIGHT_RUNNING)
			kill(n->entry[i].pid, SIGTERM);
	for (size_t i = 0; i < n->count; i++) {
		if (n->entry[i].state != NIGHT_RUNNING)
			continue;
		while (waitpid(n->entry[i].pid, NULL, 0) < 0 && errno == EINTR)
			continue;
		close(n->entry[i].report_fd);
		close(n->entry[i].words_fd);
		n->entry[i].state = NIGHT_WAITING;
	}
}

static int run_all(struct night *n, int signal_fd, struct err *e)
{
	while (night_count(n, NIGHT_DONE) < n->count) {
		int rc = start_due(n, e);

		if (rc == 0 && night_count(n, NIGHT_DONE) < n->count)
			rc = wait_for_news(n, signal_fd, e);
		if (rc == 0) {
			nighttable_draw(n);
			continue;
		}
		nighttable_clear(n);
		end_all(n);
		if (rc < 0)
			return -1;
		return err_set(e, ERR_INTERRUPTED,
			"interrupted: the same command goes on with the %zu images that "
			"are left",
			n->count - night_count(n, NIGHT_DONE));
	}
	nighttable_clear(n);
	return 0;
}

int nightrun_all(struct night *n, struct err *e)
{
	sigset_t set, before;
	int signal_fd, rc;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_COUNT(ending); i++)
		sigaddset(&set, ending[i]);
	sigprocmask(SIG_BLOCK, &set, &before);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	rc = signal_fd < 0 ? err_sys(e, "cannot watch signals")
			   : run_all(n, signal_fd, e);
	if (signal_fd >= 0)
		close(signal_fd);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return rc;
}
