#include "builder/ociref.h"

#define HUB       "registry-1.docker.io"
#define HUB_NAME  "docker.io"
#define HUB_INDEX "index.docker.io"
#define HASH      "@sha256:"
#define LETTERS   "abcdefghijklmnopqrstuvwxyz0123456789"
#define TAG_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZ" LETTERS "._-"

static bool drop(const char **text, const char *prefix)
{
	if (strncmp(*text, prefix, strlen(prefix)) != 0)
		return false;
	*text += strlen(prefix);
	return true;
}

static bool all_of(const char *text, const char *chars)
{
	return *text && strspn(text, chars) == strlen(text);
}

static bool is_loopback(const char *host)
{
	return strncmp(host, "127.", 4) == 0 || strncmp(host, "localhost", 9) == 0 ||
	       strncmp(host, "[::1]", 5) == 0;
}

static bool take_digest(char *text, struct ociref *out)
{
	char *at = strstr(text, HASH);
	struct err ignored;

	if (!at)
		return strchr(text, '@') == NULL;
	out->has_digest = digest_parse(at + strlen(HASH), &out->digest, &ignored) == 0;
	*at = '\0';
	return out->has_digest;
}

static bool take_tag(char *text, struct ociref *out)
{
	char *slash = strrchr(text, '/'), *colon = strrchr(text, ':');

	if (!colon || (slash && colon < slash)) {
		snprintf(out->tag, sizeof(out->tag), "%s",
			out->has_digest ? "" : "latest");
		return true;
	}
	*colon++ = '\0';
	if (!all_of(colon, TAG_CHARS) || strlen(colon) >= sizeof(out->tag))
		return false;
	snprintf(out->tag, sizeof(out->tag), "%s", colon);
	return true;
}

static bool is_host(const char *text, size_t len)
{
	return memchr(text, '.', len) || memchr(text, ':', len) ||
	       (len == 9 && memcmp(text, "localhost", len) == 0);
}

static bool set_base(struct ociref *out, const char *host, int len, const char *scheme)
{
	char name[OCIREF_PART_MAX];

	if (len >= OCIREF_PART_MAX)
		return false;
	snprintf(name, sizeof(name), "%.*s", len, host);
	if (!all_of(name, LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ.:-[]"))
		return false;
	if (strcmp(name, HUB_NAME) == 0 || strcmp(name, HUB_INDEX) == 0)
		snprintf(name, sizeof(name), "%s", HUB);
	if (!*scheme)
		scheme = is_loopback(name) ? "http" : "https";
	snprintf(out->base, sizeof(out->base), "%s://%s", scheme, name);
	return true;
}

/* A host in front of the repository, if there is one, and the base it means. */
static bool take_host(
	char **text, const char *scheme, const char *base, struct ociref *out)
{
	char *slash = strchr(*text, '/');
	size_t len = slash ? (size_t)(slash - *text) : 0;

	if (slash && (*scheme || is_host(*text, len))) {
		bool good = set_base(out, *text, (int)len, scheme);

		*text = slash + 1;
		return good;
	}
	if (*scheme)
		return false;
	if (!base || !*base)
		return set_base(out, HUB, (int)strlen(HUB), "");
	len = strlen(base);
	while (len && base[len - 1] == '/')
		len--;
	return (size_t)snprintf(out->base, sizeof(out->base), "%.*s", (int)len, base) <
	       sizeof(out->base);
}

static bool set_repo(struct ociref *out, const char *text)
{
	bool is_plain = strstr(out->base, "://" HUB) && !strchr(text, '/');

	if (!all_of(text, LETTERS "._-/") || text[0] == '/' || strstr(text, "//") ||
		strstr(text, "..") || text[strlen(text) - 1] == '/')
		return false;
	return (size_t)snprintf(out->repo, sizeof(out->repo), "%s%s",
		       is_plain ? "library/" : "", text) < sizeof(out->repo);
}

int ociref_parse(const char *text, const char *base, struct ociref *out, struct err *e)
{
	const char *rest = text, *scheme = "";
	auto_free char *copy = NULL;
	struct ociref got = { .has_digest = false };
	char *at;

	drop(&rest, "docker://");
	if (drop(&rest, "https://"))
		scheme = "https";
	else if (drop(&rest, "http://"))
		scheme = "http";
	at = copy = xstrdup(rest);
	if (!take_digest(at, &got) || !take_tag(at, &got) ||
		!take_host(&at, scheme, base, &got) || !set_repo(&got, at))
		return err_set(e, ERR_RECIPE,
			"'%s' is no image of a registry: "
			"[HOST[:PORT]/]REPOSITORY[:TAG][@sha256:HEX]",
			text);
	*out = got;
	return 0;
}
