#include "lib/model/places.h"

#include <sys/stat.h>

struct place_facts {
	const char *variable;
	const char *home; /* beneath HOME, when the variable is not set */
};

static const struct place_facts places[] = {
	[PLACE_DATA] = { "XDG_DATA_HOME", ".local/share" },
	[PLACE_STATE] = { "XDG_STATE_HOME", ".local/state" },
	[PLACE_CACHE] = { "XDG_CACHE_HOME", ".cache" },
	[PLACE_CONFIG] = { "XDG_CONFIG_HOME", ".config" },
};

static int put(char out[PLACE_MAX], struct err *e, const char *fmt, ...)
	printf_like(3, 4) must_check;

static int put(char out[PLACE_MAX], struct err *e, const char *fmt, ...)
{
	char path[PLACE_MAX];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (n < 0 || n >= PLACE_MAX)
		return err_set(e, ERR_LIMIT, "path '%.100s...' is longer than %d bytes",
			path, PLACE_MAX - 1);
	memcpy(out, path, (size_t)n + 1);
	return 0;
}

/* The specification has relative values ignored. */
static const char *absolute(const char *(*env)(const char *name), const char *name)
{
	const char *value = env(name);

	return value && value[0] == '/' ? value : NULL;
}

static int home_place(enum place which, const char *(*env)(const char *name),
	char out[PLACE_MAX], struct err *e)
{
	const struct place_facts *p = &places[which];
	const char *base = absolute(env, p->variable);

	if (base)
		return put(out, e, "%s/rootyard", base);
	base = absolute(env, "HOME");
	if (base)
		return put(out, e, "%s/%s/rootyard", base, p->home);
	return err_set(e, ERR_USAGE, "neither %s nor HOME is set to an absolute path",
		p->variable);
}

static bool is_own_dir(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == geteuid();
}

static int run_place(
	const char *(*env)(const char *name), char out[PLACE_MAX], struct err *e)
{
	const char *base = absolute(env, "XDG_RUNTIME_DIR");
	char path[PLACE_MAX];

	if (base)
		return put(out, e, "%s/rootyard", base);
	snprintf(path, sizeof(path), "/run/user/%u", (unsigned int)geteuid());
	if (is_own_dir(path))
		return put(out, e, "%s/rootyard", path);
	if (home_place(PLACE_STATE, env, path, e) < 0)
		return -1;
	return put(out, e, "%s/run", path);
}

int place_path(enum place which, const char *(*env)(const char *name),
	char out[PLACE_MAX], struct err *e)
{
	if (which == PLACE_RUN)
		return run_place(env, out, e);
	return home_place(which, env, out, e);
}

void place_ref(const char *remote, const struct image *image, char out[PLACE_MAX])
{
	snprintf(out, PLACE_MAX, "refs/%s/%s/%s/%s/%s", remote, image->distro,
		image->release, image->arch, image->variant);
}

static bool id_is_valid(const char *id)
{
	return strspn(id, "0123456789abcdef") == 64 &&
	       (id[64] == '\0' || strcmp(id + 64, ".1id") == 0);
}

int ref_parse(struct bytes text, char serial[SERIAL_MAX], char id[72], struct err *e)
{
	char line[SERIAL_MAX + 72] = "";
	char *space;

	if (text.len < 2 || text.len >= sizeof(line) || text.data[text.len - 1] != '\n' ||
		memchr(text.data, '\0', text.len))
		return err_set(
			e, ERR_PARSE, "a reference is not of the form 'SERIAL ID'");
	memcpy(line, text.data, text.len - 1);
	space = strchr(line, ' ');
	if (!space)
		return err_set(
			e, ERR_PARSE, "a reference is not of the form 'SERIAL ID'");
	*space = '\0';
	if (!serial_is_valid(line))
		return err_set(e, ERR_PARSE, "a reference has the serial '%s'", line);
	if (!id_is_valid(space + 1))
		return err_set(e, ERR_PARSE, "a reference has the id '%s'", space + 1);
	memcpy(serial, line, strlen(line) + 1);
	memcpy(id, space + 1, strlen(space + 1) + 1);
	return 0;
}
