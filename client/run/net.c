#include "client/run/net.h"

#include "client/run/env.h"
#include "lib/base/spawn.h"
#include "lib/model/places.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define ARGS_MAX      (32 + 2 * NET_PUBLISH_MAX)
#define READY_WAIT_MS 10000
#define SAYS_MAX      512
#define PASTA_DNS     "169.254.1.1"
#define READY_FD      203 /* numbers that slirp4netns is told */
#define EXIT_FD       204

/* ---- ports */

static bool port_of(const char *text, size_t len, unsigned int *out)
{
	char digits[6];

	if (len == 0 || len >= sizeof(digits) || strspn(text, "0123456789") < len)
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	*out = (unsigned int)atoi(digits);
	return *out >= 1 && *out <= 65535;
}

/* Takes ADDRESS: off the front of *text; an IPv6 address stands in brackets. */
static bool take_address(const char **text, char out[INET6_ADDRSTRLEN])
{
	const char *end;
	struct in6_addr ignored;
	bool six = **text == '[';
	size_t len;

	*out = '\0';
	end = six ? strchr(*text, ']') : strchr(*text, ':');
	if (six ? !end || end[1] != ':'
		: !end || !memchr(*text, '.', (size_t)(end - *text)))
		return !six;
	*text += six;
	len = (size_t)(end - *text);
	if (len >= INET6_ADDRSTRLEN)
		return false;
	memcpy(out, *text, len);
	out[len] = '\0';
	*text = end + (six ? 2 : 1);
	return inet_pton(six ? AF_INET6 : AF_INET, out, &ignored) == 1;
}

int net_port_parse(const char *text, struct net_port *out, struct err *e)
{
	struct net_port p = { .udp = false };
	char address[INET6_ADDRSTRLEN];
	const char *at = text, *slash, *colon;
	unsigned int inside;
	size_t len;

	slash = strrchr(text, '/');
	len = slash ? (size_t)(slash - text) : strlen(text);
	if (slash && strcmp(slash, "/udp") == 0)
		p.udp = true;
	else if (slash && strcmp(slash, "/tcp") != 0)
		len = 0;
	if (len == 0 || !take_address(&at, address) || at > text + len)
		goto bad;
	len -= (size_t)(at - text);
	colon = memchr(at, ':', len);
	if (!port_of(at, colon ? (size_t)(colon - at) : len, &p.host_port))
		goto bad;
	inside = p.host_port;
	if (colon && !port_of(colon + 1, len - (size_t)(colon + 1 - at), &inside))
		goto bad;
	snprintf(p.spec, sizeof(p.spec), "%s%s%u:%u", address, *address ? "/" : "",
		p.host_port, inside);
	*out = p;
	return 0;
bad:
	return err_set(e, ERR_USAGE,
		"option '--publish': '%s' is not [ADDRESS:]PORT[:PORT][/tcp|/udp]", text);
}

/* ---- the helper's command line */

struct helper {
	const char *argv[ARGS_MAX];
	size_t argc;
	struct net_port port[NET_PUBLISH_MAX];
	bool is_pasta;
	char pid_file[PLACE_MAX + 32];
};

static void add(struct helper *h, const char *word)
{
	h->argv[h->argc++] = word;
	h->argv[h->argc] = NULL;
}

static void add_all(struct helper *h, const char *const *words)
{
	for (; *words; words++)
		add(h, *words);
}

static bool is_program(const char *path)
{
	return access(path, X_OK) == 0;
}

static bool has_ports(const struct helper *h, size_t count, bool udp)
{
	for (size_t i = 0; i < count; i++)
		if (h->port[i].udp == udp)
			return true;
	return false;
}

static void pasta_line(struct helper *h, const char *path, size_t port_count)
{
	static const char *const plain[] = { "-f", "-q", "--config-net", "--no-map-gw",
		"-T", "none", "-U", "none", "--dns-forward", PASTA_DNS, "--no-netns-quit",
		NULL };

	h->is_pasta = true;
	add(h, path);
	add_all(h, plain);
	for (size_t i = 0; i < port_count; i++) {
		add(h, h->port[i].udp ? "-u" : "-t");
		add(h, h->port[i].spec);
	}
	if (!has_ports(h, port_count, false))
		add_all(h, (const char *const[]){ "-t", "none", NULL });
	if (!has_ports(h, port_count, true))
		add_all(h, (const char *const[]){ "-u", "none", NULL });
}

