#include "lib/base/relpath.h"

static int check_component(const char *path, const char *name, size_t len, struct err *e)
{
	if (len == 0)
		return err_set(e, ERR_PARSE, "path '%s' has an empty component", path);
	if (len > RELPATH_NAME_MAX)
		return err_set(e, ERR_LIMIT,
			"path '%.200s...' has a component of %zu bytes, %d are allowed",
			path, len, RELPATH_NAME_MAX);
	if ((len == 1 && name[0] == '.') ||
		(len == 2 && name[0] == '.' && name[1] == '.'))
		return err_set(e, ERR_PARSE, "path '%s' has a component '%.*s'", path,
			(int)len, name);
	return 0;
}

int relpath_parse(const char *text, struct relpath *out, struct err *e)
{
	size_t len = strlen(text), depth = 0;
	const char *at = text;

	if (len == 0)
		return err_set(e, ERR_PARSE, "a path is empty");
	if (len > RELPATH_MAX)
		return err_set(e, ERR_LIMIT,
			"path '%.200s...' is %zu bytes long, %d are allowed", text, len,
			RELPATH_MAX);
	if (text[0] == '/')
		return err_set(e, ERR_PARSE, "path '%s' is absolute", text);

	for (;;) {
		size_t n = (size_t)(strchrnul(at, '/') - at);

		if (check_component(text, at, n, e) < 0)
			return -1;
		if (++depth > RELPATH_DEPTH_MAX)
			return err_set(e, ERR_LIMIT,
				"path '%.200s...' has more than %d components", text,
				RELPATH_DEPTH_MAX);
		if (at[n] == '\0')
			break;
		at += n + 1;
	}

	*out = (struct relpath){ .text = text, .len = len };
	return 0;
}

bool relpath_is_portable(const struct relpath *p)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789._:+~/-";

	return p->len <= 200 && strspn(p->text, allowed) == p->len;
}

const char *relpath_base(const struct relpath *p)
{
	const char *slash = strrchr(p->text, '/');

	return slash ? slash + 1 : p->text;
}
