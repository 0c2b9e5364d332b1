/* tty.h -- terminals: the container's own, and the caller's kept out of it.
 * Rules   a terminal of the host never enters a container: it could be typed into from
 *         there. The container's is made inside its own /dev/pts and relayed
 * Owns    tty_raw restores what it changed in tty_restore
 * Source  pty(7), termios(3), ioctl_tty(2) */
#ifndef CLIENT_RUN_TTY_H
#define CLIENT_RUN_TTY_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <sys/ioctl.h>
#include <termios.h>

/* Inside: makes a terminal, shows it as /dev/console (in pid 1, behind pivot_root), hands
 * its master to the supervisor; returns the slave. */
int tty_make(int sock_fd, bool console, const struct winsize *window,
	struct err *e) must_check nonnull;

struct tty_saved {
	bool changed;
	int fd;
	struct termios before;
};

/* The caller's terminal stops interpreting what is typed. */
int tty_raw(int fd, struct tty_saved *saved, struct err *e) must_check nonnull;
void tty_restore(struct tty_saved *saved) nonnull;

/* Gives `to` the window size of `from`. */
void tty_copy_size(int from, int to);

#endif
