#include "builder/fetch/token.h"

#include "lib/adapt/json.h"
#include "lib/base/buf.h"

#include <curl/curl.h>

#include <strings.h>

#define TOKEN_MAX (64U << 10)
#define TOKEN_S   60L

static size_t on_body(char *data, size_t size, size_t count, void *ctx)
{
	buf_add(ctx, data, size * count);
	return ((struct buf *)ctx)->over ? 0 : size * count;
}

static void add_query(CURL *c, struct buf *url, const char *name, const char *value)
{
	char *escaped;

	if (!*value)
		return;
	escaped = curl_easy_escape(c, value, 0);
	if (!escaped)
		err_abort("out of memory");
	buf_printf(url, "%c%s=%s", strchr(buf_str(url), '?') ? '&' : '?', name, escaped);
	curl_free(escaped);
}

static CURLcode ask(CURL *c, const char *url, long stall_s, struct buf *out)
{
	bool secure = strncasecmp(url, "https:", 6) == 0;

	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "https,http");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, 3L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, TOKEN_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, stall_s);
	curl_easy_setopt(c, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "rootyard/" VERSION);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, out);
	return curl_easy_perform(c);
}

/* A header line is made of it: nothing that would end one. */
static bool is_token(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (*text < 0x21 || *text > 0x7e)
			return false;
	return true;
}

static int take_token(struct bytes text, char **out, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	const struct json *root;
	const char *token = "", *access = "";

	if (json_open(text, &doc, e) < 0 || json_root(doc, &root, e) < 0 ||
		json_opt_str(root, "token", &token, e) < 0 ||
		json_opt_str(root, "access_token", &access, e) < 0) {
		e->code = ERR_UPSTREAM;
		return err_wrap(e, "cannot read the registry's token");
	}
	if (!*token)
		token = access;
	if (!is_token(token))
		return err_set(e, ERR_UPSTREAM, "the registry gives no token");
	*out = xstrdup(token);
	return 0;
}

static int take_answer(
	CURL *c, CURLcode rc, const struct buf *text, char **out, struct err *e)
{
	long status = 0;

	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	if (rc != CURLE_OK)
		return err_set(
			e, ERR_AGAIN, "asking for a token: %s", curl_easy_strerror(rc));
	if (status != 200)
		return err_set(e,
			status >= 500 || status == 429 ? ERR_AGAIN : ERR_UPSTREAM,
			"asking for a token: the server says %ld", status);
	return take_token(buf_bytes(text), out, e);
}

int token_fetch(const char *url, const struct answer *challenge, long stall_s, char **out,
	struct err *e)
{
	auto_buf struct buf text = BUF_INIT(TOKEN_MAX), where = BUF_INIT(TOKEN_MAX);
	CURL *c = curl_easy_init();
	int rc;

	if (!c)
		err_abort("out of memory");
	buf_add_str(&where, challenge->realm);
	add_query(c, &where, "service", challenge->service);
	add_query(c, &where, "scope", challenge->scope);
	if (strncasecmp(url, "https:", 6) == 0 &&
		strncasecmp(challenge->realm, "https:", 6) != 0)
		rc = err_set(e, ERR_UPSTREAM,
			"the registry sends for a token to '%.200s', which is not https",
			challenge->realm);
	else
		rc = take_answer(
			c, ask(c, buf_str(&where), stall_s, &text), &text, out, e);
	curl_easy_cleanup(c);
	return rc;
}
