/* Debian's: stanzas of what is installed, and a list of paths for each package. */
#include "builder/packagedb.h"

#include "builder/stanza.h"

#include "lib/base/fs.h"

#define STATUS_PATH "var/lib/dpkg/status"
#define INFO_PATH   "var/lib/dpkg/info"
#define LIST_MAX    (16U << 20)

/* ---- dpkg's status */

/* "Source: name (version)", else the package's own. */
static void set_source(struct packages *p, struct package *out, struct bytes source)
{
	const unsigned char *open =
		source.len ? memchr(source.data, ' ', source.len) : NULL;
	size_t name_len = open ? (size_t)(open - source.data) : source.len;

	out->source = source.len ? packagedb_text(p, bytes_of(source.data, name_len))
				 : out->name;
	out->source_version = out->version;
	if (open && source.len - name_len > 3 && open[1] == '(')
		out->source_version =
			packagedb_text(p, bytes_of(open + 2, source.len - name_len - 3));
}

static int add_package(struct packages *p, struct bytes stanza, struct err *e)
{
	struct package *out;

	if (packagedb_add(p, &out, e) < 0)
		return -1;
	out->name = packagedb_text(p, stanza_get(stanza, "Package"));
	out->version = packagedb_text(p, stanza_get(stanza, "Version"));
	out->arch = packagedb_text(p, stanza_get(stanza, "Architecture"));
	out->section = packagedb_text(p, stanza_get(stanza, "Section"));
	out->installed_size =
		packagedb_number(stanza_get(stanza, "Installed-Size")) * 1024;
	set_source(p, out, stanza_get(stanza, "Source"));
	return 0;
}

static int read_status(struct packages *p, struct bytes text, struct err *e)
{
	struct bytes stanza;

	while (stanza_next(&text, &stanza)) {
		struct bytes status = stanza_get(stanza, "Status");

		if (status.len < 9 ||
			memcmp(status.data + status.len - 9, "installed", 9) != 0 ||
			(status.len > 9 && status.data[status.len - 10] != ' '))
			continue;
		if (add_package(p, stanza, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- who owns which path */

static int read_list(struct packages *p, int info_dir, size_t owner, struct err *e)
{
	const struct package *pkg = &p->item[owner];
	auto_buf struct buf text = BUF_INIT(LIST_MAX);
	auto_free char *name = xasprintf("%s:%s.list", pkg->name, pkg->arch);
	auto_free char *plain = xasprintf("%s.list", pkg->name);
	const char *chosen = fs_exists_at(info_dir, name) ? name : plain;

	if (fs_read_at(info_dir, chosen, &text, e) < 0)
		return err_wrap(
			e, "cannot read which files package '%s' owns", pkg->name);
	for (const char *line = buf_str(&text); *line;) {
		size_t len = strcspn(line, "\n");

		if (len > 1 && line[0] == '/' && len < 4096)
			packagedb_add_path(p, line + 1, len - 1, owner);
		line += len + (line[len] == '\n');
	}
	return 0;
}

/* dpkg's own files about a package, PREFIX and an ending, are in no list; they change with
 * it all the same. */
static void own_info(struct packages *p, const struct fs_names *names, const char *prefix,
	size_t owner)
{
	size_t len = strlen(prefix);

	for (size_t i = fs_names_lower_bound(names->name, names->count, prefix);
		i < names->count; i++) {
		if (strncmp(names->name[i], prefix, len) != 0)
			break;
		if (!strchr(names->name[i] + len, '.')) {
			auto_free char *path = xasprintf(INFO_PATH "/%s", names->name[i]);

			packagedb_add_path(p, path, strlen(path), owner);
		}
	}
}

static int read_lists(struct packages *p, int root_dir, struct err *e)
{
	auto_fd int info_dir = fs_open_dir_at(root_dir, INFO_PATH, e);
	auto_names struct fs_names names = { 0 };

	if (info_dir < 0 || fs_list_dir(info_dir, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < p->count; i++) {
		const struct package *pkg = &p->item[i];
		auto_free char *plain = xasprintf("%s.", pkg->name);
		auto_free char *full = xasprintf("%s:%s.", pkg->name, pkg->arch);

		if (read_list(p, info_dir, i, e) < 0)
			return -1;
		own_info(p, &names, plain, i);
		own_info(p, &names, full, i);
	}
	return 0;
}

int packagedb_dpkg(int root_dir, struct packages *p, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(PACKAGE_DB_MAX);

	if (!fs_exists_at(root_dir, STATUS_PATH))
		return 1;
	if (fs_read_at(root_dir, STATUS_PATH, &text, e) < 0 ||
		read_status(p, buf_bytes(&text), e) < 0)
		return -1;
	p->kind = "dpkg";
	return p->count ? read_lists(p, root_dir, e) : 0;
}
