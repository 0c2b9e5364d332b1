#include "client/image/fetch.h"

#include "client/image/httphead.h"
#include "client/image/ipscope.h"
#include "client/image/partial.h"
#include "lib/base/fs.h"

#include <curl/curl.h>

#include <inttypes.h>
#include <sys/random.h>
#include <time.h>

#define TRIES             5
#define CONNECT_S         15L
#define DOCUMENT_S        60
#define FILE_SLACK_S      300
#define RATE_MIN_BYTES_S  2000
#define TIMEOUT_S         60
#define RETRY_AFTER_MAX_S 60
#define HASTY_TRIES       2
#define UNTOLD_MAX        (16ULL << 30)
#define HASTY_BYTES_S     20000
#define HASTY_WINDOW_S    15L
#define CHUNK             (256U << 10)
#define HANDSHAKE_HEAD    4

struct fetcher {
	CURL *curl;
	bool insecure_transport;
	char *base, *token, *cert, *key;
	long timeout_s;
	bool answered;              /* at least once, with a header */
	bool asked_for_id;          /* the last attempt was asked for a certificate */
	char text[CURL_ERROR_SIZE]; /* the library's words for its last failure */
};

/* Why we ourselves ended a transfer. */
enum refusal {
	REFUSED_NOT,
	REFUSED_SIZE,
	REFUSED_HEADER,
	REFUSED_CODING,
	REFUSED_STATUS,
	REFUSED_RANGE,
	REFUSED_ADDRESS,
	REFUSED_OURS /* own: what it was */
};

/* One request and where its body goes. */
struct transfer {
	struct fetcher *f;
	char *url;
	const char *base;
	bool hasty;
	struct buf *mem;            /* a document, or */
	const struct partial *file; /* a file */
	uint64_t at;                /* bytes that are there */
	uint64_t asked;             /* first byte that was asked for */
	uint64_t limit;
	bool exact; /* limit is the size that was signed for */
	bool whole; /* this server's ranges are worth nothing */
	bool began;
	struct piecewise pieces; /* told: NULL without pieces */
	struct httphead head;
	enum refusal refusal;
	bool origin_seen, origin_private;
	const struct fetch_progress *progress;
	struct err own;
	int64_t deadline_ms;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- what libcurl calls */

static size_t on_header(char *line, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;

	t->f->answered = true;
	if (!httphead_line(&t->head, bytes_of(line, size * count))) {
		t->refusal = REFUSED_HEADER;
		return 0;
	}
	return size * count;
}

/* What the other side of a handshake says: CertificateRequest (RFC 8446, 4; RFC 5246, 7.4). */
static int on_told(CURL *c, curl_infotype kind, char *data, size_t len, void *ctx)
{
	struct fetcher *f = ctx;

	(void)c;
	if (kind == CURLINFO_SSL_DATA_IN && len >= HANDSHAKE_HEAD && data[0] == 13)
		f->asked_for_id = true;
	return 0;
}

static int on_connected(void *ctx, char *peer, char *local, int peer_port, int local_port)
{
	struct transfer *t = ctx;
	bool private_now = ip_is_private(peer ? peer : "");

	(void)local;
	(void)peer_port;
	(void)local_port;
	if (!t->origin_seen) {
		t->origin_seen = true;
		t->origin_private = private_now;
	} else if (private_now && !t->origin_private) {
		t->refusal = REFUSED_ADDRESS;
		return CURL_PREREQFUNC_ABORT;
	}
	return CURL_PREREQFUNC_OK;
}

/* To the end of the last good piece; the next answer begins there, or at the beginning of
 * the file. */
static int restart_file(struct transfer *t)
{
	if (!t->file)
		return 0;
	piecewise_rewind(&t->pieces);
	t->at = t->pieces.good;
	return partial_restart(t->file, t->at, &t->own);
}

static int take_pieces(struct transfer *t, const void *data, size_t len)
{
	uint64_t before = t->pieces.good;

	if (!t->pieces.told)
		return 0;
	if (piecewise_add(&t->pieces, data, len, &t->own) < 0)
		return -1;
	if (t->pieces.good == before || !t->progress || !t->progress->good)
		return 0;
	return t->progress->good(t->progress->ctx, t->pieces.good, &t->own);
}

/* What lies there beyond them is kept. */
static int take_body(struct transfer *t, const char *data, size_t len)
{
	uint64_t good = t->pieces.good;
	size_t have = 0;

	if (t->mem) {
		buf_add(t->mem, data, len);
		return 0;
	}
	if (t->at < good)
		have = good - t->at < len ? (size_t)(good - t->at) : len;
	if (have == len)
		return 0;
	if (lseek(t->file->fd, (off_t)(t->at + have), SEEK_SET) < 0)
		return err_sys(&t->own, "cannot write a partial download");
	if (fs_write_all(t->file->fd, data + have, len - have, &t->own) < 0)
		return -1;
	return take_pieces(t, data + have, len - have);
}

/* The first byte of the body: is this the answer to what was asked? */
static enum refusal begin_body(struct transfer *t)
{
	long code = 0;

