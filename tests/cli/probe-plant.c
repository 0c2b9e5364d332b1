/* probe-plant.c -- puts outside of a container what nobody inside may reach.
 *   probe-plant FILE COMMAND...   writes "PID PORT" to FILE and runs COMMAND
 * Rules   a process with an environment, a key in the session keyring, a descriptor, an
 *         abstract socket, a port of the loopback address and a message queue, for as
 *         long as the command runs */
#define _GNU_SOURCE
#include "probe-canary.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/msg.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int listen_on(const struct sockaddr *address, socklen_t len)
{
	int fd = socket(address->sa_family, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, address, len) < 0 || listen(fd, 8) < 0) {
		perror("probe-plant: listen");
		exit(2);
	}
	return fd;
}

static int plant(const char *file, char **command)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	struct sockaddr_un un;
	socklen_t un_len = abstract(&un);
	int tcp = listen_on((struct sockaddr *)&in, sizeof(in)), status, msg, dir;
	FILE *out;
	pid_t sleeper, child;

	listen_on((struct sockaddr *)&un, un_len);
	getsockname(tcp, (struct sockaddr *)&in, &len);
	syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0);
	syscall(SYS_add_key, "user", KEY_NAME, "x", 1UL, KEY_SPEC_SESSION_KEYRING);
	msg = msgget(MSG_KEY, IPC_CREAT | 0666);
	setenv("CANARY", KEY_NAME, 1);
	sleeper = fork();
	if (sleeper == 0) { /* executed, so that its environment is seen */
		execlp("sleep", "sleep", "1000", (char *)NULL);
		_exit(127);
	}
	out = fopen(file, "w");
	if (!out)
		return 2;
	fprintf(out, "%d %d\n", (int)sleeper, ntohs(in.sin_port));
	fclose(out);
	child = fork();
	if (child == 0) {
		dir = open("/", O_RDONLY | O_DIRECTORY);
		dup2(dir, 99);
		execvp(command[0], command);
		_exit(127);
	}
	waitpid(child, &status, 0);
	kill(sleeper, SIGKILL);
	waitpid(sleeper, NULL, 0);
	msgctl(msg, IPC_RMID, NULL);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int main(int argc, char **argv)
{
	return argc > 2 ? plant(argv[1], argv + 2) : 2;
}
