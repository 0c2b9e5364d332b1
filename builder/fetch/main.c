/* main.c -- rootyard-fetch: the builder's only network code, an ordinary user's process.
 * In      --max-bytes N -- URL; stdout is an empty regular file that the caller opened
 * Out     the bytes of URL; nothing is parsed here
 * Errors  status 8 not there, 5 too large or disk full, 4 the network's fault
 * Source  security chapter SEC-12 to SEC-15; curl_easy_setopt(3) */
#include "lib/base/fs.h"
#include "lib/base/opt.h"

#include <curl/curl.h>

#include <fcntl.h>
#include <strings.h>
#include <time.h>

#define TRIES            4
#define BACKOFF_MAX_S    30
#define CONNECT_S        15L
#define RATE_BYTES       2048L
#define RATE_WINDOW_S    60L
#define REDIRECTS_MAX    5L
#define HEADER_BYTES_MAX (256U << 10)
#define ETAG_MAX         200

struct fetch_values {
	int64_t max_bytes;
};

static const struct opt fetch_opts[] = {
	{ "max-bytes", 0, OPT_INT, offsetof(struct fetch_values, max_bytes), "N",
		"end with status 5 when there is more", 1, INT64_C(1) << 40 },
	{ 0 },
};

struct fetch {
	CURL *curl;
	const char *url;
	int64_t max_bytes;
	int64_t have;        /* bytes that stand in the file */
	char etag[ETAG_MAX]; /* strong, of those bytes; "" if there is none */
	bool started;        /* this answer's body has begun */
	size_t header_bytes;
	long status;
	struct err write_err; /* code 0 while all is well */
};

/* ---- what curl calls */

static void forget_answer(struct fetch *f)
{
	f->started = false;
	f->status = 0;
	f->header_bytes = 0;
}

static bool header_is(const char *line, size_t len, const char *name, const char **value,
	size_t *value_len)
{
	size_t n = strlen(name);

	if (len <= n || line[n] != ':' || strncasecmp(line, name, n) != 0)
		return false;
	for (n++; n < len && (line[n] == ' ' || line[n] == '\t'); n++)
		continue;
	while (len > n &&
		(line[len - 1] == '\r' || line[len - 1] == '\n' || line[len - 1] == ' '))
		len--;
	*value = line + n;
	*value_len = len - n;
	return true;
}

/* A 206 must begin where the file ends; anything else is a whole answer. */
static bool continues_ours(const struct fetch *f, const char *value, size_t len)
{
	char text[64];
	long long from = -1;

	snprintf(text, sizeof(text), "%.*s", (int)(len < 63 ? len : 63), value);
	return sscanf(text, "bytes %lld-", &from) == 1 && from == f->have;
}

static size_t on_header(char *line, size_t size, size_t count, void *ctx)
{
	struct fetch *f = ctx;
	size_t len = size * count, value_len;
	const char *value;

	f->header_bytes += len;
	if (f->header_bytes > HEADER_BYTES_MAX)
		return 0;
	if (len > 5 && strncmp(line, "HTTP/", 5) == 0)
		f->started = false;
	if (header_is(line, len, "Content-Encoding", &value, &value_len) &&
		!(value_len == 8 && strncasecmp(value, "identity", 8) == 0)) {
		err_set(&f->write_err, ERR_NETWORK,
			"the server sent an encoded body nobody asked for");
		return 0;
	}
	if (header_is(line, len, "ETag", &value, &value_len) && f->have == 0)
		snprintf(f->etag, sizeof(f->etag), "%.*s",
			value_len < ETAG_MAX && value[0] == '"' ? (int)value_len : 0,
			value);
	if (header_is(line, len, "Content-Range", &value, &value_len) &&
		!continues_ours(f, value, value_len)) {
		err_set(&f->write_err, ERR_NETWORK,
			"the server continues at another place");
		return 0;
	}
	return len;
}

/* The first bytes of an answer decide: 206 goes on, 200 begins anew. */
static int start_body(struct fetch *f)
{
	curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &f->status);
	f->started = true;
	if (f->status == 206)
		return 0;
	if (f->status != 200)
		return -1;
	f->have = 0;
	if (ftruncate(STDOUT_FILENO, 0) < 0 || lseek(STDOUT_FILENO, 0, SEEK_SET) < 0)
		return err_sys(&f->write_err, "cannot begin the file anew");
	return 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct fetch *f = ctx;
	size_t len = size * count;

	if (!f->started && start_body(f) < 0)
		return 0;
	if ((int64_t)len > f->max_bytes - f->have) {
		err_set(&f->write_err, ERR_LIMIT, "it is larger than %lld bytes",
			(long long)f->max_bytes);
		return 0;
	}
	if (fs_write_all(STDOUT_FILENO, data, len, &f->write_err) < 0)
		return 0;
	f->have += (int64_t)len;
	return len;
}