	curl_easy_getinfo(t->f->curl, CURLINFO_RESPONSE_CODE, &code);
	if (t->head.coded)
		return REFUSED_CODING;
	if (code != 200 && code != 206)
		return REFUSED_STATUS;
	if (code == 206 &&
		(t->asked == 0 || !t->head.has_range || t->head.range_first != t->asked ||
			(t->exact && t->head.range_total != t->limit)))
		return REFUSED_RANGE;
	if (code == 200) {
		if (restart_file(t) < 0)
			return REFUSED_OURS;
		t->at = 0;
	}
	if (t->file && partial_keep_etag(t->file, t->head.etag, t->base, &t->own) < 0)
		return REFUSED_OURS;
	return REFUSED_NOT;
}

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	size_t len = size * count;

	if (!t->began) {
		t->began = true;
		t->refusal = begin_body(t);
	}
	if (t->refusal == REFUSED_NOT && (len > t->limit || t->at > t->limit - len))
		t->refusal = REFUSED_SIZE;
	if (t->refusal != REFUSED_NOT)
		return 0;
	if (take_body(t, data, len) < 0)
		t->refusal = REFUSED_OURS;
	t->at += len;
	if (t->progress)
		t->progress->moved(t->progress->ctx, t->at, t->limit);
	return t->refusal == REFUSED_NOT ? len : 0;
}

/* ---- one attempt */

/* Who we are is for the server of the remote itself. */
static bool is_own(const struct transfer *t)
{
	return t->f->base && strcmp(t->base, t->f->base) == 0;
}

static void set_identity(const struct transfer *t)
{
	const struct fetcher *f = t->f;
	bool own = is_own(t);

	curl_easy_setopt(f->curl, CURLOPT_HTTPAUTH,
		own && f->token ? (long)CURLAUTH_BEARER : (long)CURLAUTH_NONE);
	curl_easy_setopt(f->curl, CURLOPT_XOAUTH2_BEARER, own ? f->token : NULL);
	curl_easy_setopt(f->curl, CURLOPT_SSLCERT, own ? f->cert : NULL);
	curl_easy_setopt(f->curl, CURLOPT_SSLKEY, own ? f->key : NULL);
}

static void set_patience(const struct transfer *t)
{
	long window_s = t->f->timeout_s;

	if (t->hasty && window_s > HASTY_WINDOW_S)
		window_s = HASTY_WINDOW_S;
	curl_easy_setopt(t->f->curl, CURLOPT_LOW_SPEED_LIMIT,
		t->hasty ? (long)HASTY_BYTES_S : (long)RATE_MIN_BYTES_S);
	curl_easy_setopt(t->f->curl, CURLOPT_LOW_SPEED_TIME, window_s);
}

static void set_options(struct transfer *t)
{
	CURL *c = t->f->curl;
	bool https = strncmp(t->url, "https:", 6) == 0;
	const char *both = t->f->insecure_transport ? "http,https" : "https";
	int64_t left_ms = t->deadline_ms - now_ms();
	char range[32];

	curl_easy_setopt(c, CURLOPT_URL, t->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, both);
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, https ? "https" : both);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(left_ms > 1 ? left_ms : 1));
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(c, CURLOPT_PREREQDATA, t);
	snprintf(range, sizeof(range), "%" PRIu64 "-", t->at);
	curl_easy_setopt(c, CURLOPT_RANGE, t->asked > 0 ? range : NULL);
	set_identity(t);
	set_patience(t);
}

/* NULL: from another server, whose tag is another one; or not continued at all. */
static struct curl_slist *if_range(const struct transfer *t, const char *etag)
{
	auto_free char *field = NULL;
	struct curl_slist *list;

	if (t->asked == 0 || !*etag)
		return NULL;
	field = xasprintf("If-Range: %s", etag);
	list = curl_slist_append(NULL, field);
	if (!list)
		err_abort("out of memory");
	return list;
}

