/* options.h -- the command line of the server: table, checks.
 * Errors  ERR_USAGE: one sentence naming the option and what it takes
 * Owns    nothing: texts are borrowed from the command line, or stand in the struct
 * Source  design section 8 */
#ifndef HTTPD_OPTIONS_H
#define HTTPD_OPTIONS_H

#include "httpd/resolve.h"
#include "lib/base/opt.h"

#define OPTIONS_PREFIX_MAX 256
#define OPTIONS_URL_MAX    1024

struct options {
	const char *root;
	struct opt_list listen;
	struct opt_list plain;
	struct opt_list redirect;
	const char *cert;
	const char *key;
	const char *client_ca;
	const char *tokens;
	const char *acme_dir;
	const char *prefix;
	bool autoindex;
	const char *payload_redirect;
	const char *user;
	const char *log;
	const char *log_format;
	struct opt_list metrics;
	bool check;
	int64_t threads;
	int64_t per_address;

	/* made of the above by options_check */
	char prefix_path[RESOLVE_MAX + 1];  /* "a/b", "" for none */
	char payload_base[OPTIONS_URL_MAX]; /* without its last slash, "" for none */
};

extern const struct opt options_table[];
extern const struct options options_defaults;

/* What only several options together, or more than their form, can show. */
int options_check(struct options *o, struct err *e) must_check nonnull;

#endif
