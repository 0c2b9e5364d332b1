/* notify.h -- tells a service manager what we are at.
 * In      NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID of the environment, which forgets
 *         them
 * Rules   without a manager everything is a no-op; the socket is connected before rights
 *         go, and nothing waits for the manager
 * Owns    the socket
 * Source  sd_notify(3), sd_watchdog_enabled(3) */
#ifndef HTTPD_NOTIFY_H
#define HTTPD_NOTIFY_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct notify {
	int fd;              /* -1: nobody listens */
	int64_t interval_ms; /* between two signs of life; 0: none is wanted */
	int64_t told_ms;
};

int notify_open(struct notify *n, struct err *e) must_check nonnull;
void notify_close(struct notify *n) nonnull;

void notify_ready(const struct notify *n, const char *status) nonnull;
void notify_reloading(const struct notify *n) nonnull;
void notify_stopping(const struct notify *n) nonnull;

/* A sign of life, when one is due. */
void notify_alive(struct notify *n, int64_t now_ms) nonnull;

#endif