/* goes_on: what lies there is continued; behind this tag, if it is this server's. */
static CURLcode attempt(struct transfer *t, bool goes_on, const char *etag)
{
	struct curl_slist *fields;
	CURLcode rc;

	memset(&t->head, 0, sizeof(t->head));
	t->began = false;
	t->refusal = REFUSED_NOT;
	t->f->text[0] = '\0';
	t->f->asked_for_id = false;
	if (t->mem) {
		buf_clear(t->mem);
		t->at = 0;
	}
	t->asked = goes_on ? t->at : 0;
	fields = if_range(t, etag);
	set_options(t);
	curl_easy_setopt(t->f->curl, CURLOPT_HTTPHEADER, fields);
	rc = curl_easy_perform(t->f->curl);
	curl_easy_setopt(t->f->curl, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(fields);
	return rc;
}

static int refused(const struct transfer *t, struct err *e)
{
	long code = 0;

	curl_easy_getinfo(t->f->curl, CURLINFO_RESPONSE_CODE, &code);
	switch (t->refusal) {
	case REFUSED_SIZE:
		return err_set(e, ERR_UNTRUSTED,
			"the server sends more than the %" PRIu64 " bytes that %s",
			t->limit,
			t->exact ? "were signed for" : "such a document may have");
	case REFUSED_HEADER:
		return err_set(e, ERR_NETWORK, "the server sends a header over %u bytes",
			HTTPHEAD_BYTES_MAX);
	case REFUSED_CODING:
		return err_set(e, ERR_NETWORK,
			"the server sends a content coding that was not asked for");
	case REFUSED_RANGE:
		return err_set(e, ERR_NETWORK,
			"the server sends another range than was asked for");
	case REFUSED_ADDRESS:
		return err_set(
			e, ERR_NETWORK, "the server redirects to a private address");
	case REFUSED_OURS:
		*e = t->own;
		return -1;
	default:
		return err_set(
			e, ERR_NETWORK, "the server answers with status %ld", code);
	}
}

/* We were asked who we are, and what we said was not enough: some servers say so with a
 * status, some with an alert, and some just close. */
static bool is_turned_away(const struct transfer *t, CURLcode rc)
{
	long code = 0;

	if (!t->f->asked_for_id || t->refusal != REFUSED_NOT)
		return false;
	curl_easy_getinfo(t->f->curl, CURLINFO_RESPONSE_CODE, &code);
	switch (rc) {
	case CURLE_HTTP_RETURNED_ERROR:
		return code == 400 || code == 403;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
		return !t->f->answered;
	default:
		return false;
	}
}

static int turned_away(const struct transfer *t, struct err *e)
{
	const struct fetcher *f = t->f;

	if (!is_own(t) || !f->cert)
		return err_set(e, ERR_NETWORK,
			"the server serves only clients with a certificate, and none is "
			"named for it (--cert and --key of 'rootyard remote add')");
	return err_set(e, ERR_NETWORK, "the server does not accept the certificate '%s'",
		f->cert);
}

/* 0: no proxy refused anything. */
static long proxy_status(const struct transfer *t)
{
	long code = 0, tunnel = 0;

	curl_easy_getinfo(t->f->curl, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_getinfo(t->f->curl, CURLINFO_HTTP_CONNECTCODE, &tunnel);
	if (code == 407)
		return code;
	return code == 0 && tunnel >= 300 ? tunnel : 0;
}

static int failed(const struct transfer *t, CURLcode rc, struct err *e)
{
	const char *said = t->f->text[0] ? t->f->text : curl_easy_strerror(rc);
	long code = 0;

	if (t->refusal != REFUSED_NOT)
		return refused(t, e);
	if (is_turned_away(t, rc))
		return turned_away(t, e);
	if (rc == CURLE_SSL_CERTPROBLEM)
		return err_set(e, ERR_USAGE,
			"the certificate '%s' and the key '%s' are no pair in PEM",
			t->f->cert, t->f->key);
	if (proxy_status(t) > 0)
		return err_set(e, ERR_NETWORK, "the proxy answers with status %ld%s",
			proxy_status(t),
			proxy_status(t) == 407 ? " (https_proxy and http_proxy may hold "
						 "USER:PASSWORD@)"
					       : "");
	curl_easy_getinfo(t->f->curl, CURLINFO_RESPONSE_CODE, &code);
	if (rc == CURLE_HTTP_RETURNED_ERROR && (code == 404 || code == 410))
		return err_set(
			e, ERR_NOTFOUND, "the server has no such file (%ld)", code);
	if (rc == CURLE_HTTP_RETURNED_ERROR)
		return err_set(
			e, ERR_NETWORK, "the server answers with status %ld", code);
	if (rc == CURLE_PEER_FAILED_VERIFICATION)
		return err_set(e, ERR_NETWORK,
			"the server's certificate is not good: %s (--ca names a private "
			"authority)",
			said);
	return err_set(e, ERR_NETWORK, "%s", said);
}

/* Worth another try: the same request may well succeed. */
static bool is_transient(const struct transfer *t, CURLcode rc)
{
	long code = 0;

	if (t->refusal != REFUSED_NOT || is_turned_away(t, rc))
		return false;
	curl_easy_getinfo(t->f->curl, CURLINFO_RESPONSE_CODE, &code);
	switch (rc) {
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return true;
	case CURLE_HTTP_RETURNED_ERROR:
		return code == 408 || code == 429 || (code >= 500 && code <= 504);
	default:
		return false;
	}
}

/* Waits before try number n (from 1); false when the deadline would pass. */
static bool back_off(const struct transfer *t, unsigned int n)
{
	int64_t wait_ms = INT64_C(500) << (n - 1);
	struct timespec pause;
	uint16_t dice = 0;

	/* many clients that lost one server do not all come back at once */
	(void)!getrandom(&dice, sizeof(dice), 0);
	wait_ms = wait_ms / 2 + wait_ms * dice / UINT16_MAX;

	if (t->head.retry_after_s > RETRY_AFTER_MAX_S)
		return false;
	if (t->head.retry_after_s * 1000 > wait_ms)
		wait_ms = t->head.retry_after_s * 1000;
	if (now_ms() + wait_ms >= t->deadline_ms)
		return false;
	pause.tv_sec = wait_ms / 1000;
	pause.tv_nsec = wait_ms % 1000 * 1000000;
	while (nanosleep(&pause, &pause) < 0 && errno == EINTR)
		continue;
	return true;
}

/* ---- the handle */

int fetcher_open(const struct fetch_settings *s, struct fetcher **out, struct err *e)
{
	struct fetcher *f;
	CURL *c;

	if (s->ca && access(s->ca, R_OK) < 0)
		return err_sys(e, "cannot read the authority '%s'", s->ca);
	if (s->cert && access(s->cert, R_OK) < 0)
		return err_sys(e, "cannot read the certificate '%s'", s->cert);
	if (s->key && access(s->key, R_OK) < 0)
		return err_sys(e, "cannot read the key '%s'", s->key);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, ERR_FAILED, "cannot start libcurl");
	c = curl_easy_init();
	if (!c)
		err_abort("out of memory");
	f = xcalloc(1, sizeof(*f));
	f->curl = c;
	f->insecure_transport = s->insecure_transport;
	f->timeout_s = s->timeout_s > 0 ? s->timeout_s : TIMEOUT_S;
	f->base = s->base ? xstrdup(s->base) : NULL;
	f->token = s->token ? xstrdup(s->token) : NULL;
	f->cert = s->cert ? xstrdup(s->cert) : NULL;
	f->key = s->key ? xstrdup(s->key) : NULL;
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, f->text);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "rootyard/" VERSION);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, 5L);
	curl_easy_setopt(c, CURLOPT_UNRESTRICTED_AUTH, 0L);
	curl_easy_setopt(c, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, 256L << 10);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(c, CURLOPT_DEBUGFUNCTION, on_told);
	curl_easy_setopt(c, CURLOPT_DEBUGDATA, f);
	curl_easy_setopt(c, CURLOPT_VERBOSE, 1L);
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	if (s->rate_max > 0)
		curl_easy_setopt(
			c, CURLOPT_MAX_RECV_SPEED_LARGE, (curl_off_t)s->rate_max);
	if (s->ca)
		curl_easy_setopt(c, CURLOPT_CAINFO, s->ca);
	*out = f;
	return 0;
}

