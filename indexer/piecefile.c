#include "indexer/piecefile.h"

#include "lib/base/fs.h"

#include <fcntl.h>

#define ARCHIVE "rootfs.tar.zst"

static int read_one(int dir_fd, struct catalog_file *f, struct err *e)
{
	auto_fd int fd = fs_open_beneath(dir_fd, f->name, O_RDONLY, 0, e);
	struct reader in = reader_of_fd(&fd);

	if (fd < 0)
		return -1;
	if (pieces_read(&in, f->size, &f->pieces, e) < 0)
		return err_wrap(e, "'%s'", f->name);
	return 0;
}

int piecefile_read(int dir_fd, struct catalog_file *file, size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(file[i].name, ARCHIVE) == 0)
			return read_one(dir_fd, &file[i], e);
	return 0;
}