/* ---- one try, and the next */

static void set_options(struct fetch *f)
{
	CURL *c = f->curl;

	curl_easy_setopt(c, CURLOPT_URL, f->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR,
		strncasecmp(f->url, "https:", 6) == 0 ? "https" : "https,http");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, RATE_BYTES);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, RATE_WINDOW_S);
	curl_easy_setopt(c, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "rootyard/" VERSION);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, f);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, f);
}

static int judge(struct fetch *f, CURLcode r, struct err *e)
{
	if (f->write_err.code) {
		*e = f->write_err;
		return -1;
	}
	curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &f->status);
	if (r == CURLE_UNSUPPORTED_PROTOCOL || r == CURLE_URL_MALFORMAT)
		return err_set(e, ERR_USAGE, "%s", curl_easy_strerror(r));
	if (f->status == 404 || f->status == 410)
		return err_set(e, ERR_NOTFOUND, "the server says %ld", f->status);
	if (f->status >= 400 && f->status < 500 && f->status != 408 && f->status != 416 &&
		f->status != 429)
		return err_set(e, ERR_NETWORK, "the server says %ld", f->status);
	if (f->status && f->status != 200 && f->status != 206)
		return err_set(e, ERR_AGAIN, "the server says %ld", f->status);
	if (r != CURLE_OK)
		return err_set(e, ERR_AGAIN, "%s", curl_easy_strerror(r));
	if (!f->started && start_body(f) < 0) /* an empty file */
		return err_set(e, ERR_AGAIN, "the server sent nothing");
	return 0;
}

/* Goes on where the last try stopped when the server can promise that it is the same
 * file. */
static int try_once(struct fetch *f, struct err *e)
{
	struct curl_slist *headers = NULL;
	char line[ETAG_MAX + 16], range[32];
	CURLcode r;

	if (f->have > 0 && !f->etag[0])
		f->have = 0;
	forget_answer(f);
	if (f->have > 0) {
		snprintf(range, sizeof(range), "%lld-", (long long)f->have);
		snprintf(line, sizeof(line), "If-Range: %s", f->etag);
		headers = curl_slist_append(NULL, line);
	}
	curl_easy_setopt(f->curl, CURLOPT_RANGE, f->have > 0 ? range : NULL);
	curl_easy_setopt(f->curl, CURLOPT_HTTPHEADER, headers);
	r = curl_easy_perform(f->curl);
	curl_slist_free_all(headers);
	if (judge(f, r, e) == 0)
		return 0;
	if (f->status == 416) {
		f->have = 0;
		f->etag[0] = '\0';
	}
	return -1;
}

static int fetch_all(struct fetch *f, struct err *e)
{
	struct timespec pause = { .tv_sec = 1 };

	for (int i = 1;; i++) {
		if (try_once(f, e) == 0)
			return 0;
		if (e->code != ERR_AGAIN)
			return -1;
		if (i == TRIES)
			break;
		nanosleep(&pause, NULL);
		pause.tv_sec = pause.tv_sec * 3 < BACKOFF_MAX_S ? pause.tv_sec * 3
								: BACKOFF_MAX_S;
	}
	e->code = ERR_NETWORK;
	return -1;
}

static int run_fetch(struct call *c, struct err *e)
{
	const struct fetch_values *v = c->values;
	struct fetch f = { .url = c->argv[0], .max_bytes = v->max_bytes };
	struct stat st;
	int rc;

	if (geteuid() == 0)
		return err_set(e, ERR_USAGE, "refuses to run as root");
	if (f.max_bytes == 0)
		return err_set(e, ERR_USAGE, "--max-bytes must be given");
	if (fstat(STDOUT_FILENO, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, "stdout must be a regular file");
	curl_global_init(CURL_GLOBAL_DEFAULT);
	f.curl = curl_easy_init();
	if (!f.curl)
		err_abort("out of memory");
	set_options(&f);
	rc = fetch_all(&f, e);
	curl_easy_cleanup(f.curl);
	curl_global_cleanup();
	return rc < 0 ? err_wrap(e, "cannot fetch '%s'", f.url) : 0;
}

static const struct command commands[] = {
	{ .name = "",
		.args = "URL",
		.summary = "writes the bytes of URL to stdout, a regular file",
		.opts = fetch_opts,
		.values_size = sizeof(struct fetch_values),
		.min_args = 1,
		.max_args = 1,
		.run = run_fetch },
	{ 0 },
};

int main(int argc, char **argv)
{
	static const struct program program = {
		.name = "rootyard-fetch",
		.summary = "the builder's only network code, run as an ordinary user",
		.commands = commands,
	};

	return opt_main(&program, argc, argv);
}
