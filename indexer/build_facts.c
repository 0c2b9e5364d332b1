#include "indexer/build_facts.h"

#include "lib/base/fs.h"

#include <fcntl.h>

static int read_metadata(
	int dir_fd, const struct image *image, struct meta_facts *out, struct err *e)
{
	auto_fd int lxc = fs_open_beneath(dir_fd, "meta.tar.xz", O_RDONLY, 0, e);
	auto_fd int incus = -1;

	if (lxc < 0 || admit_lxc_meta(lxc, out, e) < 0)
		return -1;
	incus = fs_open_beneath(dir_fd, "incus.tar.xz", O_RDONLY, 0, e);
	if (incus < 0)
		return -1;
	return admit_incus_meta(incus, image, out, e);
}

static int read_packages(
	int dir_fd, const struct build *b, struct packagelist *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(PACKAGELIST_BYTES_MAX);

	if (!build_artifact(b, BUILD_PACKAGES))
		return 0;
	if (fs_read_at(dir_fd, BUILD_PACKAGES, &text, e) < 0)
		return -1;
	if (packagelist_parse(buf_bytes(&text), out, e) < 0)
		return err_wrap(e, "'%s'", BUILD_PACKAGES);
	return 0;
}

int build_facts_read(
	int dir_fd, const struct build *b, struct build_facts *out, struct err *e)
{
	auto_build_facts struct build_facts f = { .meta = { .expires_s = 0 } };

	if (read_metadata(dir_fd, &b->image, &f.meta, e) < 0 ||
		read_packages(dir_fd, b, &f.packages, e) < 0 ||
		tree_facts_read(dir_fd, b, &f.tree, e) < 0)
		return -1;
	if (!f.meta.stop_signal[0])
		snprintf(f.meta.stop_signal, sizeof(f.meta.stop_signal), "%s",
			f.tree.has_systemd ? "SIGRTMIN+3" : "SIGTERM");
	*out = f;
	f = (struct build_facts){ .meta = { .expires_s = 0 } };
	return 0;
}

void build_facts_release(struct build_facts *f)
{
	packagelist_release(&f->packages);
}

int build_facts_row(const struct build *b, const struct build_facts *f,
	struct catalog_build *out, struct err *e)
{
	struct catalog_build row = {
		.image = b->image,
		.tree = b->id,
		.diff = b->diff_id,
		.expires_s = f->meta.expires_s,
		.epoch_s = b->epoch_s,
		.tested = b->test_result,
		.origin = b->origin,
		.entries = b->entries,
		.unpacked_size = b->unpacked_size,
		.max_uid = f->tree.max_uid,
		.max_gid = f->tree.max_gid,
		.init = f->tree.has_systemd ? "systemd" : "",
		.stop_signal = f->meta.stop_signal,
		.description = f->meta.description,
		.requirements = f->meta.requirements,
	};

	memcpy(row.serial, b->serial, sizeof(row.serial));
	if (serial_to_time(b->serial, &row.created_s, e) < 0)
		return -1;
	*out = row;
	return 0;
}

int build_facts_put_packages(struct catalog *c, const struct build *b,
	const struct build_facts *f, struct err *e)
{
	const struct artifact *list = build_artifact(b, BUILD_PACKAGES);
	int64_t id = 0;

	if (!list)
		return 0;
	if (catalog_build_find(c, &b->image, b->serial, &id, e) < 0)
		return -1;
	return catalog_packages_put(
		c, id, &list->sha256, f->packages.item, f->packages.count, e);
}
