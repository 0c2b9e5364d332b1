#include "builder/fetch/transfer.h"

#include "builder/fetch/token.h"

#include "lib/base/fs.h"

#include <curl/curl.h>

#include <strings.h>
#include <sys/random.h>
#include <time.h>

#define BACKOFF_MAX_MS    30000
#define BACKOFF_MS        1000
#define RETRY_AFTER_MAX_S 60
#define CONNECT_S         15L
#define REDIRECTS_MAX     5L

/* ---- what curl calls */

static size_t on_header(char *line, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;

	if (answer_line(&t->answer, bytes_of(line, size * count)))
		return size * count;
	err_set(&t->failure, ERR_UPSTREAM, "the server sends too long a header");
	return 0;
}

/* The first byte of a body: what does it continue, if anything? */
static int start_body(struct transfer *t)
{
	struct err *e = &t->failure;

	t->started = true;
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &t->status);
	if (t->status != 200 && t->status != 206)
		return -1;
	if (t->answer.coded)
		return err_set(e, ERR_UPSTREAM,
			"the server sent an encoded body nobody asked for");
	if (t->status == 206 && t->asked_to_go_on && t->answer.has_range &&
		t->answer.range_first == t->at.have)
		return 0;
	if (t->status == 206)
		return err_set(e, ERR_UPSTREAM, "the server continues at another place");
	if (state_write(t->state_fd, "", "", e) < 0)
		return -1;
	if (ftruncate(STDOUT_FILENO, 0) < 0 || lseek(STDOUT_FILENO, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot start anew");
	t->at.have = 0;
	snprintf(t->at.etag, sizeof(t->at.etag), "%s", t->answer.etag);
	return t->at.etag[0] ? state_write(t->state_fd, "partial", t->at.etag, e) : 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	size_t len = size * count;

	if (!t->started && start_body(t) < 0)
		return 0;
	if (t->status != 200 && t->status != 206)
		return len; /* an error's page: nobody reads it */
	if ((int64_t)len > t->max_bytes - t->at.have) {
		err_set(&t->failure, ERR_LIMIT, "it is larger than %lld bytes",
			(long long)t->max_bytes);
		return 0;
	}
	if (fs_write_all(STDOUT_FILENO, data, len, &t->failure) < 0)
		return 0;
	t->at.have += (int64_t)len;
	return len;
}

/* ---- one try */

static void set_options(struct transfer *t)
{
	bool secure = strncasecmp(t->url, "https:", 6) == 0;
	CURL *c = t->curl;

	curl_easy_setopt(c, CURLOPT_URL, t->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "https,http");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1000L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, t->stall_s);
	curl_easy_setopt(c, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "rootyard/" VERSION);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
}

static void add_header(struct curl_slist **list, const char *name, const char *value)
{
	auto_free char *line = xasprintf("%s: %s", name, value);
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (!longer)
		err_abort("out of memory");
	*list = longer;
}

static struct curl_slist *request_headers(const struct transfer *t)
{
	struct curl_slist *list = NULL;

	for (size_t i = 0; i < t->accept_count; i++)
		add_header(&list, "Accept", t->accept[i]);
	if (t->at.have > 0)
		add_header(&list, "If-Range", t->at.etag);
	else if (t->at.known[0])
		add_header(&list, "If-None-Match", t->at.known);
	return list;
}

/* curl drops the token itself where a redirect leads to another host. */
static CURLcode perform(struct transfer *t)
{
	struct curl_slist *headers;
	char range[32];
	CURLcode rc;

	if (t->at.have > 0 && !t->at.etag[0])
		t->at.have = 0;
	t->answer = (struct answer){ .header_bytes = 0 };
	t->started = false;
	t->status = 0;
	t->asked_to_go_on = t->at.have > 0;
	snprintf(range, sizeof(range), "%lld-", (long long)t->at.have);
	headers = request_headers(t);
	curl_easy_setopt(t->curl, CURLOPT_RANGE, t->at.have > 0 ? range : NULL);
	curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(t->curl, CURLOPT_XOAUTH2_BEARER, t->token);
	curl_easy_setopt(t->curl, CURLOPT_HTTPAUTH,
		t->token ? (long)CURLAUTH_BEARER : (long)CURLAUTH_BASIC);
	rc = curl_easy_perform(t->curl);
	curl_easy_setopt(t->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(headers);
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &t->status);
	return rc;
}

