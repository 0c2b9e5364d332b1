#include "indexer/admit_tree.h"
#include "lib/base/auto.h"
#include "lib/base/fs.h"

#include <fcntl.h>

#define SQUASHFS   "rootfs.squashfs"
#define HEAD       96
#define MAGIC      0x73717368U
#define FORMAT     4
#define LOG_MIN    12
#define LOG_MAX    20
#define PADDED     4096 /* mksquashfs fills the last page */
#define COMPRESSOR 6    /* gzip lzma lzo xz lz4 zstd: 1 to 6 */

static uint64_t number(const unsigned char *at, unsigned int size_bytes)
{
	uint64_t value = 0;

	while (size_bytes-- > 0)
		value = value << 8 | at[size_bytes];
	return value;
}

static const char *judge(const unsigned char *head, uint64_t size, uint64_t inodes)
{
	uint64_t block = number(head + 12, 4), log = number(head + 22, 2);
	uint64_t used = number(head + 40, 8), kind = number(head + 20, 2);

	if (number(head, 4) != MAGIC || number(head + 28, 2) != FORMAT ||
		number(head + 30, 2) != 0)
		return "is not of format 4.0";
	if (log < LOG_MIN || log > LOG_MAX || block != UINT64_C(1) << log)
		return "has a block size that no kernel takes";
	if (kind < 1 || kind > COMPRESSOR)
		return "has a compressor that no kernel knows";
	if (used < HEAD || used > size || size - used >= PADDED)
		return "is not as long as it says";
	if (number(head + 4, 4) != inodes)
		return "has another number of inodes than 'rootfs.man'";
	return NULL;
}

int admit_squashfs(int dir_fd, const struct tree_facts *tree, struct err *e)
{
	auto_fd int fd = fs_open_beneath(dir_fd, SQUASHFS, O_RDONLY, 0, e);
	unsigned char head[HEAD];
	const char *fault;
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return -1;
	n = pread(fd, head, sizeof(head), 0);
	if (n < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "cannot read '" SQUASHFS "'");
	if (n != HEAD)
		return err_set(e, ERR_PARSE, "'" SQUASHFS "' is no squashfs: too short");
	fault = judge(head, (uint64_t)st.st_size, tree->inodes);
	return fault ? err_set(e, ERR_PARSE, "'" SQUASHFS "' %s", fault) : 0;
}
