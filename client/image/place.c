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
