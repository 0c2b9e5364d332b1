#include "client/image/s3.h"

#include "client/image/s3list.h"
#include "client/image/url.h"

#include <curl/curl.h>

#include <inttypes.h>
#include <pthread.h>
#include <sys/random.h>
#include <time.h>

#define HANDLES    32
#define TRIES      5
#define CONNECT_S  15L
#define RATE_MIN   2000L
#define RATE_S     60L
#define ANSWER_MAX (64U << 10)
#define NO_BODY    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct s3 {
	char *base, *prefix; /* ENDPOINT/BUCKET; "" or "PREFIX/" */
	char *bucket, *sigv4, *identity, *token, *ca;
	bool insecure_transport;
	pthread_mutex_t lock;
	CURL *idle[HANDLES];
	size_t count;
};

/* ---- names as they stand in URLs */

static void add_encoded(struct buf *out, const char *text, bool keep_slash)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
			     (c >= 'a' && c <= 'z') || strchr("-._~", c) ||
			     (keep_slash && c == '/');

		if (plain)
			buf_add_byte(out, c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

static void add_key(const struct s3 *s, struct buf *out, const char *key)
{
	add_encoded(out, s->prefix, true);
	add_encoded(out, key, true);
}

/* ---- handles */

static CURL *take_handle(struct s3 *s)
{
	CURL *c = NULL;

	pthread_mutex_lock(&s->lock);
	if (s->count > 0)
		c = s->idle[--s->count];
	pthread_mutex_unlock(&s->lock);
	if (c)
		curl_easy_reset(c);
	else
		c = curl_easy_init();
	if (!c)
		err_abort("out of memory");
	return c;
}

static void give_handle(struct s3 *s, CURL *c)
{
	pthread_mutex_lock(&s->lock);
	if (s->count < HANDLES) {
		s->idle[s->count++] = c;
		c = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	curl_easy_cleanup(c);
}

/* ---- one request */

struct request {
	const char *method, *url;
	char sha256[DIGEST_HEX]; /* of the body */
	const char *field[4];    /* more header fields */
	size_t field_count;
	struct bytes text; /* the body, or */
	int fd;            /* a file; -1: none */
	uint64_t size;
	uint64_t at; /* of the body sent so far */
	struct buf *answer;
};

static size_t on_read(char *to, size_t size, size_t count, void *ctx)
{
	struct request *r = ctx;
	size_t room = size * count;
	ssize_t n;

	if (room > r->size - r->at)
		room = (size_t)(r->size - r->at);
	if (r->fd >= 0) {
		n = pread(r->fd, to, room, (off_t)r->at);
		if (n < 0 || (n == 0 && room > 0))
			return CURL_READFUNC_ABORT;
		room = (size_t)n;
	} else if (room > 0) {
		memcpy(to, r->text.data + r->at, room);
	}
	r->at += room;
	return room;
}

static int on_seek(void *ctx, curl_off_t offset, int origin)
{
	struct request *r = ctx;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > r->size)
		return CURL_SEEKFUNC_FAIL;
	r->at = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static size_t on_write(char *data, size_t size, size_t count, void *ctx)
{
	struct request *r = ctx;

	buf_add(r->answer, data, size * count);
	return r->answer->over ? 0 : size * count;
}

static void add_field(struct curl_slist **list, const char *text)
{
	struct curl_slist *longer = curl_slist_append(*list, text);

	if (!longer)
		err_abort("out of memory");
	*list = longer;
}

static struct curl_slist *fields_of(const struct s3 *s, const struct request *r)
{
	auto_free char *sha256 = xasprintf("x-amz-content-sha256: %s", r->sha256);
	struct curl_slist *list = NULL;

	add_field(&list, sha256);
	if (s->token) {
		auto_free char *token = xasprintf("x-amz-security-token: %s", s->token);

		add_field(&list, token);
	}
	for (size_t i = 0; i < r->field_count; i++)
		add_field(&list, r->field[i]);
	return list;
}

static void set_options(const struct s3 *s, CURL *c, struct request *r)
{
	curl_easy_setopt(c, CURLOPT_URL, r->url);
	curl_easy_setopt(
		c, CURLOPT_PROTOCOLS_STR, s->insecure_transport ? "http,https" : "https");
	curl_easy_setopt(c, CURLOPT_USERAGENT, "rootyard/" VERSION);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, RATE_MIN);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, RATE_S);
	curl_easy_setopt(c, CURLOPT_AWS_SIGV4, s->sigv4);
	curl_easy_setopt(c, CURLOPT_USERPWD, s->identity);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_write);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, r);
	if (s->ca)
		curl_easy_setopt(c, CURLOPT_CAINFO, s->ca);
	if (strcmp(r->method, "PUT") == 0) {
		curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
		curl_easy_setopt(c, CURLOPT_READDATA, r);
		curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
		curl_easy_setopt(c, CURLOPT_SEEKDATA, r);
		curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)r->size);
	} else if (strcmp(r->method, "GET") != 0) {
		curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, r->method);
	}
}

