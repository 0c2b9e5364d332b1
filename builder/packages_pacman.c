/* Arch's: a directory a package, with its fields in `desc` and its paths in `files`. */
#include "builder/packagedb.h"

#include "lib/base/fs.h"

#define LOCAL    "var/lib/pacman/local"
#define FILE_MAX (64U << 20)

/* The lines below "%NAME%", up to a blank one; moves *text behind them. */
static bool next_field(struct bytes *text, struct bytes *name, struct bytes *lines)
{
	const unsigned char *end, *nl;

	while (text->len && text->data[0] == '\n')
		*text = bytes_of(text->data + 1, text->len - 1);
	nl = text->len ? memchr(text->data, '\n', text->len) : NULL;
	if (!nl)
		return false;
	*name = bytes_of(text->data, (size_t)(nl - text->data));
	*text = bytes_of(nl + 1, text->len - name->len - 1);
	end = text->len ? memmem(text->data, text->len, "\n\n", 2) : NULL;
	*lines = bytes_of(text->data, end ? (size_t)(end - text->data) : text->len);
	*text = bytes_of(text->data + lines->len, text->len - lines->len);
	return true;
}

static struct bytes first_line(struct bytes lines)
{
	const unsigned char *nl = lines.len ? memchr(lines.data, '\n', lines.len) : NULL;

	return bytes_of(lines.data, nl ? (size_t)(nl - lines.data) : lines.len);
}

static void take_desc(struct packages *p, struct package *x, struct bytes text)
{
	struct bytes name, lines;

	while (next_field(&text, &name, &lines)) {
		struct bytes value = first_line(lines);

		if (bytes_equal_str(name, "%NAME%"))
			x->name = packagedb_text(p, value);
		else if (bytes_equal_str(name, "%VERSION%"))
			x->version = x->source_version = packagedb_text(p, value);
		else if (bytes_equal_str(name, "%BASE%"))
			x->source = packagedb_text(p, value);
		else if (bytes_equal_str(name, "%ARCH%"))
			x->arch = packagedb_text(p, value);
		else if (bytes_equal_str(name, "%LICENSE%"))
			x->license = packagedb_text(p, value);
		else if (bytes_equal_str(name, "%SIZE%"))
			x->installed_size = packagedb_number(value);
	}
}

static void take_files(struct packages *p, struct bytes text)
{
	struct bytes name, lines;

	while (next_field(&text, &name, &lines)) {
		if (!bytes_equal_str(name, "%FILES%"))
			continue;
		while (lines.len) {
			struct bytes line = first_line(lines);
			size_t used = line.len + (line.len < lines.len);

			if (line.len && line.data[line.len - 1] != '/')
				packagedb_add_path(p, (const char *)line.data, line.len,
					p->count - 1);
			lines = bytes_of(lines.data + used, lines.len - used);
		}
	}
}

static int read_one(int local_dir, const char *name, struct packages *p, struct err *e)
{
	auto_free char *desc = xasprintf("%s/desc", name);
	auto_free char *files = xasprintf("%s/files", name);
	auto_buf struct buf text = BUF_INIT(FILE_MAX);
	struct package *x;

	if (!fs_exists_at(local_dir, desc))
		return 0; /* ALPM_DB_VERSION */
	if (fs_read_at(local_dir, desc, &text, e) < 0 || packagedb_add(p, &x, e) < 0)
		return -1;
	take_desc(p, x, buf_bytes(&text));
	buf_clear(&text);
	if (!fs_exists_at(local_dir, files))
		return 0;
	if (fs_read_at(local_dir, files, &text, e) < 0)
		return -1;
	take_files(p, buf_bytes(&text));
	return 0;
}

int packagedb_pacman(int root_dir, struct packages *p, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	auto_fd int dir = -1;

	if (!fs_exists_at(root_dir, LOCAL))
		return 1;
	dir = fs_open_dir_at(root_dir, LOCAL, e);
	if (dir < 0 || fs_list_dir(dir, ".", &names, e) < 0)
		return -1;
	p->kind = "pacman";
	for (size_t i = 0; i < names.count; i++)
		if (read_one(dir, names.name[i], p, e) < 0)
			return -1;
	return 0;
}
