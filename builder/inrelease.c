#include "builder/inrelease.h"

#include "builder/stanza.h"

#include <time.h>

bool inrelease_lists(struct bytes text, const char *path, struct digest *out)
{
	struct bytes lines = stanza_get_lines(text, "SHA256");
	auto_free char *copy = xasprintf(
		"%.*s", (int)lines.len, lines.data ? (const char *)lines.data : "");
	char hex[65], name[512];
	char *rest = copy;
	unsigned long long size;
	struct err ignored;

	for (char *line; (line = strsep(&rest, "\n"));)
		if (sscanf(line, " %64s %llu %511s", hex, &size, name) == 3 &&
			strcmp(name, path) == 0)
			return digest_parse(hex, out, &ignored) == 0;
	return false;
}

int inrelease_valid_until(
	struct bytes text, const char *name, int64_t *out_s, struct err *e)
{
	struct bytes until = stanza_get(text, "Valid-Until");
	auto_free char *copy = xasprintf(
		"%.*s", (int)until.len, until.data ? (const char *)until.data : "");
	struct tm tm = { 0 };

	if (until.len && !strptime(copy, "%a, %d %b %Y %H:%M:%S", &tm))
		return err_set(e, ERR_UPSTREAM,
			"'%s' is valid until '%s', which is no date", name, copy);
	*out_s = until.len ? (int64_t)timegm(&tm) : INT64_MAX;
	return 0;
}

int inrelease_is_fresh(struct bytes text, const char *name, int64_t now_s,
	int64_t grace_s, struct err *e)
{
	struct bytes until = stanza_get(text, "Valid-Until");
	int64_t until_s;

	if (inrelease_valid_until(text, name, &until_s, e) < 0)
		return -1;
	if (until_s >= now_s - grace_s)
		return 0;
	return err_set(e, ERR_UPSTREAM,
		"'%s' expired on %.*s; set accept_expired_release_days to go on", name,
		(int)until.len, (const char *)until.data);
}