static void pause_before(unsigned int try)
{
	uint16_t dice = 0;
	int64_t ms = INT64_C(200) << try;
	struct timespec t;

	(void)!getrandom(&dice, sizeof(dice), 0);
	ms += ms * dice / UINT16_MAX;
	t.tv_sec = ms / 1000;
	t.tv_nsec = ms % 1000 * 1000000;
	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		continue;
}

static int refused(const struct request *r, long status, struct err *e)
{
	const char *said = buf_str(r->answer);
	const char *code = strstr(said, "<Code>");
	int len = code ? (int)strcspn(code + 6, "<") : 0;

	if (status == 404)
		return err_set(e, ERR_NOTFOUND, "the store has no such object");
	return err_set(e, status == 401 || status == 403 ? ERR_USAGE : ERR_NETWORK,
		"the store answers with status %ld%s%.*s", status, len ? ": " : "",
		len < 100 ? len : 100, code ? code + 6 : "");
}

/* true: it is decided, and *rc tells how. */
static bool attempt(struct s3 *s, struct request *r, int *rc, struct err *e)
{
	char said[CURL_ERROR_SIZE] = "";
	CURL *c = take_handle(s);
	struct curl_slist *fields = fields_of(s, r);
	CURLcode done;
	long status = 0;

	r->at = 0;
	buf_clear(r->answer);
	set_options(s, c, r);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, fields);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, said);
	done = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, NULL);
	curl_slist_free_all(fields);
	give_handle(s, c);
	if (done == CURLE_OK && status >= 200 && status < 300) {
		*rc = 0;
		return true;
	}
	*rc = -1;
	if (done == CURLE_OK)
		refused(r, status, e);
	else
		(void)!err_set(
			e, ERR_NETWORK, "%s", said[0] ? said : curl_easy_strerror(done));
	return done == CURLE_OK ? status < 500 && status != 429
				: done == CURLE_PEER_FAILED_VERIFICATION ||
					  done == CURLE_ABORTED_BY_CALLBACK ||
					  done == CURLE_WRITE_ERROR;
}

static int ask(struct s3 *s, struct request *r, struct err *e)
{
	int rc = -1;

	for (unsigned int i = 0; i < TRIES; i++) {
		if (i > 0)
			pause_before(i);
		if (attempt(s, r, &rc, e))
			break;
	}
	return rc < 0 ? err_wrap(e, "%s '%s'", r->method, r->url) : 0;
}

/* ---- objects */

static int put(struct s3 *s, const struct s3_object *o, const struct request *body,
	struct err *e)
{
	auto_buf struct buf url = BUF_INIT(8192), answer = BUF_INIT(ANSWER_MAX);
	struct request r = *body;
	auto_free char *type = xasprintf("Content-Type: %s", o->media_type);
	auto_free char *caching = xasprintf("Cache-Control: %s", o->caching);

	if (o->size > S3_PUT_MAX)
		return err_set(e, ERR_LIMIT,
			"'%s' has more than the %llu bytes that one object may have",
			o->key, S3_PUT_MAX);
	buf_printf(&url, "%s/", s->base);
	add_key(s, &url, o->key);
	r.method = "PUT";
	r.url = buf_str(&url);
	r.field[r.field_count++] = type;
	r.field[r.field_count++] = caching;
	r.answer = &answer;
	return ask(s, &r, e);
}

int s3_put_text(struct s3 *s, const struct s3_object *o, struct bytes text, struct err *e)
{
	struct request r = { .text = text, .fd = -1, .size = text.len };

	digest_hex(&o->sha256, r.sha256);
	return put(s, o, &r, e);
}

int s3_put_fd(struct s3 *s, const struct s3_object *o, int fd, struct err *e)
{
	struct request r = { .fd = fd, .size = o->size };

	digest_hex(&o->sha256, r.sha256);
	return put(s, o, &r, e);
}

int s3_copy(struct s3 *s, const struct s3_object *to, const char *from, struct err *e)
{
	auto_buf struct buf source = BUF_INIT(8192);
	struct request r = { .fd = -1, .sha256 = NO_BODY };

	buf_printf(&source, "x-amz-copy-source: /%s/", s->bucket);
	add_key(s, &source, from);
	r.field[r.field_count++] = buf_str(&source);
	r.field[r.field_count++] = "x-amz-metadata-directive: REPLACE";
	return put(s, to, &r, e);
}

int s3_get(struct s3 *s, const char *key, struct buf *out, struct err *e)
{
	auto_buf struct buf url = BUF_INIT(8192);
	struct request r = {
		.method = "GET", .fd = -1, .sha256 = NO_BODY, .answer = out
	};

	buf_printf(&url, "%s/", s->base);
	add_key(s, &url, key);
	r.url = buf_str(&url);
	return ask(s, &r, e);
}

int s3_remove(struct s3 *s, const char *key, struct err *e)
{
	auto_buf struct buf url = BUF_INIT(8192), answer = BUF_INIT(ANSWER_MAX);
	struct request r = {
		.method = "DELETE", .fd = -1, .sha256 = NO_BODY, .answer = &answer
	};

	buf_printf(&url, "%s/", s->base);
	add_key(s, &url, key);
	r.url = buf_str(&url);
	if (ask(s, &r, e) == 0 || e->code == ERR_NOTFOUND)
		return 0;
	return -1;
}

