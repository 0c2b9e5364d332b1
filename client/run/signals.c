#include "client/run/signals.h"

#include <signal.h>

/* As inits count, whose library is seldom ours: each keeps some of the first for itself. */
#define RTMIN 34
#define RTMAX 64

static const struct {
	const char *name;
	int number;
} names[] = {
	{ "HUP", SIGHUP },
	{ "INT", SIGINT },
	{ "QUIT", SIGQUIT },
	{ "KILL", SIGKILL },
	{ "USR1", SIGUSR1 },
	{ "USR2", SIGUSR2 },
	{ "TERM", SIGTERM },
	{ "PWR", SIGPWR },
	{ "WINCH", SIGWINCH },
	{ "STOP", SIGSTOP },
	{ "CONT", SIGCONT },
};

/* A decimal number within low..high, all of text; -1 else. */
static int decimal(const char *text, int low, int high)
{
	char *end;
	long value = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value < low || value > high)
		return -1;
	return (int)value;
}

int signal_number(const char *name)
{
	int offset;

	if (*name >= '0' && *name <= '9')
		return decimal(name, 1, RTMAX);
	if (strncmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (strcmp(name, names[i].name) == 0)
			return names[i].number;
	if (strncmp(name, "RTMIN+", 6) != 0)
		return -1;
	offset = decimal(name + 6, 0, RTMAX - RTMIN);
	return offset < 0 ? -1 : RTMIN + offset;
}