static void slirp_line(struct helper *h, const char *path)
{
	static const char *const plain[] = { "--configure", "--mtu=65520",
		"--disable-host-loopback", "--enable-seccomp", "--ready-fd=203",
		"--exit-fd=204", "--netns-type=path", NULL };

	add(h, path);
	add_all(h, plain);
}

static int check_tun(struct err *e)
{
	auto_fd int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		return 0;
	err_sys(e, "option '--net': user needs '/dev/net/tun', which cannot be opened; "
		   "mend: modprobe tun && chmod 0666 /dev/net/tun");
	e->code = ERR_NOTFOUND;
	return -1;
}

static int check_port(const struct net_port *p, struct err *e)
{
	auto_fd int fd = open(
		"/proc/sys/net/ipv4/ip_unprivileged_port_start", O_RDONLY | O_CLOEXEC);
	char text[16] = "";
	unsigned int first = 1024;

	if (fd >= 0 && read(fd, text, sizeof(text) - 1) > 0)
		first = (unsigned int)atoi(text);
	if (p->host_port >= first || geteuid() == 0)
		return 0;
	return err_set(e, ERR_USAGE,
		"option '--publish': port %u of this host is for root alone; choose one "
		"from %u on, or as root: sysctl net.ipv4.ip_unprivileged_port_start=%u",
		p->host_port, first, p->host_port);
}

static int make_line(struct helper *h, const char *const *publish, struct err *e)
{
	size_t count = 0;

	for (; publish && publish[count]; count++) {
		if (count == NET_PUBLISH_MAX)
			return err_set(e, ERR_LIMIT, "option '--publish': at most %d",
				NET_PUBLISH_MAX);
		if (net_port_parse(publish[count], &h->port[count], e) < 0 ||
			check_port(&h->port[count], e) < 0)
			return -1;
	}
	if (check_tun(e) < 0)
		return -1;
	if (is_program("/usr/bin/pasta"))
		pasta_line(h, "/usr/bin/pasta", count);
	else if (count > 0)
		return err_set(e, ERR_NOTFOUND,
			"option '--publish' needs pasta: install the package 'passt'");
	else if (is_program("/usr/bin/slirp4netns"))
		slirp_line(h, "/usr/bin/slirp4netns");
	else
		return err_set(e, ERR_NOTFOUND,
			"option '--net': user needs pasta or slirp4netns: install the "
			"package 'passt' or 'slirp4netns'");
	return 0;
}

/* ---- the launcher */

struct running {
	pid_t pid;
	int says_fd;  /* its stderr */
	int ready_fd; /* slirp4netns writes there */
	int exit_fd;
};

#define RUNNING_INIT                                                                     \
	{                                                                                \
		.pid = -1, .says_fd = -1, .ready_fd = -1, .exit_fd = -1                  \
	}

