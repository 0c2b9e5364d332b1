#include "builder/debdatabase.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/stat.h>

#define TEXT_MAX   (64U << 20)
#define DPKG_DIR   "var/lib/dpkg"
#define FORMAT     "1\n"
#define CI_DIR     "ci."
#define STATUS_ROW "Status: install ok unpacked\n"

static int write_file(int dir, const char *name, struct bytes content, mode_t mode,
	int64_t mtime_s, struct err *e)
{
	const struct timespec times[2] = { { .tv_sec = mtime_s }, { .tv_sec = mtime_s } };
	auto_fd int fd = openat(dir, name,
		O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, mode & 0777);

	if (fd < 0)
		return err_sys(e, "cannot make '%s'", name);
	if (content.len && fs_write_all(fd, content.data, content.len, e) < 0)
		return -1;
	if (fchmod(fd, mode & 0777) < 0 || (mtime_s && futimens(fd, times) < 0))
		return err_sys(e, "cannot set the mode of '%s'", name);
	return 0;
}

static int write_text(int dir, const char *name, const struct buf *text, struct err *e)
{
	if (buf_check(text, name, e) < 0)
		return -1;
	return write_file(dir, name, buf_bytes(text), 0644, 0, e);
}

/* ---- info/ */

static int write_list(int info_dir, const struct debpackage *p, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);
	auto_free char *name = xasprintf("%s.list", p->id);

	for (size_t i = 0; i < p->path_count; i++)
		buf_printf(&text, "/%s\n", *p->path[i].path ? p->path[i].path : ".");
	return write_text(info_dir, name, &text, e);
}

/* Where a preinst script, and debconf on its behalf, look for what came with it. */
static int write_ci(int dir, const struct debpackage *p, struct err *e)
{
	auto_free char *name = xasprintf(CI_DIR "%s", p->plan->name);
	auto_fd int ci = -1;

	if (!debpackage_file(p, "preinst"))
		return 0;
	if (fs_mkdirs(dir, name, 0755, e) < 0)
		return -1;
	ci = fs_open_dir_at(dir, name, e);
	if (ci < 0 || write_file(ci, "control", p->control, 0644, 0, e) < 0)
		return -1;
	for (size_t i = 0; i < p->file_count; i++) {
		const struct debcontrol_file *f = &p->file[i];

		if (write_file(ci, f->name, f->content, f->mode, f->mtime_s, e) < 0)
			return -1;
	}
	return 0;
}

/* dpkg makes the sums that a package brings none of. */
static int write_sums(
	int root_dir, int info_dir, const struct debpackage *p, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);
	auto_free char *name = xasprintf("%s.md5sums", p->id);
	char hex[MD5_HEX];

	if (debpackage_file(p, "md5sums"))
		return 0;
	for (size_t i = 0; i < p->path_count; i++) {
		const struct debpath *x = &p->path[i];
		auto_fd int fd = -1;

		if (!x->is_file)
			continue;
		fd = fs_open_beneath(root_dir, x->real, O_RDONLY | O_NOFOLLOW, 0, e);
		if (fd < 0 || digest_md5_of_fd(fd, x->path, hex, e) < 0)
			return -1;
		buf_printf(&text, "%s  %s\n", hex, x->path);
	}
	return write_text(info_dir, name, &text, e);
}

static int write_info(
	int root_dir, int info_dir, const struct debpackage *p, struct err *e)
{
	for (size_t i = 0; i < p->file_count; i++) {
		const struct debcontrol_file *f = &p->file[i];
		auto_free char *name = xasprintf("%s.%s", p->id, f->name);

		if (write_file(info_dir, name, f->content, f->mode, f->mtime_s, e) < 0)
			return -1;
	}
	return write_sums(root_dir, info_dir, p, e) < 0 ? -1 : write_list(info_dir, p, e);
}

/* ---- triggers/: who wants to hear of what */

/* "interest-noawait NAME" of a package's triggers file; a path is a line of one file, any
 * other name a file of its own. */
static int write_interest(int dir, const struct debpackage *p, char *line, struct err *e)
{
	char *rest = line, *verb = strsep(&rest, " \t");
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);
	bool noawait = strcmp(verb, "interest-noawait") == 0;

	if (!rest || strncmp(verb, "interest", strlen("interest")) != 0)
		return 0;
	rest += strspn(rest, " \t");
	rest[strcspn(rest, " \t\r")] = '\0';
	if (!*rest || (rest[0] != '/' && strchr(rest, '/')) || rest[0] == '.')
		return err_set(e, ERR_PARSE, "'%s' has a trigger '%s'", p->id, rest);
	buf_printf(&text, "%s%s%s%s\n", rest[0] == '/' ? rest : "",
		rest[0] == '/' ? " " : "", p->id, noawait ? "/noawait" : "");
	return write_text(dir, rest[0] == '/' ? "File" : rest, &text, e);
}

