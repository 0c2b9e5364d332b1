#include "builder/sumsfile.h"

#include "builder/confined.h"

#include "lib/base/buf.h"

#define TAG      "SHA256 ("
#define HEX_LEN  (DIGEST_HEX - 1)
#define LINE_LEN 8192

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool take_hex(const char *text, struct digest *out)
{
	char hex[DIGEST_HEX];
	struct err ignored;

	if (strlen(text) < HEX_LEN ||
		(text[HEX_LEN] && text[HEX_LEN] != ' ' && text[HEX_LEN] != '\t'))
		return false;
	for (size_t i = 0; i < HEX_LEN; i++)
		hex[i] = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] | 0x20)
							  : text[i];
	hex[HEX_LEN] = '\0';
	return digest_parse(hex, out, &ignored) == 0;
}

/* "SHA256 (NAME) = HEX" */
static bool take_tagged(char *line, const char *name, struct digest *out)
{
	char *open = line + strlen(TAG), *close = strrchr(line, ')');

	if (!close || close < open || strncmp(close, ") = ", 4) != 0)
		return false;
	*close = '\0';
	return strcmp(last_component(open), name) == 0 && take_hex(close + 4, out);
}

static bool take_line(char *line, const char *name, struct digest *out)
{
	char *file;

	line[strcspn(line, "\r")] = '\0';
	if (strncmp(line, TAG, strlen(TAG)) == 0)
		return take_tagged(line, name, out);
	if (!take_hex(line, out))
		return false;
	file = line + HEX_LEN;
	file += strspn(file, " \t");
	file += *file == '*';
	return *file == '\0' || strcmp(last_component(file), name) == 0;
}

int sumsfile_parse(struct bytes text, const char *list, const char *name,
	struct digest *out, struct err *e)
{
	struct digest found = { { 0 } }, one;
	char line[LINE_LEN];
	bool any = false;

	for (size_t at = 0; at < text.len;) {
		const unsigned char *start = text.data + at;
		const unsigned char *end = memchr(start, '\n', text.len - at);
		size_t len = end ? (size_t)(end - start) : text.len - at;

		at += len + 1;
		if (len >= sizeof(line) || memchr(start, '\0', len))
			continue;
		memcpy(line, start, len);
		line[len] = '\0';
		if (!take_line(line, name, &one))
			continue;
		if (any && !digest_equal(&one, &found))
			return err_set(e, ERR_UPSTREAM,
				"'%s' has two different digests for '%s'", list, name);
		found = one;
		any = true;
	}
	if (!any)
		return err_set(
			e, ERR_UPSTREAM, "'%s' has no sha256 for '%s'", list, name);
	*out = found;
	return 0;
}

struct question {
	struct bytes text;
	const char *list, *name;
};

static int parse(void *ctx, void *out, struct err *e)
{
	const struct question *q = ctx;

	return sumsfile_parse(q->text, q->list, q->name, out, e);
}

int sumsfile_find(struct bytes text, const char *list, const char *name,
	struct digest *out, struct err *e)
{
	struct question q = { .text = text, .list = list, .name = name };
	const struct confined c = { .run = parse,
		.ctx = &q,
		.out = out,
		.out_size = sizeof(*out),
		.tree_dir = -1 };

	return confined_run(&c, e);
}
