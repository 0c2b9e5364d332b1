#include "indexer/admit_meta.h"
#include "indexer/smallar.h"

#include <ctype.h>
#include <inttypes.h>

#define ARCHIVE "meta.tar.xz"
/* later than any sane expiry, so that arithmetic on it is safe */
#define TIME_END INT64_C(253402300800)

struct line {
	const char *file;
	unsigned int number;
	char text[1024];
};

struct kind {
	const char *base;
	bool lines_only; /* no checks but the newline at the end */
	int (*check)(const struct line *l, struct meta_facts *out, struct err *e);
};

static int refuse(const struct line *l, const char *why, struct err *e)
{
	return err_set(e, ERR_PARSE, "'%s': %s:%u: %s", ARCHIVE, l->file, l->number, why);
}

/* Keys an image may set: what a container is, never what the host does for it. */
static const char *const allowed_keys[] = { "lxc.arch", "lxc.include", "lxc.environment",
	"lxc.signal.halt", "lxc.signal.reboot", "lxc.signal.stop", "lxc.haltsignal",
	"lxc.rebootsignal", "lxc.stopsignal", "lxc.tty.max", "lxc.tty", "lxc.pty.max",
	"lxc.pts", "lxc.init.cmd", "lxc.init_cmd", "lxc.autodev" };

static bool key_is_allowed(const char *key)
{
	for (size_t i = 0; i < ARRAY_COUNT(allowed_keys); i++)
		if (strcmp(allowed_keys[i], key) == 0)
			return true;
	return false;
}

static char *trim(char *s)
{
	size_t len;

	while (*s == ' ' || *s == '\t')
		s++;
	len = strlen(s);
	while (len && (s[len - 1] == ' ' || s[len - 1] == '\t'))
		s[--len] = '\0';
	return s;
}

static int check_config(const struct line *l, struct meta_facts *out, struct err *e)
{
	static const char include[] = "LXC_TEMPLATE_CONFIG/";
	char text[sizeof(l->text)], *key, *value;

	snprintf(text, sizeof(text), "%s", l->text);
	key = trim(text);
	if (!*key || *key == '#')
		return 0;

	value = strchr(key, '=');
	if (!value)
		return refuse(l, "not 'key = value'", e);
	*value++ = '\0';
	key = trim(key);
	value = trim(value);
	if (!key_is_allowed(key))
		return err_set(e, ERR_PARSE, "'%s': %s:%u: an image may not set '%s'",
			ARCHIVE, l->file, l->number, key);
	if (strcmp(key, "lxc.include") == 0 &&
		(strncmp(value, include, strlen(include)) != 0 || strstr(value, "..") ||
			strchr(value + strlen(include), '/')))
		return refuse(l, "an include must be LXC_TEMPLATE_CONFIG/NAME", e);
	if (strcmp(key, "lxc.signal.halt") == 0 &&
		strlen(value) < sizeof(out->stop_signal))
		snprintf(out->stop_signal, sizeof(out->stop_signal), "%s", value);
	return 0;
}

static int check_template(const struct line *l, struct meta_facts *out, struct err *e)
{
	(void)out;
	if (l->text[0] != '/' || strstr(l->text, "/../") || strpbrk(l->text, " \t'\"\\"))
		return refuse(l, "not an absolute path of the container", e);
	return 0;
}

/* The patterns reach tar's command line in LXC's script. */
static int check_exclude(const struct line *l, struct meta_facts *out, struct err *e)
{
	(void)out;
	if (l->text[0] &&
		(strncmp(l->text, "./", 2) != 0 || strpbrk(l->text, " \t'\"\\")))
		return refuse(l, "not a pattern that begins with './'", e);
	return 0;
}

static int check_expiry(const struct line *l, struct meta_facts *out, struct err *e)
{
	int64_t value = 0;

	if (l->number != 1 || !l->text[0] || strlen(l->text) > 12)
		return refuse(l, "not one decimal time", e);
	for (const char *c = l->text; *c; c++) {
		if (!isdigit((unsigned char)*c))
			return refuse(l, "not one decimal time", e);
		value = value * 10 + (*c - '0');
	}
	if (value <= 0 || value >= TIME_END)
		return refuse(l, "not a time between 1970 and 9999", e);
	out->expires_s = value;
	return 0;
}

static int check_build_id(const struct line *l, struct meta_facts *out, struct err *e)
{
	(void)out;
	return serial_is_valid(l->text) ? 0 : refuse(l, "not a serial", e);
}

static const struct kind kinds[] = {
	{ "config", false, check_config },
	{ "templates", false, check_template },
	{ "excludes", false, check_exclude },
	{ "expiry", false, check_expiry },
	{ "create-message", true, NULL },
	{ "build_id", false, check_build_id },
};

/* NAME, NAME-user, NAME-system, each perhaps with a level .1 to .9 */
static const struct kind *kind_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
		size_t len = strlen(kinds[i].base);
		const char *rest = name + len;

		if (strncmp(name, kinds[i].base, len) != 0)
			continue;
		if (strncmp(rest, "-user", 5) == 0)
			rest += 5;
		else if (strncmp(rest, "-system", 7) == 0)
			rest += 7;
		if (!*rest ||
			(rest[0] == '.' && rest[1] >= '1' && rest[1] <= '9' && !rest[2]))
			return &kinds[i];
	}
	return NULL;
}

static int check_bytes(const struct line *l, struct err *e)
{
	for (const char *c = l->text; *c; c++)
		if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f)
			return refuse(l, "a control character", e);
	return 0;
}

static int check_file(const struct kind *k, const struct smallar_file *f,
	struct meta_facts *out, struct err *e)
{
	struct line l = { .file = f->name };
	struct bytes rest = f->text;

	while (rest.len) {
		const unsigned char *end = memchr(rest.data, '\n', rest.len);
		size_t len = end ? (size_t)(end - rest.data) : rest.len;

		l.number++;
		if (!end)
			return refuse(&l, "the last line does not end in a newline", e);
		if (len >= sizeof(l.text) || memchr(rest.data, 0, len))
			return refuse(&l, "a line too long, or with a NUL", e);
		memcpy(l.text, rest.data, len);
		l.text[len] = '\0';
		if (check_bytes(&l, e) < 0)
			return -1;
		if (!k->lines_only && k->check(&l, out, e) < 0)
			return -1;
		rest = bytes_of(rest.data + len + 1, rest.len - len - 1);
	}
	return 0;
}

static int check_present(const struct smallar *a, const char *name, struct err *e)
{
	const struct smallar_file *f = smallar_find(a, name);

	if (!f || !f->text.len)
		return err_set(
			e, ERR_PARSE, "'%s': '%s' is missing or empty", ARCHIVE, name);
	return 0;
}

int admit_lxc_meta(int fd, struct meta_facts *out, struct err *e)
{
	auto_smallar struct smallar a = { 0 };

	if (smallar_read(fd, ARCHIVE, &a, e) < 0)
		return -1;
	for (size_t i = 0; i < a.count; i++) {
		const struct smallar_file *f = &a.file[i];
		const struct kind *k = f->is_dir ? NULL : kind_of(f->name);

		if (!k)
			return err_set(e, ERR_PARSE,
				"'%s': '%s' is none of the files LXC reads", ARCHIVE,
				f->name);
		if (check_file(k, f, out, e) < 0)
			return -1;
	}

	if (check_present(&a, "config", e) < 0 || check_present(&a, "config-user", e) < 0)
		return -1;
	return check_present(&a, "expiry", e);
}
