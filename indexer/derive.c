#include "indexer/derive.h"

#include "indexer/emit.h"
#include "indexer/inode.h"

#define NSPAWN     "rootfs.nspawn"
#define NSPAWN_MAX 256

static int derive_nspawn(struct intake *in, const struct tree_facts *tree, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(NSPAWN_MAX);

	emit_nspawn(tree->has_init, &text);
	if (inode_write(in->stage_fd, NSPAWN, buf_bytes(&text), INODE_MARKED, e) < 0)
		return -1;
	in->file[in->count++] = (struct catalog_file){ .name = NSPAWN,
		.size = text.len,
		.sha256 = digest_of(buf_bytes(&text)),
		.is_signed = true };
	return 0;
}

int derive_files(struct intake *in, const struct tree_facts *tree, struct err *e)
{
	return derive_nspawn(in, tree, e);
}
