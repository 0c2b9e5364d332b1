#include "builder/fetch/answer.h"

#include <strings.h>

#define HEADER_BYTES_MAX (256U << 10)

static bool is_field(struct bytes line, const char *name, struct bytes *value)
{
	const char *text = (const char *)line.data;
	size_t n = strlen(name), end = line.len;

	if (line.len <= n || text[n] != ':' || strncasecmp(text, name, n) != 0)
		return false;
	for (n++; n < end && (text[n] == ' ' || text[n] == '\t'); n++)
		continue;
	while (end > n && strchr("\r\n \t", text[end - 1]))
		end--;
	*value = bytes_of(text + n, end - n);
	return true;
}

/* What is too long, or no text, is as good as nothing. */
static void copy(char *out, size_t size, struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < ' ' || text.data[i] == 0x7f)
			text.len = 0;
	if (text.len >= size)
		text.len = 0;
	memcpy(out, text.data, text.len);
	out[text.len] = '\0';
}

/* It goes back to the server as it is: nothing but what the source allows inside. */
static void take_etag(struct answer *a, struct bytes value)
{
	if (value.len < 2 || value.data[0] != '"' || value.data[value.len - 1] != '"')
		return;
	for (size_t i = 1; i + 1 < value.len; i++)
		if (value.data[i] <= ' ' || value.data[i] == '"' || value.data[i] == 0x7f)
			return;
	copy(a->etag, sizeof(a->etag), value);
}

static void take_coding(struct answer *a, struct bytes value)
{
	if (value.len != 8 || strncasecmp((const char *)value.data, "identity", 8) != 0)
		a->coded = true;
}

static void take_range(struct answer *a, struct bytes value)
{
	char text[64];

	copy(text, sizeof(text), value);
	a->has_range =
		sscanf(text, "bytes %lld-", &a->range_first) == 1 && a->range_first >= 0;
}

static void take_retry(struct answer *a, struct bytes value)
{
	char text[16];

	copy(text, sizeof(text), value);
	a->retry_after_s = strtol(text, NULL, 10);
	if (a->retry_after_s < 0)
		a->retry_after_s = 0;
}

/* One auth-param behind a scheme: name="text" or name=token. */
static bool take_param(struct answer *a, const char **at)
{
	const struct {
		const char *name;
		char *out;
	} known[] = { { "realm", a->realm }, { "service", a->service },
		{ "scope", a->scope } };
	const char *p = *at + strspn(*at, " \t,"), *value;
	size_t name_len = strcspn(p, "= \t,"), len;

	if (name_len == 0 || p[name_len] != '=')
		return false;
	value = p + name_len + 1;
	if (*value == '"') {
		len = strcspn(++value, "\"");
		*at = value + len + (value[len] == '"');
	} else {
		len = strcspn(value, " \t,");
		*at = value + len;
	}
	for (size_t i = 0; i < ARRAY_COUNT(known); i++)
		if (strlen(known[i].name) == name_len &&
			strncasecmp(known[i].name, p, name_len) == 0)
			copy(known[i].out, REALM_MAX, bytes_of(value, len));
	return true;
}

static void take_challenge(struct answer *a, struct bytes value)
{
	static const char scheme[] = "Bearer ";
	char text[4 * REALM_MAX];
	const char *at = text + strlen(scheme);

	copy(text, sizeof(text), value);
	if (strncasecmp(text, scheme, strlen(scheme)) != 0)
		return;
	while (take_param(a, &at))
		continue;
}

bool answer_line(struct answer *a, struct bytes line)
{
	static const struct {
		const char *name;
		void (*take)(struct answer *a, struct bytes value);
	} fields[] = {
		{ "ETag", take_etag },
		{ "Content-Encoding", take_coding },
		{ "Content-Range", take_range },
		{ "Retry-After", take_retry },
		{ "WWW-Authenticate", take_challenge },
	};
	struct bytes value;

	if (line.len > 5 && memcmp(line.data, "HTTP/", 5) == 0)
		*a = (struct answer){ .header_bytes = a->header_bytes };
	a->header_bytes += line.len;
	for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
		if (is_field(line, fields[i].name, &value))
			fields[i].take(a, value);
	return a->header_bytes <= HEADER_BYTES_MAX;
}