static void stop(struct running *r)
{
	if (r->pid > 0) {
		kill(r->pid, SIGKILL);
		while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	auto_fd_cleanup(&r->says_fd);
	auto_fd_cleanup(&r->ready_fd);
	auto_fd_cleanup(&r->exit_fd);
	*r = (struct running)RUNNING_INIT;
}

/* Under the number that the helper is told, and open across exec. */
static int give(int fd, int number)
{
	int rc = dup2(fd, number);

	close(fd);
	return rc;
}

static int make_pipes(struct running *r, struct err *e)
{
	int ready[2], leave[2];

	if (pipe2(ready, O_CLOEXEC) < 0 || pipe2(leave, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	r->exit_fd = leave[1];
	r->ready_fd = ready[0];
	if (give(ready[1], READY_FD) < 0 || give(leave[0], EXIT_FD) < 0)
		return err_sys(e, "cannot hand over descriptors");
	return 0;
}

/* The process waits for us, so its pid is its own for as long as the helper looks. */
static int start(const struct helper *h, pid_t pid, struct running *r, struct err *e)
{
	static const int keep[] = { READY_FD, EXIT_FD };
	char net_path[32], user_path[32], user_option[48];
	struct helper line = *h;
	struct spawn s = SPAWN_INIT;
	int says[2], rc;

	if (make_pipes(r, e) < 0)
		return -1;
	if (pipe2(says, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	snprintf(net_path, sizeof(net_path), "/proc/%d/ns/net", (int)pid);
	snprintf(user_path, sizeof(user_path), "/proc/%d/ns/user", (int)pid);
	snprintf(user_option, sizeof(user_option), "--userns-path=%s", user_path);
	if (h->is_pasta)
		add_all(&line, (const char *const[]){ "-P", h->pid_file, "--netns",
				       net_path, "--userns", user_path, NULL });
	else
		add_all(&line,
			(const char *const[]){ user_option, net_path, "tap0", NULL });
	s.argv = line.argv;
	s.stderr_fd = says[1];
	s.keep_fds = keep;
	s.keep_count = h->is_pasta ? 0 : ARRAY_COUNT(keep);
	s.die_with_parent = true;
	rc = spawn_start(&s, &r->pid, e);
	close(says[1]);
	close(READY_FD);
	close(EXIT_FD);
	r->says_fd = says[0];
	return rc;
}

static bool is_ready(const struct helper *h, const struct running *r)
{
	struct pollfd p = { .fd = r->ready_fd, .events = POLLIN };
	struct stat st;

	if (h->is_pasta)
		return stat(h->pid_file, &st) == 0 && st.st_size > 0;
	return poll(&p, 1, 0) > 0 && (p.revents & POLLIN);
}

/* The first line that is not about the system's log. */
static const char *reason(char *says)
{
	char *save = NULL;

	for (char *line = strtok_r(says, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save))
		if (!strstr(line, "syslog"))
			return line;
	return "it does not say why";
}

static int wait_ready(const struct helper *h, struct running *r, struct err *e)
{
	const struct timespec pause = { .tv_nsec = 1000000 };
	char says[SAYS_MAX] = "";

	for (int ms = 0; ms < READY_WAIT_MS; ms++) {
		int status;

		if (is_ready(h, r))
			return 0;
		if (waitpid(r->pid, &status, WNOHANG) == r->pid) {
			r->pid = -1;
			(void)!read(r->says_fd, says, sizeof(says) - 1);
			return err_set(e, ERR_FAILED, "'%s' failed: %.300s", h->argv[0],
				reason(says));
		}
		nanosleep(&pause, NULL);
	}
	return err_set(e, ERR_FAILED, "'%s' does not become ready", h->argv[0]);
}

__attribute__((noreturn)) static void launcher_main(int sock_fd, const struct helper *h)
{
	struct running r = RUNNING_INIT;
	sigset_t none;
	pid_t pid;

	/* A ^C is the container's; the end of the socket is ours. */
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_NAME, "rootyard-net", 0, 0, 0);
	dup2(sock_fd, 3);
	syscall(SYS_close_range, 4U, ~0U, 0U);
	while (recv(3, &pid, sizeof(pid), 0) == (ssize_t)sizeof(pid)) {
		struct err e = { .code = 0 };

		stop(&r);
		if (start(h, pid, &r, &e) == 0 && wait_ready(h, &r, &e) == 0)
			e.code = 0;
		unlink(h->pid_file);
		if (send(3, &e, sizeof(e), MSG_NOSIGNAL) < 0)
			break;
	}
	stop(&r);
	_exit(0);
}

/* ---- the caller's side */

int net_begin(struct net *n, const char *run, const char *const *publish, struct err *e)
{
	static struct helper h; /* the launcher's copy lives as long as it does */
	int pair[2];
	pid_t pid;

	if (make_line(&h, publish, e) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "cannot make a socket pair");
	snprintf(h.pid_file, sizeof(h.pid_file), "%s/.net-%d", run, (int)getpid());
	pid = fork();
	if (pid == 0)
		launcher_main(pair[1], &h);
	close(pair[1]);
	if (pid < 0) {
		err_sys(e, "cannot start a process");
		close(pair[0]);
		return -1;
	}
	n->sock_fd = pair[0];
	n->launcher = pid;
	n->resolv_conf =
		h.is_pasta ? "nameserver " PASTA_DNS "\n" : "nameserver 10.0.2.3\n";
	return 0;
}

int net_connect(struct net *n, pid_t pid, struct err *e)
{
	struct err said;

	if (send(n->sock_fd, &pid, sizeof(pid), MSG_NOSIGNAL) != (ssize_t)sizeof(pid) ||
		recv(n->sock_fd, &said, sizeof(said), 0) != (ssize_t)sizeof(said))
		return err_set(e, ERR_FAILED,
			"cannot connect the network: its launcher is gone");
	if (said.code == 0)
		return 0;
	*e = said;
	return err_wrap(e, "cannot connect the network");
}

void net_leave(struct net *n)
{
	auto_fd_cleanup(&n->sock_fd);
	n->sock_fd = -1;
	n->launcher = -1;
}

void net_end(struct net *n)
{
	auto_fd_cleanup(&n->sock_fd);
	/* Somebody else's child, when the container went to the background. */
	if (n->launcher > 0)
		waitpid(n->launcher, NULL, 0);
	n->sock_fd = -1;
	n->launcher = -1;
}
