#include "lib/model/lxcindex.h"

#include "lib/base/relpath.h"

#define FIELDS   6
#define LINE_MAX 1024

void lxcindex_line(struct buf *out, const struct image *image, const char *serial)
{
	buf_printf(out, "%s;%s;%s;%s;%s;/images/%s/%s/%s/%s/%s/\n", image->distro,
		image->release, image->arch, image->variant, serial, image->distro,
		image->release, image->arch, image->variant, serial);
}

/* Cuts a line at its semicolons in place; false unless there are exactly six fields. */
static bool split(char *line, char *field[FIELDS])
{
	for (size_t i = 0; i < FIELDS; i++) {
		char *end = strchr(line, ';');

		field[i] = line;
		if ((end != NULL) != (i + 1 < FIELDS))
			return false;
		if (end) {
			*end = '\0';
			line = end + 1;
		}
	}
	return true;
}

/* "/images/a/b/": absolute in the tree, with or without its last slash (SEC-17). */
static int check_path(char *path, struct err *e)
{
	size_t len = strlen(path);
	struct relpath p;

	if (path[0] != '/')
		return err_set(e, ERR_PARSE, "path '%s' does not begin with '/'", path);
	if (len > 1 && path[len - 1] == '/')
		path[len - 1] = '\0';
	if (relpath_parse(path + 1, &p, e) < 0)
		return -1;
	if (!relpath_is_portable(&p))
		return err_set(e, ERR_PARSE,
			"path '%s' has other bytes than A-Z a-z 0-9 . _ : + ~ / -", path);
	return 0;
}

/* 1 an entry, 0 a line that names no image of ours. */
static int parse_line(struct bytes line, struct lxcindex_entry *out, struct err *e)
{
	char copy[LINE_MAX + 1], name[LINE_MAX + 1];
	struct lxcindex_entry entry = { .path = bytes_of(NULL, 0) };
	char *field[FIELDS];
	struct err ignored;
	size_t path_len;

	if (line.len > LINE_MAX)
		return err_set(e, ERR_PARSE, "a line is longer than %d bytes", LINE_MAX);
	if (line.len > 0 && memchr(line.data, '\0', line.len))
		return err_set(e, ERR_PARSE, "a line has a NUL byte");
	if (line.len > 0)
		memcpy(copy, line.data, line.len);
	copy[line.len] = '\0';
	if (!split(copy, field))
		return err_set(e, ERR_PARSE, "'%.100s' has not six fields", copy);
	path_len = strlen(field[5]);
	if (path_len == 0)
		return 0;
	if (check_path(field[5], e) < 0)
		return -1;
	snprintf(name, sizeof(name), "%s/%s/%s/%s", field[0], field[1], field[2],
		field[3]);
	if (image_parse(name, &entry.image, &ignored) < 0 || !serial_is_valid(field[4]))
		return 0;
	memcpy(entry.serial, field[4], strlen(field[4]) + 1);
	entry.path = bytes_of(line.data + line.len - path_len, path_len);
	*out = entry;
	return 1;
}

int lxcindex_next(struct bytes *text, struct lxcindex_entry *out, struct err *e)
{
	while (text->len > 0) {
		const unsigned char *end = memchr(text->data, '\n', text->len);
		struct bytes line;
		int rc;

		/* The shell's read drops a last line without its newline: a cut. */
		if (!end)
			return err_set(e, ERR_PARSE, "index: the last line has no end");
		line = bytes_of(text->data, (size_t)(end - text->data));
		rc = parse_line(line, out, e);
		if (rc < 0)
			return err_wrap(e, "index");
		*text = bytes_of(end + 1, text->len - line.len - 1);
		if (rc > 0)
			return 1;
	}
	return 0;
}
