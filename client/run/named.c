#include "client/run/named.h"

#include <time.h>

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

void named_release(struct named *n)
{
	arena_release(&n->memory);
}