void fetcher_close(struct fetcher **f)
{
	if (!*f)
		return;
	curl_easy_cleanup((*f)->curl);
	free((*f)->base);
	if ((*f)->token)
		explicit_bzero((*f)->token, strlen((*f)->token));
	free((*f)->token);
	free((*f)->cert);
	free((*f)->key);
	free(*f);
	*f = NULL;
	curl_global_cleanup();
}

/* ---- documents */

int fetch_document(struct fetcher *f, const char *base, const char *path, struct buf *out,
	struct err *e)
{
	auto_free char *url = xasprintf("%s/%s", base, path);
	struct transfer t = {
		.f = f,
		.url = url,
		.base = base,
		.mem = out,
		.limit = out->ceiling,
		.deadline_ms = now_ms() + DOCUMENT_S * 1000,
	};
	CURLcode rc;

	for (unsigned int n = 1;; n++) {
		rc = attempt(&t, false, "");
		if (rc == CURLE_OK && t.head.coded)
			t.refusal = REFUSED_CODING;
		if (rc == CURLE_OK && t.refusal == REFUSED_NOT)
			return 0;
		if (n == TRIES || !is_transient(&t, rc) || !back_off(&t, n))
			break;
	}
	failed(&t, rc, e);
	return err_wrap(e, "cannot fetch '%s'", url);
}

