/* console.h -- the outer end of what a background container says and is told: its log,
 * and those who are attached.
 * Shape   packets over <run place>/<name>/ctl, a kind byte first: 'd' data (both ways,
 *         at most CONSOLE_DATA_MAX), 'w' rows and columns (two u16, to the container),
 *         'x' an exit status (int32, from it, the last packet)
 * Rules   nobody who is attached can stop the container by not reading: who falls
 *         behind loses output, the log does not
 * Owns    all descriptors in it
 * Source  unix(7), pty(7) */
#ifndef CLIENT_RUN_CONSOLE_H
#define CLIENT_RUN_CONSOLE_H

#include "lib/base/err.h"

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#define CONSOLE_DATA_MAX 4096
#define CONSOLE_CLIENTS  8
#define CONSOLE_POLLS    (3 + CONSOLE_CLIENTS)
#define CONSOLE_LOG_MAX  (1U << 20) /* then it becomes log.1 */

enum console_kind {
	CONSOLE_DATA = 'd',
	CONSOLE_WINDOW = 'w',
	CONSOLE_EXIT = 'x',
};

struct console_packet {
	uint8_t kind;
	char data[CONSOLE_DATA_MAX];
};

struct console {
	int dir_fd; /* of the container: log, log.1; borrowed */
	int log_fd;
	int listen_fd;
	int from[2]; /* the terminal's master, or two pipes; -1: none */
	int peer_fd; /* keeps the terminal open while nobody inside has it */
	bool is_tty; /* from[0] is written to, too */
	int client[CONSOLE_CLIENTS];
	bool behind[CONSOLE_CLIENTS];
	char typed[CONSOLE_DATA_MAX]; /* not yet taken by the terminal */
	size_t typed_len;
};

/* Opens the log and the place to attach to (in run_dir). */
int console_open(
	struct console *c, int dir_fd, int run_dir, struct err *e) must_check nonnull;

/* The container was started (again): takes the descriptors. */
int console_begin(struct console *c, int first_fd, int second_fd, bool is_tty,
	struct err *e) must_check nonnull;

/* Fills CONSOLE_POLLS entries; console_serve moves what poll said can be moved. */
void console_poll(const struct console *c, struct pollfd *out) nonnull;
void console_serve(struct console *c, const struct pollfd *fds) nonnull;

/* The container is gone: what is on its way, then nothing more from it. */
void console_drain(struct console *c) nonnull;

/* Tells the attached and lets them go. */
void console_close(struct console *c, int status) nonnull;

/* The client's end: a connection to the console of `name`, or -1 (ERR_NOTFOUND: it has
 * none). */
int console_connect(int run_fd, const char *name, struct err *e) must_check nonnull;

#endif
