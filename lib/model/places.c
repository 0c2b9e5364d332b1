#include "lib/model/places.h"

struct place_facts {
	const char *variable; /* XDG_* */
	const char *below_home;
};

static const struct place_facts place_facts[] = {
	[PLACE_DATA] = { "XDG_DATA_HOME", ".local/share" },
	[PLACE_STATE] = { "XDG_STATE_HOME", ".local/state" },
	[PLACE_CACHE] = { "XDG_CACHE_HOME", ".cache" },
	[PLACE_CONFIG] = { "XDG_CONFIG_HOME", ".config" },
	[PLACE_RUN] = { "XDG_RUNTIME_DIR", NULL },
};

static int format(
	char out[PLACE_MAX], struct err *e, const char *a, const char *b, const char *c)
{
	int n = snprintf(out, PLACE_MAX, "%s%s%s", a, b, c);

	if (n < 0 || n >= PLACE_MAX)
		return err_set(e, ERR_LIMIT, "the path '%s...' is longer than %d bytes",
			a, PLACE_MAX - 1);
	return 0;
}

/* Without XDG_RUNTIME_DIR: the directory a login would have made, else one below the
 * state. */
static int run_fallback(
	const char *(*env)(const char *name), char out[PLACE_MAX], struct err *e)
{
	char state[PLACE_MAX];

	snprintf(out, PLACE_MAX, "/run/user/%u", (unsigned int)getuid());
	if (access(out, W_OK | X_OK) == 0) {
		snprintf(out, PLACE_MAX, "/run/user/%u/rootyard", (unsigned int)getuid());
		return 0;
	}
	if (place_path(PLACE_STATE, env, state, e) < 0)
		return -1;
	return format(out, e, state, "/", "run");
}

int place_path(enum place which, const char *(*env)(const char *name),
	char out[PLACE_MAX], struct err *e)
{
	const struct place_facts *f = &place_facts[which];
	const char *base = env(f->variable), *home;

	/* The specification: a relative path in these variables is to be ignored. */
	if (base && base[0] == '/')
		return format(out, e, base, "/", "rootyard");
	if (!f->below_home)
		return run_fallback(env, out, e);
	home = env("HOME");
	if (!home || home[0] != '/')
		return err_set(e, ERR_USAGE,
			"neither '%s' nor 'HOME' is an absolute path; set one",
			f->variable);
	if (format(out, e, home, "/", f->below_home) < 0)
		return -1;
	if (strlen(out) + sizeof("/rootyard") > PLACE_MAX)
		return err_set(e, ERR_LIMIT, "'HOME' is too long a path");
	strncat(out, "/rootyard", PLACE_MAX - strlen(out) - 1);
	return 0;
}

void place_ref(const char *remote, const struct image *image, char out[PLACE_MAX])
{
	snprintf(out, PLACE_MAX, "refs/%s/%s/%s/%s/%s", remote, image->distro,
		image->release, image->arch, image->variant);
}

/* 64 lower-case hex digits, with ".1id" behind them for a single-id unpack. */
static bool is_id(struct bytes text)
{
	if (text.len == 68 && memcmp(text.data + 64, ".1id", 4) == 0)
		text.len = 64;
	if (text.len != 64)
		return false;
	for (size_t i = 0; i < text.len; i++)
		if (!strchr("0123456789abcdef", text.data[i]) || text.data[i] == '\0')
			return false;
	return true;
}

int ref_parse(struct bytes text, char serial[SERIAL_MAX], char id[72], struct err *e)
{
	const unsigned char *blank = text.len ? memchr(text.data, ' ', text.len) : NULL;
	char first[SERIAL_MAX];
	struct bytes second;

	if (!blank || text.data[text.len - 1] != '\n' ||
		(size_t)(blank - text.data) >= sizeof(first))
		return err_set(e, ERR_PARSE, "not 'SERIAL ID'");
	memcpy(first, text.data, (size_t)(blank - text.data));
	first[blank - text.data] = '\0';
	second = bytes_of(blank + 1, text.len - (size_t)(blank - text.data) - 2);
	if (!serial_is_valid(first) || !is_id(second))
		return err_set(e, ERR_PARSE, "not 'SERIAL ID'");
	memcpy(serial, first, sizeof(first));
	memcpy(id, second.data, second.len);
	id[second.len] = '\0';
	return 0;
}
