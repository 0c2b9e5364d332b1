/* start-clock.c -- times commands from their start to their end, for bench/start.
 *     start-clock together N CMD [ARG]...               N at once; prints the ms of each
 *     start-clock turns ROUNDS CMD [ARG]... -- CMD ...  each in turn; prints a line of ms
 *                                                       for each command
 * A command that fails, or cannot be executed, ends it with status 1. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COMMANDS_MAX 8

extern char **environ;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* -1 when it failed. */
static double time_of(char *const *argv)
{
	double began = now_ms();
	posix_spawn_file_actions_t quiet;
	int status;
	pid_t pid;

	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	if (posix_spawnp(&pid, argv[0], &quiet, NULL, argv, environ) != 0 ||
		waitpid(pid, &status, 0) < 0 || status != 0)
		return -1;
	posix_spawn_file_actions_destroy(&quiet);
	return now_ms() - began;
}

/* Each waits in a process of its own until all are there. */
static int together(int count, char *const *argv)
{
	double *ms = mmap(NULL, (size_t)count * sizeof(*ms), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int gate[2], failed = 0;
	char byte;

	if (ms == MAP_FAILED || pipe2(gate, O_CLOEXEC) < 0)
		return 1;
	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (pid > 0)
			continue;
		close(gate[1]);
		(void)!read(gate[0], &byte, 1);
		ms[i] = time_of(argv);
		_exit(0);
	}
	close(gate[1]);
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < count; i++) {
		printf("%.3f\n", ms[i]);
		failed |= ms[i] <= 0;
	}
	return failed;
}

static int turns(int rounds, char **argv)
{
	char **command[COMMANDS_MAX] = { argv };
	double *ms = calloc((size_t)rounds * COMMANDS_MAX, sizeof(*ms));
	int count = 1, failed = 0;

	for (char **at = argv; *at; at++)
		if (strcmp(*at, "--") == 0 && count < COMMANDS_MAX) {
			*at = NULL;
			command[count++] = at + 1;
			at++;
		}
	for (int r = 0; ms && r < rounds; r++)
		for (int i = 0; i < count; i++) {
			int which = (i + r) % count; /* never always behind the same */

			ms[which * rounds + r] = time_of(command[which]);
			failed |= ms[which * rounds + r] < 0;
		}
	for (int i = 0; ms && i < count; i++)
		for (int r = 0; r < rounds; r++)
			printf("%.3f%c", ms[i * rounds + r], r + 1 < rounds ? ' ' : '\n');
	free(ms);
	return failed;
}

int main(int argc, char **argv)
{
	int count = argc > 3 ? atoi(argv[2]) : 0;

	if (count > 0 && strcmp(argv[1], "together") == 0)
		return together(count, argv + 3);
	if (count > 0 && strcmp(argv[1], "turns") == 0)
		return turns(count, argv + 3);
	fprintf(stderr,
		"usage: start-clock together N CMD... | turns ROUNDS CMD... -- CMD...\n");
	return 2;
}