static int write_triggers(int dir, const struct debpackage *p, struct err *e)
{
	const struct debcontrol_file *f = debpackage_file(p, "triggers");
	auto_free char *text = NULL;
	char *rest;

	if (!f)
		return 0;
	text = xasprintf("%.*s", (int)f->content.len, (const char *)f->content.data);
	rest = text;
	for (char *line; (line = strsep(&rest, "\n"));)
		if (write_interest(dir, p, line + strspn(line, " \t"), e) < 0)
			return -1;
	return 0;
}

/* ---- status */

static void add_stanza(const struct debpackage *p, struct buf *out)
{
	struct bytes control = p->control;

	while (control.len && control.data[control.len - 1] == '\n')
		control.len--;
	buf_add_str(out, STATUS_ROW);
	buf_add(out, control.data, control.len);
	buf_add_str(out, "\n");
	for (size_t i = 0; i < p->conffile_count; i++)
		buf_printf(out, "%s %s %s\n", i ? "" : "Conffiles:\n",
			p->conffile[i].path, p->conffile[i].state);
	buf_add_str(out, "\n");
}

static int write_status(
	int dir, const struct debpackage *package, size_t count, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);

	for (size_t i = 0; i < count; i++)
		add_stanza(&package[i], &text);
	return write_text(dir, "status", &text, e);
}

/* ---- what apt wants to remember */

static int by_name(const void *a, const void *b)
{
	const struct debplan_package *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static int write_marks(int root_dir, const struct debpackage *package, size_t count,
	const char *arch, struct err *e)
{
	auto_free const struct debplan_package **marked =
		xcalloc(count + 1, sizeof(struct debplan_package *));
	auto_buf struct buf text = BUF_INIT(TEXT_MAX);
	auto_fd int dir = -1;
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		if (package[i].plan->is_auto)
			marked[found++] = package[i].plan;
	if (found == 0)
		return 0;
	qsort(marked, found, sizeof(marked[0]), by_name);
	for (size_t i = 0; i < found; i++)
		buf_printf(&text, "Package: %s\nArchitecture: %s\nAuto-Installed: 1\n\n",
			marked[i]->name, arch);
	if (fs_mkdirs(root_dir, "var/lib/apt", 0755, e) < 0)
		return -1;
	dir = fs_open_dir_at(root_dir, "var/lib/apt", e);
	return dir < 0 ? -1 : write_text(dir, "extended_states", &text, e);
}

/* ---- all of it */

static int make_dirs(int root_dir, struct err *e)
{
	static const char *const dirs[] = { DPKG_DIR "/alternatives", DPKG_DIR "/info",
		DPKG_DIR "/triggers", DPKG_DIR "/updates" };

	for (size_t i = 0; i < ARRAY_COUNT(dirs); i++)
		if (fs_mkdirs(root_dir, dirs[i], 0755, e) < 0)
			return -1;
	return 0;
}

static int begin(int dir, int info_dir, const char *arch, struct err *e)
{
	auto_free char *arches = xasprintf("%s\n", arch);

	if (fs_exists_at(info_dir, "format"))
		return 0;
	if (write_file(info_dir, "format", bytes_of_str(FORMAT), 0644, 0, e) < 0)
		return -1;
	return write_file(dir, "arch", bytes_of_str(arches), 0644, 0, e);
}

int debdatabase_write(int root_dir, const struct debpackage *package, size_t count,
	const char *arch, struct err *e)
{
	auto_fd int dir = -1, info = -1, triggers = -1;

	if (make_dirs(root_dir, e) < 0)
		return -1;
	dir = fs_open_dir_at(root_dir, DPKG_DIR, e);
	info = dir < 0 ? -1 : fs_open_dir_at(dir, "info", e);
	triggers = info < 0 ? -1 : fs_open_dir_at(dir, "triggers", e);
	if (triggers < 0 || begin(dir, info, arch, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (write_info(root_dir, info, &package[i], e) < 0 ||
			write_triggers(triggers, &package[i], e) < 0 ||
			write_ci(dir, &package[i], e) < 0)
			return -1;
	if (write_status(dir, package, count, e) < 0)
		return -1;
	return write_marks(root_dir, package, count, arch, e);
}
