#include "client/image/place.h"

struct tree_meta place_meta(const struct unpack_entry *entry, struct tree_xattr *xattrs)
{
	for (size_t i = 0; i < entry->xattr_count; i++)
		xattrs[i] = (struct tree_xattr){
			.name = entry->xattr[i].name,
			.value = entry->xattr[i].value,
			.len = entry->xattr[i].len,
		};
	return (struct tree_meta){
		.mode = (mode_t)entry->mode,
		.uid = entry->uid,
		.gid = entry->gid,
		.mtime_s = entry->mtime_s,
		.xattrs = xattrs,
		.xattr_count = entry->xattr_count,
	};
}

void place_as_tar(const struct manifest_entry *m, struct tar_entry *out)
{
	*out = (struct tar_entry){
		.type = (enum tar_type)m->type,
		.path = m->path[0] ? m->path : "./",
		.link = m->link,
		.mode = m->mode,
		.uid = m->uid,
		.gid = m->gid,
		.mtime_s = m->mtime_s,
		.size = m->type == '0' ? (int64_t)m->size : 0,
		.xattr_count = m->xattr_count,
	};
	for (size_t i = 0; i < m->xattr_count && i < TAR_XATTR_MAX; i++)
		out->xattr[i] = (struct tar_xattr){ m->xattr[i].name, m->xattr[i].value,
			m->xattr[i].len };
	out->too_many_xattrs = m->xattr_count > TAR_XATTR_MAX;
}

int place_entry(struct tree *tree, const struct unpack_entry *entry,
	const struct tree_meta *meta, struct err *e)
{
	switch (entry->type) {
	case TAR_DIR:
		return tree_dir(tree, &entry->path, meta, e);
	case TAR_SYMLINK:
		return tree_symlink(tree, &entry->path, entry->target, meta, e);
	case TAR_HARDLINK:
		return tree_hardlink(tree, &entry->path, &entry->link, e);
	case TAR_FIFO:
		return tree_fifo(tree, &entry->path, meta, e);
	default:
		return err_set(e, ERR_FAILED, "cannot make '%s': unknown type",
			entry->path.text);
	}
}
