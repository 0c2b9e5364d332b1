/* The lxc half of foreign.h: meta/1.0/index-*. */
#include "client/image/foreign.h"

#include "lib/model/lxcindex.h"

static struct bytes trim_slashes(struct bytes path)
{
	while (path.len > 0 && path.data[0] == '/')
		path = bytes_of(path.data + 1, path.len - 1);
	while (path.len > 0 && path.data[path.len - 1] == '/')
		path.len--;
	return path;
}

int foreign_parse_lxc(struct bytes text, struct foreign *out, struct err *e)
{
	auto_foreign struct foreign f = { 0 };
	struct lxcindex_entry entry;
	int rc;

	while ((rc = lxcindex_next(&text, &entry, e)) == 1) {
		struct bytes dir = trim_slashes(entry.path);
		auto_free char *root = xasprintf(
			"%.*s/rootfs.tar.xz", (int)dir.len, (const char *)dir.data);
		auto_free char *meta = xasprintf(
			"%.*s/meta.tar.xz", (int)dir.len, (const char *)dir.data);
		struct foreign_build b = { .image = entry.image,
			.root = { .path = root },
			.meta = { .path = meta } };

		memcpy(b.serial, entry.serial, sizeof(b.serial));
		if (foreign_add(&f, &b, e) < 0)
			return -1;
	}
	if (rc < 0)
		return -1;
	foreign_sort(&f);
	*out = f;
	f = (struct foreign){ 0 };
	return 0;
}
