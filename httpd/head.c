#include "httpd/head.h"

#include <strings.h>

static bool is_token(struct bytes name)
{
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = name.data[i];
		bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			     (c >= 'A' && c <= 'Z');

		if (!alnum && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return name.len > 0;
}

/* Control bytes: a bare CR is where two parsers begin to disagree. */
static bool is_field_text(struct bytes value)
{
	for (size_t i = 0; i < value.len; i++)
		if ((value.data[i] < 0x20 && value.data[i] != '\t') ||
			value.data[i] == 0x7f)
			return false;
	return true;
}

static bool is_zero(struct bytes value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] != '0')
			return false;
	return value.len > 0;
}

/* All digits, and more than any body has. */
static bool is_beyond_64_bits(struct bytes value)
{
	size_t zeros = 0;

	while (zeros < value.len && value.data[zeros] == '0')
		zeros++;
	for (size_t i = zeros; i < value.len; i++)
		if (value.data[i] < '0' || value.data[i] > '9')
			return false;
	return value.len - zeros > 19;
}

void head_begin(struct head *h, size_t target_len)
{
	*h = (struct head){ .size = target_len };
	if (target_len > HEAD_BYTES_MAX)
		h->refuse = 414;
}

/* Of a repeated field the first line counts. */
static void keep(struct bytes *slot, struct bytes value)
{
	if (!slot->data)
		*slot = value;
}

static void sort_field(struct head *h, struct bytes name, struct bytes value)
{
	const struct {
		const char *name;
		struct bytes *slot;
		unsigned int *count;
	} known[] = {
		{ "Host", &h->host, &h->hosts },
		{ "Content-Length", NULL, &h->lengths },
		{ "Transfer-Encoding", NULL, &h->codings },
		{ "Range", &h->range, &h->ranges },
		{ "User-Agent", &h->user_agent, NULL },
		{ "Accept-Encoding", &h->accept_encoding, NULL },
		{ "Authorization", &h->authorization, NULL },
		{ "If-Range", &h->cond.if_range, NULL },
		{ "If-None-Match", &h->cond.if_none_match, NULL },
		{ "If-Modified-Since", &h->cond.if_modified_since, NULL },
		{ "If-Match", &h->cond.if_match, NULL },
		{ "If-Unmodified-Since", &h->cond.if_unmodified_since, NULL },
	};

	for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
		if (strlen(known[i].name) != name.len ||
			strncasecmp(known[i].name, (const char *)name.data, name.len) !=
				0)
			continue;
		if (known[i].slot)
			keep(known[i].slot, value);
		if (known[i].count)
			++*known[i].count;
		if (known[i].count == &h->codings ||
			(known[i].count == &h->lengths && !is_zero(value)))
			h->has_body = true;
		if (known[i].count == &h->lengths && is_beyond_64_bits(value))
			h->refuse = 413;
		return;
	}
}

void head_add(struct head *h, struct bytes name, struct bytes value)
{
	h->size += name.len + value.len + 4;
	h->fields++;
	if (h->refuse)
		return;
	if (h->size > HEAD_BYTES_MAX || h->fields > HEAD_FIELDS_MAX)
		h->refuse = 431;
	else if (!is_token(name) || !is_field_text(value))
		h->refuse = 400;
	else
		sort_field(h, name, value);
}

void head_end(struct head *h, bool is_http_1_1)
{
	if (h->refuse)
		return;
	if (h->hosts > 1 || h->lengths > 1 || h->codings > 1 ||
		(is_http_1_1 && h->hosts == 0))
		h->refuse = 400;
	if (h->ranges > 1)
		h->range = bytes_of(NULL, 0);
}

bool head_needs_close(const struct head *h)
{
	static const char product[] = "systemd-pull/";
	struct bytes ua = h->user_agent;
	unsigned int version = 0;

	if (ua.len < sizeof(product) - 1 ||
		memcmp(ua.data, product, sizeof(product) - 1) != 0)
		return false;
	for (size_t i = sizeof(product) - 1; i < ua.len; i++) {
		if (ua.data[i] < '0' || ua.data[i] > '9' || version > 9999)
			break;
		version = version * 10 + (ua.data[i] - '0');
	}
	return version >= 200 && version < 257;
}
