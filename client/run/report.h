/* report.h -- what the new process tells its supervisor over a packet socket.
 * Shape   one packet per message; the end of the stream without a failure means that the
 *         command was executed
 * Errors  a failure's sentence is cut to what the packet holds */
#ifndef CLIENT_RUN_REPORT_H
#define CLIENT_RUN_REPORT_H

#include "lib/base/err.h"

enum report_kind {
	REPORT_FAILURE = 1,
	REPORT_DESCRIPTOR, /* carries one: the master of the terminal, or a root */
	REPORT_RUNS,       /* a warden's: the command was executed */
};

struct report {
	enum report_kind kind;
	int status; /* exit status that a failure means */
	struct err e;
};

/* Sends the failure and ends the process. */
__attribute__((noreturn)) void report_failure(
	int sock_fd, int status, const struct err *e) nonnull;

int report_descriptor(int sock_fd, int fd, struct err *e) must_check nonnull;

/* 1 a report, 0 the end, -1 error; *fd receives a descriptor that came along, or -1. */
int report_receive(
	int sock_fd, struct report *out, int *fd, struct err *e) must_check nonnull;

#endif