/* ---- files */

/* A 416, or more bytes than the file has: what lies there is worth nothing. */
static bool is_useless(const struct transfer *t, CURLcode rc)
{
	long code = 0;

	curl_easy_getinfo(t->f->curl, CURLINFO_RESPONSE_CODE, &code);
	return t->asked > 0 && ((rc == CURLE_HTTP_RETURNED_ERROR && code == 416) ||
				       t->refusal == REFUSED_RANGE);
}

static int run_file(struct transfer *t, struct err *e)
{
	unsigned int tries = t->hasty ? HASTY_TRIES : TRIES;
	char etag[HTTPHEAD_ETAG_MAX];
	CURLcode rc;

	for (unsigned int n = 1;; n++) {
		bool same = partial_etag(t->file, t->base, etag, sizeof(etag));

		if (!etag[0] && restart_file(t) < 0)
			break;
		rc = attempt(t, t->at > 0 && !t->whole, same ? etag : "");
		if (rc == CURLE_OK && (t->exact ? t->at == t->limit : t->began))
			return 0;
		if (rc == CURLE_OK)
			return err_set(e, ERR_UNTRUSTED,
				"the server sends %" PRIu64 " bytes where %" PRIu64
				" were signed for",
				t->at, t->limit);
		if (is_useless(t, rc) && n < tries) {
			if (partial_keep_etag(t->file, "", t->base, e) < 0)
				return -1;
			t->whole = true;
			continue;
		}
		if (t->refusal == REFUSED_OURS && t->own.code == ERR_UNTRUSTED &&
			restart_file(t) < 0)
			break;
		if (n == tries || !is_transient(t, rc) || !back_off(t, n))
			return failed(t, rc, e);
	}
	*e = t->own;
	return -1;
}

/* What an earlier run left, as far as its pieces are good; the rest counts where a tag goes
 * with it. */
static int take_stock(struct transfer *t)
{
	auto_free unsigned char *chunk = xmalloc(CHUNK);

	if (t->at > t->limit) {
		if (partial_restart(t->file, t->limit, &t->own) < 0)
			return -1;
		t->at = t->limit;
	}
	if (!t->pieces.told)
		return 0;
	while (t->pieces.at < t->at) {
		ssize_t n = pread(t->file->fd, chunk, CHUNK, (off_t)t->pieces.at);

		if (n <= 0)
			return err_sys(&t->own, "cannot read a partial download");
		if (take_pieces(t, chunk, (size_t)n) == 0)
			continue;
		if (t->own.code != ERR_UNTRUSTED)
			return -1;
		return restart_file(t);
	}
	return 0;
}

static int get_file(struct transfer *t, struct err *e)
{
	off_t have = lseek(t->file->fd, 0, SEEK_END);

	t->at = have > 0 ? (uint64_t)have : 0;
	if (take_stock(t) < 0) {
		*e = t->own;
		return -1;
	}
	if (t->exact && t->at == t->limit)
		return 0;
	if (run_file(t, e) == 0)
		return 0;
	return e->code == ERR_UNTRUSTED ? err_wrap(e, "not trusted: '%s'", t->url)
					: err_wrap(e, "cannot fetch '%s'", t->url);
}

int fetch_file(struct fetcher *f, const char *base, const struct fetch_want *want,
	int dir_fd, const struct fetch_progress *progress, struct err *e)
{
	uint64_t size = want->size ? want->size : UNTOLD_MAX;
	auto_free char *url = xasprintf("%s/%s", base, want->path);
	auto_partial struct partial file = PARTIAL_INIT;
	struct transfer t = {
		.f = f,
		.url = url,
		.base = base,
		.hasty = want->hasty,
		.file = &file,
		.limit = size,
		.exact = want->size > 0,
		.progress = progress,
		.deadline_ms = now_ms() + FILE_SLACK_S * 1000 +
			       (int64_t)(size / (RATE_MIN_BYTES_S / 1000)),
	};
	int rc;

	if (partial_open(dir_fd, want->name, &file, e) < 0)
		return -1;
	piecewise_init(&t.pieces, want->pieces, size);
	rc = get_file(&t, e);
	piecewise_release(&t.pieces);
	return rc < 0 ? -1 : STEAL_FD(file.fd);
}
