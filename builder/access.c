#include "builder/access.h"

#include "builder/inroot.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/stat.h>

#define DATABASE_MAX (4U << 20)
#define ID_MAX       65535

static bool parse_number(const char *text, size_t len, unsigned int *out)
{
	unsigned int value = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (unsigned int)(text[i] - '0');
		if (value > ID_MAX)
			return false;
	}
	*out = value;
	return len > 0;
}

/* "NAME:x:ID:..." in a line. */
static bool find_name(const char *text, const char *name, unsigned int *out)
{
	size_t len = strlen(name);

	while (*text) {
		if (strncmp(text, name, len) == 0 && text[len] == ':') {
			const char *id = text + len + 1;

			id += strcspn(id, ":\n");
			if (*id++ == ':')
				return parse_number(id, strcspn(id, ":\n"), out);
		}
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return false;
}

static int look_up(int root_dir, const char *database, const struct text *t,
	unsigned int *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(DATABASE_MAX);
	auto_fd int fd = inroot_open(root_dir, database, O_RDONLY | O_NONBLOCK, 0, e);

	if (fd < 0 || fs_read_fd(fd, database, &text, e) < 0)
		return err_wrap(e, "line %u: '%s' cannot be looked up", t->line, t->text);
	if (find_name(buf_str(&text), t->text, out))
		return 0;
	return err_set(e, ERR_RECIPE,
		"line %u: '%s' is neither a number below %d nor in "
		"the tree's '%s'",
		t->line, t->text, ID_MAX + 1, database);
}

static int read_id(int root_dir, const char *database, const struct text *t,
	unsigned int *out, struct err *e)
{
	if (!text_is_set(t) || parse_number(t->text, strlen(t->text), out))
		return 0;
	return look_up(root_dir, database, t, out, e);
}

static int read_mode(const struct text *t, struct access *out, struct err *e)
{
	unsigned long mode;
	char *end;

	if (!text_is_set(t))
		return 0;
	mode = strtoul(t->text, &end, 8);
	if (*end || mode > 07777)
		return err_set(e, ERR_RECIPE, "line %u: mode '%s' is not octal", t->line,
			t->text);
	out->mode = (mode_t)mode;
	out->has_mode = true;
	return 0;
}

int access_read(
	const struct recipe_file *f, int root_dir, struct access *out, struct err *e)
{
	unsigned int uid = (uid_t)-1, gid = (gid_t)-1;

	*out = (struct access){ .has_mode = false };
	if (read_id(root_dir, "etc/passwd", &f->uid, &uid, e) < 0 ||
		read_id(root_dir, "etc/group", &f->gid, &gid, e) < 0 ||
		read_mode(&f->mode, out, e) < 0)
		return -1;
	out->uid = uid;
	out->gid = gid;
	return 0;
}

int access_apply(const struct access *a, int fd, struct err *e)
{
	if (fchown(fd, a->uid, a->gid) < 0)
		return err_sys(e, "cannot change the owner");
	if (a->has_mode && fchmod(fd, a->mode) < 0)
		return err_sys(e, "cannot change the mode");
	return 0;
}
