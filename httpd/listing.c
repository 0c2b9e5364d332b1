#include "httpd/listing.h"

#include "httpd/date.h"
#include "httpd/resolve.h"
#include "httpd/uri.h"
#include "lib/base/fs.h"
#include "lib/base/utf8.h"
#include "lib/model/layout.h"

#include <fcntl.h>

/* Text for a page: markup escaped, what is no text shown as U+FFFD. */
static void add_text(struct buf *out, const char *text)
{
	struct bytes rest = bytes_of_str(text);

	while (rest.len > 0) {
		uint32_t c = 0;
		size_t len = utf8_decode(rest, &c);

		if (len == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0))
			buf_add_str(out, "\xef\xbf\xbd");
		else if (strchr("&<>\"'", (int)c) && c < 0x80)
			buf_printf(out, "&#%u;", (unsigned int)c);
		else
			buf_add(out, rest.data, len);
		len = len ? len : 1;
		rest = bytes_of(rest.data + len, rest.len - len);
	}
}

static void add_row(struct buf *out, const char *name, const struct stat *st)
{
	char href[3 * RELPATH_NAME_MAX + 4];
	struct date d = date_of(st->st_mtim.tv_sec);
	const char *slash = S_ISDIR(st->st_mode) ? "/" : "";

	uri_escape(bytes_of_str(name), href, sizeof(href));
	/* "./" keeps a colon from looking like a scheme. */
	buf_printf(out, "<tr><td><a href=\"./%s%s\">", href, slash);
	add_text(out, name);
	buf_printf(out, "%s</a><td>%04lld-%02u-%02u %02u:%02u<td>", slash,
		(long long)d.year, d.month, d.day, d.hour, d.minute);
	if (S_ISREG(st->st_mode))
		buf_printf(out, "%llu", (unsigned long long)st->st_size);
	buf_add_byte(out, '\n');
}

/* What the server would serve under this name; a fixed link counts as what it leads to. */
static bool look(const struct site *s, int dir, const char *path, const char *name,
	struct stat *st)
{
	char full[RESOLVE_MAX + RELPATH_NAME_MAX + 2];

	if (name[0] == '.' || fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	if (S_ISREG(st->st_mode) || S_ISDIR(st->st_mode))
		return true;
	snprintf(full, sizeof(full), "%s%s%s", path, *path ? "/" : "", name);
	return S_ISLNK(st->st_mode) && layout_find_link(full) &&
	       fstatat(s->root_dir, full, st, 0) == 0;
}

int listing_make(const struct site *s, const char *path, const struct site_path *where,
	struct buf *out, struct err *e)
{
	auto_fd int dir = fs_open_beneath(
		s->root_dir, where->text, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0, e);
	auto_names struct fs_names names = { .count = 0 };
	struct stat st;

	if (dir < 0 || fs_list_dir(dir, ".", &names, e) < 0) {
		e->code = ERR_NOTFOUND;
		return err_wrap(e, "cannot list '%s'", path);
	}
	buf_add_str(out, "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
			 "<meta name=\"viewport\" content=\"width=device-width\">"
			 "<title>Index of /");
	add_text(out, path);
	buf_add_str(out, "</title><style>td{padding:0 1em 0 0}td+td+td{text-align:right}"
			 "</style>\n<h1>Index of /");
	add_text(out, path);
	buf_add_str(out, "</h1>\n<table>\n");
	if (*path)
		buf_add_str(out, "<tr><td><a href=\"../\">../</a><td><td>\n");
	for (size_t i = 0; i < names.count; i++)
		if (look(s, dir, path, names.name[i], &st))
			add_row(out, names.name[i], &st);
	buf_add_str(out, "</table>\n");
	return buf_check(out, "the listing", e);
}