struct listing {
	size_t prefix_len;
	int (*each)(const char *key, uint64_t size, void *ctx, struct err *e);
	void *ctx;
};

static int list_one(const char *key, uint64_t size, void *ctx, struct err *e)
{
	const struct listing *l = ctx;

	if (strlen(key) <= l->prefix_len)
		return 0;
	return l->each(key + l->prefix_len, size, l->ctx, e);
}

int s3_list(struct s3 *s,
	int (*each)(const char *key, uint64_t size, void *ctx, struct err *e), void *ctx,
	struct err *e)
{
	struct listing l = { .prefix_len = strlen(s->prefix), .each = each, .ctx = ctx };
	auto_buf struct buf next = BUF_INIT(4096);

	do {
		auto_buf struct buf url = BUF_INIT(16384), answer = BUF_INIT(S3LIST_MAX);
		struct request r = {
			.method = "GET", .fd = -1, .sha256 = NO_BODY, .answer = &answer
		};

		/* in the order in which they are signed */
		buf_printf(&url, "%s?", s->base);
		if (next.len) {
			buf_add_str(&url, "continuation-token=");
			add_encoded(&url, buf_str(&next), false);
			buf_add_str(&url, "&");
		}
		buf_add_str(&url, "list-type=2&prefix=");
		add_encoded(&url, s->prefix, false);
		r.url = buf_str(&url);
		if (ask(s, &r, e) < 0 ||
			s3list_parse(buf_bytes(&answer), list_one, &l, &next, e) < 0)
			return -1;
	} while (next.len);
	return 0;
}

/* ---- opening */

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static int read_place(struct s3 *s, const char *place, struct err *e)
{
	const char *bucket = place + strlen("s3://"), *slash = strchr(bucket, '/');
	size_t len = strcspn(bucket, "/");
	auto_free char *prefix = xstrdup(slash ? slash + 1 : "");
	size_t end = strlen(prefix);

	while (end > 0 && prefix[end - 1] == '/')
		prefix[--end] = '\0';
	if (len < 3 || len > 63 || prefix[0] == '/' || strstr(prefix, "//") ||
		strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-") != len)
		return err_set(e, ERR_USAGE, "'%s' is no s3://BUCKET[/PREFIX]", place);
	s->bucket = xasprintf("%.*s", (int)len, bucket);
	s->prefix = xasprintf("%s%s", prefix, *prefix ? "/" : "");
	return 0;
}

static int read_identity(struct s3 *s, struct err *e)
{
	const char *id = env("AWS_ACCESS_KEY_ID"), *secret = env("AWS_SECRET_ACCESS_KEY");
	const char *token = env("AWS_SESSION_TOKEN");

	if (!id || !secret)
		return err_set(e, ERR_USAGE,
			"a bucket needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in "
			"the "
			"environment");
	s->identity = xasprintf("%s:%s", id, secret);
	s->token = token ? xstrdup(token) : NULL;
	return 0;
}

int s3_open(const struct s3_settings *set, struct s3 **out, struct err *e)
{
	const char *region = set->region ? set->region : env("AWS_REGION");
	const char *endpoint = set->endpoint ? set->endpoint : env("AWS_ENDPOINT_URL");
	auto_s3 struct s3 *s = xcalloc(1, sizeof(*s));
	auto_free char *own = NULL;
	size_t len;

	pthread_mutex_init(&s->lock, NULL);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, ERR_FAILED, "cannot start libcurl");
	if (!region)
		region = "us-east-1";
	if (!endpoint)
		endpoint = own = xasprintf("https://s3.%s.amazonaws.com", region);
	len = strlen(endpoint);
	s->insecure_transport = set->insecure_transport;
	s->ca = set->ca ? xstrdup(set->ca) : NULL;
	if (url_check(endpoint, set->insecure_transport, e) < 0 ||
		read_place(s, set->place, e) < 0 || read_identity(s, e) < 0)
		return -1;
	s->base = xasprintf("%.*s/%s", (int)(endpoint[len - 1] == '/' ? len - 1 : len),
		endpoint, s->bucket);
	s->sigv4 = xasprintf("aws:amz:%s:s3", region);
	*out = STEAL(s);
	return 0;
}

void s3_close(struct s3 **s)
{
	if (!*s)
		return;
	for (size_t i = 0; i < (*s)->count; i++)
		curl_easy_cleanup((*s)->idle[i]);
	pthread_mutex_destroy(&(*s)->lock);
	if ((*s)->identity)
		explicit_bzero((*s)->identity, strlen((*s)->identity));
	free((*s)->identity);
	free((*s)->token);
	free((*s)->base);
	free((*s)->bucket);
	free((*s)->prefix);
	free((*s)->sigv4);
	free((*s)->ca);
	free(*s);
	*s = NULL;
	curl_global_cleanup();
}
