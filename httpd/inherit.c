#include "httpd/inherit.h"

#define FIRST_FD 3

enum listen_kind inherit_kind(const char *name, size_t len, bool has_certificate)
{
	static const struct {
		const char *name;
		enum listen_kind kind;
	} known[] = {
		{ "https", LISTEN_TLS },
		{ "tls", LISTEN_TLS },
		{ "http", LISTEN_PLAIN },
		{ "plain", LISTEN_PLAIN },
		{ "redirect", LISTEN_REDIRECT },
		{ "metrics", LISTEN_METRICS },
	};

	for (size_t i = 0; i < ARRAY_COUNT(known); i++)
		if (strlen(known[i].name) == len && memcmp(known[i].name, name, len) == 0)
			return known[i].kind;
	return has_certificate ? LISTEN_TLS : LISTEN_PLAIN;
}

static int parse_number(const char *name, size_t *out, struct err *e)
{
	const char *text = getenv(name);
	char *end;
	unsigned long value = text ? strtoul(text, &end, 10) : 0;

	if (text && (text[0] < '0' || text[0] > '9' || *end || value > 1UL << 30))
		return err_set(e, ERR_USAGE, "%s is no number: '%s'", name, text);
	*out = value;
	return 0;
}

/* Takes the next of the names between colons. */
static size_t next_name(const char **names, const char **out)
{
	size_t len = strcspn(*names, ":");

	*out = *names;
	*names += len + ((*names)[len] == ':');
	return len;
}

int inherit_sockets(bool has_certificate, struct listen_socket *sockets, size_t max,
	size_t *count, struct err *e)
{
	const char *names = getenv("LISTEN_FDNAMES");
	size_t pid = 0, fds = 0;

	if (parse_number("LISTEN_PID", &pid, e) < 0 ||
		parse_number("LISTEN_FDS", &fds, e) < 0)
		return -1;
	if (pid != (size_t)getpid())
		return 0;
	if (fds > max - *count)
		return err_set(e, ERR_USAGE,
			"%zu sockets are handed over, at most %zu fit", fds,
			max - *count);
	names = names ? names : "";
	for (size_t i = 0; i < fds; i++) {
		const char *name;
		size_t len = next_name(&names, &name);

		if (listen_adopt(FIRST_FD + (int)i,
			    inherit_kind(name, len, has_certificate), &sockets[*count],
			    e) < 0)
			return -1;
		++*count;
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return 0;
}
