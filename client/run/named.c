#include "client/run/named.h"

#include "client/run/member.h"

#include <poll.h>
#include <signal.h>
#include <time.h>

#define KILL_WAIT_MS 20000
#define STOP_LOOK_MS 100
#define STATE_TRIES                                                                      \
	200 /* of 10 ms: from the lock to the state a start has little to do */

static int read_live_state(const struct store *s, struct named *n, struct err *e)
{
	const struct timespec moment = { .tv_nsec = 10000000 };

	for (int i = 0; i < STATE_TRIES; i++) {
		n->live = state_is_live(s->run_fd, n->name);
		if (!n->live || state_read(s->run_fd, n->name, &n->state, e) == 0)
			return 0;
		if (e->code != ERR_NOTFOUND)
			return -1;
		nanosleep(&moment, NULL);
	}
	return err_set(e, ERR_BUSY, "container '%s' is just starting", n->name);
}

int named_find(const struct store *s, const char *name, struct named *out, struct err *e)
{
	*out = (struct named){ .name = name };
	if (!container_name_is_valid(name))
		return err_set(e, ERR_USAGE, "'%s' is no name of a container", name);
	if (container_read(s, name, &out->memory, &out->config, e) < 0)
		return -1;
	return read_live_state(s, out, e);
}

int named_running(
	const struct store *s, const char *name, struct named *out, struct err *e)
{
	if (named_find(s, name, out, e) < 0)
		return -1;
	if (!out->live)
		return err_set(e, ERR_NOTFOUND, "container '%s' is not running", name);
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* 1: the supervisor has ended; 0: not yet. */
static int has_ended(int supervisor_fd, struct err *e)
{
	struct pollfd p = { supervisor_fd, POLLIN, 0 };
	int rc = poll(&p, 1, STOP_LOOK_MS);

	return rc < 0 && errno != EINTR ? err_sys(e, "cannot wait for it") : rc > 0;
}

/* Signals pid 1, and the next one when it reboots. 1: it has ended; 0: not in time. */
static int signal_until(const struct store *s, const struct named *n, int supervisor_fd,
	int signal_number, int64_t timeout_ms, struct err *e)
{
	int64_t until = now_ms() + timeout_ms;
	struct run_state state = n->state;
	struct identity asked = { 0 };
	int rc = 0;

	do {
		if ((state.init.pid != asked.pid ||
			    state.init.starttime != asked.starttime) &&
			member_signal(&state, signal_number, e) < 0 &&
			e->code != ERR_NOTFOUND)
			return -1;
		asked = state.init;
		rc = has_ended(supervisor_fd, e);
		if (rc == 0)
			(void)!state_read(s->run_fd, n->name, &state, e);
	} while (rc == 0 && now_ms() < until);
	return rc;
}

int named_stop(const struct store *s, const struct named *n, int signal_number,
	int64_t timeout_ms, bool *killed, struct err *e)
{
	auto_fd int supervisor = identity_open(&n->state.supervisor, e);
	int rc;

	*killed = false;
	if (supervisor < 0)
		return e->code == ERR_NOTFOUND ? 0 : -1;
	rc = signal_until(s, n, supervisor, signal_number, timeout_ms, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	*killed = true;
	rc = signal_until(s, n, supervisor, SIGKILL, KILL_WAIT_MS, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	return err_set(e, ERR_BUSY, "it does not end, even killed");
}

void named_release(struct named *n)
{
	arena_release(&n->memory);
}
