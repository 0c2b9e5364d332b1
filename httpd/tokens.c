#include "httpd/tokens.h"

#include "lib/base/buf.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include <pthread.h>
#include <strings.h>

#define TOKENS_MAX     4096
#define CREDENTIAL_MAX 4096
#define HASH_SIZE      32

struct token {
	char label[TOKENS_LABEL_MAX];
	unsigned char hash[HASH_SIZE];
};

struct list {
	size_t count;
	struct token token[];
};

struct tokens {
	pthread_rwlock_t lock;
	struct list *list;
};

/* ---- the file */

static struct bytes take_line(struct bytes *text)
{
	const unsigned char *end = memchr(text->data, '\n', text->len);
	struct bytes line =
		bytes_of(text->data, end ? (size_t)(end - text->data) : text->len);

	*text = bytes_of(text->data + line.len + (end != NULL),
		text->len - line.len - (end != NULL));
	return line;
}

static int hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hash(struct bytes hex, unsigned char out[HASH_SIZE])
{
	if (hex.len != 2 * HASH_SIZE)
		return false;
	for (size_t i = 0; i < HASH_SIZE; i++) {
		int high = hex_value(hex.data[2 * i]),
		    low = hex_value(hex.data[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static bool parse_line(struct bytes line, struct token *out)
{
	size_t len = 0, gap;

	while (len < line.len && line.data[len] > ' ' && line.data[len] < 0x7f &&
		line.data[len] != '"' && line.data[len] != '\\')
		len++;
	for (gap = len; gap < line.len && line.data[gap] == ' '; gap++)
		;
	if (len == 0 || len >= TOKENS_LABEL_MAX || gap == len)
		return false;
	memcpy(out->label, line.data, len);
	out->label[len] = '\0';
	return parse_hash(bytes_of(line.data + gap, line.len - gap), out->hash);
}

static int parse(struct bytes text, struct list **out, struct err *e)
{
	auto_free struct list *list =
		xcalloc(1, sizeof(*list) + TOKENS_MAX * sizeof(struct token));
	size_t number = 0;

	while (text.len > 0) {
		struct bytes line = take_line(&text);

		number++;
		if (line.len == 0 || line.data[0] == '#')
			continue;
		if (list->count == TOKENS_MAX)
			return err_set(e, ERR_LIMIT, "more than %d tokens", TOKENS_MAX);
		if (!parse_line(line, &list->token[list->count++]))
			return err_set(e, ERR_PARSE,
				"line %zu is not LABEL and the SHA-256 of a token in "
				"64 lower-case hex digits",
				number);
	}
	*out = STEAL(list);
	return 0;
}

int tokens_new(struct bytes text, struct tokens **out, struct err *e)
{
	struct tokens *t;
	struct list *list;

	if (parse(text, &list, e) < 0)
		return -1;
	t = xcalloc(1, sizeof(*t));
	pthread_rwlock_init(&t->lock, NULL);
	t->list = list;
	*out = t;
	return 0;
}

void tokens_free(struct tokens **slot)
{
	if (*slot) {
		free((*slot)->list);
		pthread_rwlock_destroy(&(*slot)->lock);
	}
	free(*slot);
	*slot = NULL;
}

int tokens_replace(struct tokens *t, struct bytes text, struct err *e)
{
	struct list *fresh, *old;

	if (parse(text, &fresh, e) < 0)
		return -1;
	pthread_rwlock_wrlock(&t->lock);
	old = t->list;
	t->list = fresh;
	pthread_rwlock_unlock(&t->lock);
	free(old);
	return 0;
}

size_t tokens_count(struct tokens *t)
{
	size_t count;

	pthread_rwlock_rdlock(&t->lock);
	count = t->list->count;
	pthread_rwlock_unlock(&t->lock);
	return count;
}

/* ---- a request */

static bool takes_scheme(struct bytes *text, const char *scheme)
{
	size_t len = strlen(scheme);

	if (text->len <= len || strncasecmp((const char *)text->data, scheme, len) != 0)
		return false;
	*text = bytes_of(text->data + len, text->len - len);
	while (text->len > 0 && text->data[0] == ' ')
		*text = bytes_of(text->data + 1, text->len - 1);
	return true;
}

static bool find_credential(struct bytes field, struct buf *decoded, struct bytes *out)
{
	const unsigned char *colon;
	struct err e;

	*out = field;
	if (takes_scheme(out, "Bearer "))
		return out->len > 0;
	if (!takes_scheme(out, "Basic ") || buf_decode_base64(*out, decoded, &e) < 0)
		return false;
	*out = buf_bytes(decoded);
	colon = out->len ? memchr(out->data, ':', out->len) : NULL;
	if (!colon)
		return false;
	*out = bytes_of(colon + 1, out->len - (size_t)(colon + 1 - out->data));
	return out->len > 0;
}

static bool is_equal(const unsigned char *a, const unsigned char *b)
{
	unsigned int differ = 0;

	for (size_t i = 0; i < HASH_SIZE; i++)
		differ |= a[i] ^ b[i];
	return differ == 0;
}

bool tokens_allow(
	struct tokens *t, struct bytes authorization, char label[TOKENS_LABEL_MAX])
{
	auto_buf struct buf decoded = BUF_INIT(CREDENTIAL_MAX);
	unsigned char hash[HASH_SIZE];
	struct bytes credential;
	bool is_known = false;

	if (!find_credential(authorization, &decoded, &credential) ||
		gnutls_hash_fast(
			GNUTLS_DIG_SHA256, credential.data, credential.len, hash) < 0)
		return false;
	pthread_rwlock_rdlock(&t->lock);
	for (size_t i = 0; i < t->list->count; i++) {
		if (!is_equal(t->list->token[i].hash, hash))
			continue;
		is_known = true;
		memcpy(label, t->list->token[i].label, TOKENS_LABEL_MAX);
	}
	pthread_rwlock_unlock(&t->lock);
	if (decoded.data)
		explicit_bzero(decoded.data, decoded.len);
	return is_known;
}
