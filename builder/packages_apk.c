/* Alpine's: one text, a block a package, a letter a field. */
#include "builder/packagedb.h"

#include "lib/base/fs.h"

/* Since version 3 it may lie below usr/. */
static const char *const places[] = { "lib/apk/db/installed",
	"usr/lib/apk/db/installed" };

struct reading {
	struct packages *p;
	struct package *open; /* NULL between blocks */
	struct bytes dir;
	struct err *e;
};

static int take_file(struct reading *r, struct bytes name)
{
	auto_free char *path =
		xasprintf("%.*s%s%.*s", (int)r->dir.len, (const char *)r->dir.data,
			r->dir.len ? "/" : "", (int)name.len, (const char *)name.data);

	packagedb_add_path(r->p, path, strlen(path), r->p->count - 1);
	return 0;
}

static int take(struct reading *r, unsigned char letter, struct bytes value)
{
	struct package *x = r->open;

	if (letter == 'F') {
		r->dir = value;
		return 0;
	}
	if (letter == 'R')
		return take_file(r, value);
	if (letter == 'I')
		x->installed_size = packagedb_number(value);
	else if (letter == 'P')
		x->name = packagedb_text(r->p, value);
	else if (letter == 'V')
		x->version = x->source_version = packagedb_text(r->p, value);
	else if (letter == 'A')
		x->arch = packagedb_text(r->p, value);
	else if (letter == 'o')
		x->source = packagedb_text(r->p, value);
	else if (letter == 'L')
		x->license = packagedb_text(r->p, value);
	return 0;
}

static int take_line(struct reading *r, struct bytes line)
{
	if (line.len == 0) {
		r->open = NULL;
		return 0;
	}
	if (line.len < 2 || line.data[1] != ':')
		return err_set(r->e, ERR_PARSE, "a line is no 'X:value'");
	if (!r->open) {
		r->dir = bytes_of("", 0);
		if (packagedb_add(r->p, &r->open, r->e) < 0)
			return -1;
	}
	return take(r, line.data[0], bytes_of(line.data + 2, line.len - 2));
}

int packagedb_apk(int root_dir, struct packages *p, struct err *e)
{
	struct reading r = { .p = p, .e = e };
	auto_buf struct buf text = BUF_INIT(PACKAGE_DB_MAX);
	const char *path = fs_exists_at(root_dir, places[0]) ? places[0] : places[1];

	if (!fs_exists_at(root_dir, path))
		return 1;
	if (fs_read_at(root_dir, path, &text, e) < 0)
		return -1;
	p->kind = "apk";
	for (const char *line = buf_str(&text); *line;) {
		size_t len = strcspn(line, "\n");

		if (take_line(&r, bytes_of(line, len)) < 0)
			return err_wrap(e, "'%s'", path);
		line += len + (line[len] == '\n');
	}
	return 0;
}
