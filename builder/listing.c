#include "builder/listing.h"

#include "builder/confined.h"

#define NAME_MAX_BYTES 256
#define HREF           "href="

/* Number by number; both have as many. */
static int compare(const char *a, const char *b)
{
	for (;;) {
		size_t a_len, b_len;
		int order;

		a += strspn(a, "0");
		b += strspn(b, "0");
		a_len = strspn(a, "0123456789");
		b_len = strspn(b, "0123456789");
		if (a_len != b_len)
			return a_len < b_len ? -1 : 1;
		order = memcmp(a, b, a_len);
		if (order != 0 || a[a_len] == '\0')
			return order;
		a += a_len + 1;
		b += b_len + 1;
	}
}

static bool is_version(const char *text, unsigned int dots)
{
	unsigned int seen = 0;

	for (const char *p = text; *p; p++) {
		if (*p == '.' && p > text && p[1] && p[1] != '.')
			seen++;
		else if (*p < '0' || *p > '9')
			return false;
	}
	return *text && seen == dots;
}

/* The version in a link's last component; false when it is another thing. */
static bool take_link(
	const struct listing *l, struct bytes link, char version[LISTING_VERSION_MAX])
{
	size_t prefix = strlen(l->prefix), suffix = strlen(l->suffix), len = link.len;
	const char *text = (const char *)link.data, *name;

	while (len && text[len - 1] == '/')
		len--;
	for (name = text + len; name > text && name[-1] != '/'; name--)
		continue;
	len -= (size_t)(name - text);
	if (len <= prefix + suffix || len - prefix - suffix >= LISTING_VERSION_MAX ||
		memcmp(name, l->prefix, prefix) != 0 ||
		memcmp(name + len - suffix, l->suffix, suffix) != 0)
		return false;
	memcpy(version, name + prefix, len - prefix - suffix);
	version[len - prefix - suffix] = '\0';
	return strlen(version) == len - prefix - suffix && is_version(version, l->dots);
}

/* The next link of the page; false at its end. */
static bool next_link(struct bytes *rest, struct bytes *link)
{
	for (;;) {
		const unsigned char *at = memmem(
					    rest->data, rest->len, HREF, strlen(HREF)),
				    *end;
		size_t skip = at ? (size_t)(at - rest->data) + strlen(HREF) + 1 : 0;

		if (!at || skip >= rest->len)
			return false;
		*rest = bytes_of(rest->data + skip, rest->len - skip);
		if (rest->data[-1] != '"' && rest->data[-1] != '\'')
			continue;
		end = memchr(rest->data, rest->data[-1], rest->len);
		if (!end || (size_t)(end - rest->data) >= NAME_MAX_BYTES)
			continue;
		*link = bytes_of(rest->data, (size_t)(end - rest->data));
		return true;
	}
}

int listing_parse(
	const struct listing *l, char version[LISTING_VERSION_MAX], struct err *e)
{
	char best[LISTING_VERSION_MAX] = "", one[LISTING_VERSION_MAX];
	struct bytes rest = l->page, link;

	while (next_link(&rest, &link))
		if (take_link(l, link, one) && (!*best || compare(best, one) < 0))
			memcpy(best, one, sizeof(best));
	if (!*best)
		return err_set(e, ERR_UPSTREAM, "it links to no '%s...%s'", l->prefix,
			l->suffix);
	memcpy(version, best, sizeof(best));
	return 0;
}

static int parse(void *ctx, void *out, struct err *e)
{
	return listing_parse(ctx, out, e);
}

int listing_newest(
	const struct listing *l, char version[LISTING_VERSION_MAX], struct err *e)
{
	struct listing copy = *l;
	const struct confined c = { .run = parse,
		.ctx = &copy,
		.out = version,
		.out_size = LISTING_VERSION_MAX,
		.tree_dir = -1 };

	if (confined_run(&c, e) < 0)
		return -1;
	version[LISTING_VERSION_MAX - 1] = '\0';
	if (!is_version(version, l->dots))
		return err_set(e, ERR_FAILED, "the confined process lied");
	return 0;
}