/* What does not change by asking again. */
static int judge_library(CURLcode rc, struct err *e)
{
	switch (rc) {
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_URL_MALFORMAT:
		return err_set(e, ERR_USAGE, "%s", curl_easy_strerror(rc));
	case CURLE_TOO_MANY_REDIRECTS:
		return err_set(e, ERR_UPSTREAM,
			"the server redirects more than %ld times", REDIRECTS_MAX);
	case CURLE_PEER_FAILED_VERIFICATION:
		return err_set(e, ERR_UPSTREAM, "the server's certificate is not good");
	default:
		return err_set(e, ERR_AGAIN, "%s", curl_easy_strerror(rc));
	}
}

static int judge_status(const struct transfer *t, struct err *e)
{
	const long s = t->status;

	if (s == 404 || s == 410)
		return err_set(e, ERR_NOTFOUND, "the server says %ld", s);
	if (s == 408 || s == 416 || s == 429 || s >= 500)
		return err_set(e, ERR_AGAIN, "the server says %ld", s);
	return err_set(e, ERR_UPSTREAM, "the server says %ld", s);
}

static bool is_unchanged(const struct transfer *t)
{
	return t->status == 304 && t->at.known[0] && t->at.have == 0;
}

static int judge(struct transfer *t, CURLcode rc, struct err *e)
{
	if (t->failure.code) {
		*e = t->failure;
		return -1;
	}
	if (rc == CURLE_OK && is_unchanged(t))
		return 0;
	if (rc != CURLE_TOO_MANY_REDIRECTS && t->status && t->status != 200 &&
		t->status != 206)
		return judge_status(t, e);
	if (rc != CURLE_OK)
		return judge_library(rc, e);
	if (!t->started && start_body(t) < 0) { /* an empty file */
		*e = t->failure;
		return -1;
	}
	return 0;
}

static bool wants_token(const struct transfer *t)
{
	return t->registry && t->status == 401 && t->answer.realm[0] && !t->token;
}

static int try_once(struct transfer *t, struct err *e)
{
	CURLcode rc = perform(t);

	if (wants_token(t)) {
		if (token_fetch(t->url, &t->answer, t->stall_s, &t->token, e) < 0)
			return -1;
		rc = perform(t);
	}
	if (judge(t, rc, e) == 0)
		return 0;
	if (t->status == 416) {
		t->at.have = 0;
		t->at.etag[0] = '\0';
	}
	return -1;
}

/* ---- and the next */

/* Many builds that fail together do not come back together. */
static void pause_before(unsigned int try, long retry_after_s)
{
	int64_t ms = BACKOFF_MS;
	unsigned int noise = 0;
	struct timespec pause;

	for (unsigned int i = 1; i < try && ms < BACKOFF_MAX_MS; i++)
		ms *= 3;
	if (ms > BACKOFF_MAX_MS)
		ms = BACKOFF_MAX_MS;
	if (getrandom(&noise, sizeof(noise), 0) == sizeof(noise))
		ms = ms / 2 + (int64_t)(noise % (unsigned int)ms);
	if (retry_after_s > 0 && retry_after_s <= RETRY_AFTER_MAX_S &&
		retry_after_s * 1000 > ms)
		ms = retry_after_s * 1000;
	pause = (struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	while (nanosleep(&pause, &pause) < 0 && errno == EINTR)
		continue;
}

static int fetch_all(struct transfer *t, struct err *e)
{
	for (unsigned int i = 1;; i++) {
		if (try_once(t, e) == 0)
			return 0;
		if (e->code != ERR_AGAIN)
			return -1;
		if (i == t->tries)
			break;
		pause_before(i, t->answer.retry_after_s);
	}
	e->code = ERR_NETWORK;
	return -1;
}

int transfer_run(struct transfer *t, struct err *e)
{
	int rc;

	if (state_read(t->state_fd, &t->at, e) < 0)
		return -1;
	curl_global_init(CURL_GLOBAL_DEFAULT);
	t->curl = curl_easy_init();
	if (!t->curl)
		err_abort("out of memory");
	set_options(t);
	rc = fetch_all(t, e);
	if (rc == 0)
		rc = is_unchanged(t) ? state_write(t->state_fd, "same", "", e)
				     : state_write(t->state_fd, "whole", t->at.etag, e);
	curl_easy_cleanup(t->curl);
	curl_global_cleanup();
	free(t->token);
	return rc;
}
