#include "client/image/imagefiles.h"

#include "client/image/metafiles.h"
#include "lib/base/fs.h"
#include "lib/model/start.h"

#include <fcntl.h>
#include <inttypes.h>

static int write_file(int dir_fd, const char *name, struct bytes content, struct err *e)
{
	auto_fd int fd = openat(
		dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0 || fchmod(fd, 0644) < 0)
		return err_sys(e, "cannot make '%s'", name);
	if (content.len > 0 && fs_write_all(fd, content.data, content.len, e) < 0)
		return err_wrap(e, "cannot write '%s'", name);
	return 0;
}

int imagefiles_meta(int dir_fd, const char *name, struct bytes content,
	struct buf *dropped, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(2 * METAFILES_BYTES_MAX);
	auto_fd int meta_fd = -1;

	if (!metafile_is_kept(name))
		return 0;
	metafile_filter(name, content, &text, dropped);
	if (buf_check(&text, name, e) < 0)
		return -1;
	meta_fd = fs_open_dir_at(dir_fd, "meta", e);
	if (meta_fd < 0)
		return -1;
	return write_file(meta_fd, name, buf_bytes(&text), e);
}

int imagefiles_start(int dir_fd, const struct image_start *s, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(4096);
	char epoch[32];

	snprintf(epoch, sizeof(epoch), "%" PRId64, s->epoch_s);
	start_line(&text, "arch", s->arch);
	start_line(&text, "init", s->init);
	start_line(&text, "stop_signal", s->stop_signal);
	start_line(&text, "epoch", epoch);
	if (buf_check(&text, "start", e) < 0)
		return -1;
	return write_file(dir_fd, "start", buf_bytes(&text), e);
}
