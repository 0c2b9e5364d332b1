#include "httpd/options.h"

#include "httpd/server.h"

#include <stddef.h>

const struct options options_defaults = { .per_address = 32 };

#define AT(member) offsetof(struct options, member)

const struct opt options_table[] = {
	{ "root", 0, OPT_STRING, AT(root), "DIR", "serve this directory", 0, 0 },
	{ "listen", 0, OPT_LIST, AT(listen), "[ADDR]:PORT",
		"listen here (repeatable); TLS when a certificate is given", 0, 0 },
	{ "plain", 0, OPT_LIST, AT(plain), "[ADDR]:PORT",
		"listen here without TLS (repeatable)", 0, 0 },
	{ "redirect-port", 0, OPT_LIST, AT(redirect), "[ADDR:]PORT",
		"send clients from here to the TLS socket (repeatable)", 0, 0 },
	{ "tls-cert", 0, OPT_STRING, AT(cert), "FILE", "certificate chain (PEM)", 0, 0 },
	{ "tls-key", 0, OPT_STRING, AT(key), "FILE", "private key (PEM)", 0, 0 },
	{ "client-ca", 0, OPT_STRING, AT(client_ca), "FILE",
		"serve only clients with a certificate of these authorities (PEM)", 0,
		0 },
	{ "tokens", 0, OPT_STRING, AT(tokens), "FILE",
		"serve only requests with one of these tokens", 0, 0 },
	{ "acme-dir", 0, OPT_STRING, AT(acme_dir), "DIR",
		"serve .well-known/acme-challenge/ from this directory", 0, 0 },
	{ "prefix", 0, OPT_STRING, AT(prefix), "PATH",
		"the tree stands beneath this path of the URL", 0, 0 },
	{ "autoindex", 0, OPT_FLAG, AT(autoindex), NULL,
		"list directories that have no index.html", 0, 0 },
	{ "payload-redirect", 0, OPT_STRING, AT(payload_redirect), "URL",
		"send clients here for archives, deltas and blobs", 0, 0 },
	{ "user", 0, OPT_STRING, AT(user), "NAME",
		"become this user when started as root (default www-data)", 0, 0 },
	{ "log", 0, OPT_STRING, AT(log), "FILE",
		"append one line per request, - for stdout", 0, 0 },
	{ "log-format", 0, OPT_STRING, AT(log_format), "FORM",
		"combined (default) or json", 0, 0 },
	{ "metrics", 0, OPT_LIST, AT(metrics), "ADDR:PORT",
		"answer /metrics, /livez and /readyz here (repeatable)", 0, 0 },
	{ "check", 0, OPT_FLAG, AT(check), NULL, "say what would be served, and end", 0,
		0 },
	{ "threads", 0, OPT_INT, AT(threads), "N",
		"threads per socket (default: processors)", 1, 256 },
	{ "per-address", 0, OPT_INT, AT(per_address), "N",
		"connections of one address, 0 for any number (default 32)", 0, 16384 },
	{ NULL, 0, OPT_FLAG, 0, NULL, NULL, 0, 0 },
};

/* A prefix is judged as the path of a request would be. */
static int check_prefix(struct options *o, struct err *e)
{
	char target[OPTIONS_PREFIX_MAX + 2];
	struct resolved r = { .len = 0 };

	if (!o->prefix)
		return 0;
	if (strlen(o->prefix) >= OPTIONS_PREFIX_MAX)
		return err_set(e, ERR_USAGE, "--prefix is longer than %d bytes",
			OPTIONS_PREFIX_MAX - 1);
	snprintf(target, sizeof(target), "/%s", o->prefix);
	if (strpbrk(o->prefix, "%?") || resolve_target(bytes_of_str(target), &r, e) < 0)
		return err_set(e, ERR_USAGE,
			"--prefix '%s' is no plain path, such as /images", o->prefix);
	snprintf(o->prefix_path, sizeof(o->prefix_path), "%s", r.path);
	return 0;
}

static int check_payload_url(struct options *o, struct err *e)
{
	const char *url = o->payload_redirect;
	size_t len = url ? strlen(url) : 0;

	if (!url)
		return 0;
	if ((strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0) ||
		len >= sizeof(o->payload_base) || strpbrk(url, "?#\"<> \t\r\n\\"))
		return err_set(e, ERR_USAGE,
			"--payload-redirect takes an http or https URL without query, "
			"not '%s'",
			url);
	while (len > 0 && url[len - 1] == '/')
		len--;
	memcpy(o->payload_base, url, len);
	o->payload_base[len] = '\0';
	return 0;
}

int options_check(struct options *o, struct err *e)
{
	if (!o->root)
		return err_set(e, ERR_USAGE, "name the directory to serve with --root");
	if (o->listen.count + o->plain.count == 0 && !getenv("LISTEN_FDS"))
		return err_set(e, ERR_USAGE, "name a socket with --listen [ADDR]:PORT");
	if (!o->cert != !o->key)
		return err_set(e, ERR_USAGE, "give --tls-cert and --tls-key together");
	if (o->client_ca && !o->cert)
		return err_set(e, ERR_USAGE,
			"--client-ca needs --tls-cert: certificates come over TLS");
	if (o->log_format && strcmp(o->log_format, "combined") != 0 &&
		strcmp(o->log_format, "json") != 0)
		return err_set(e, ERR_USAGE, "--log-format is combined or json, not '%s'",
			o->log_format);
	if (check_prefix(o, e) < 0)
		return -1;
	return check_payload_url(o, e);
}
