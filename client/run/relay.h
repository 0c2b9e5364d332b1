/* relay.h -- what stands between the caller's terminal and the container.
 * Rules   a descriptor that is no terminal is passed on as it is; stdin and stdout both
 *         terminals: the container gets a terminal of its own; a lone terminal is
 *         replaced by a pipe
 * Life    relay_plan before the launch, relay_begin behind it, relay_poll/relay_move
 *         until the end, relay_end restores the terminal
 * Owns    the pipes and the master */
#ifndef CLIENT_RUN_RELAY_H
#define CLIENT_RUN_RELAY_H

#include "client/run/tty.h"

#include <poll.h>

#define RELAY_CHUNK 4096

struct channel {
	int from, to;
	bool from_is_ours, to_is_ours; /* else they are the caller's 0, 1, 2 */
	size_t len, done;              /* of what is in hand */
	char data[RELAY_CHUNK];
};

struct relay {
	bool wants_tty;
	int child_end[3]; /* pipe ends for the container, closed by relay_begin */
	struct channel channel[3];
	size_t count;
	int master_fd;
	struct tty_saved saved;
};

/* stdio: what becomes 0, 1, 2 of the command (struct plan). */
int relay_plan(struct relay *r, int stdio[3], struct err *e) must_check nonnull;

/* The container runs; takes master_fd (-1: none). */
int relay_begin(struct relay *r, int master_fd, struct err *e) must_check nonnull;

/* Fills two poll entries a channel; returns how many. */
size_t relay_poll(struct relay *r, struct pollfd *out) nonnull;

/* Moves what poll said can be moved. last: the container is gone, nothing more comes than
 * what is on its way; true while there is some left. */
bool relay_move(struct relay *r, bool last) nonnull;

void relay_resize(const struct relay *r) nonnull;
void relay_end(struct relay *r) nonnull;

#endif
