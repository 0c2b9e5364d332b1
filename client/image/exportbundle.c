#include "client/image/exportbundle.h"

#include "client/image/bundle.h"
#include "client/image/newdir.h"
#include "client/image/unpacker.h"
#include "lib/base/atomic.h"
#include "lib/base/fs.h"
#include "lib/base/tree.h"

#include <fcntl.h>
#include <sys/stat.h>

static void moved(void *ctx, uint64_t bytes)
{
	out_step(ctx, "export", bytes, 0, "B");
}

static int no_metafile(void *ctx, const char *name, struct bytes content, struct err *e)
{
	(void)ctx;
	(void)content;
	return err_set(e, ERR_DAMAGED, "the unpacker sent '%s', unasked", name);
}

/* The writer is heard last and believed first: when it fails, what was read ends early;
 * when the reader does, the writer only knows that nobody reads. */
static int wait_for_both(struct confined *writing, struct confined *reading,
	const struct unpack_watch *watch, struct unpack_done *done, struct err *e)
{
	struct err read_error, write_error;
	int read = unpacker_end(reading, watch, done, &read_error);
	int written = stored_tar_end(writing, &write_error);

	if (read == 0 && written == 0)
		return 0;
	*e = written < 0 && (read == 0 || write_error.code != ERR_INTERRUPTED)
		     ? write_error
		     : read_error;
	return -1;
}

static int copy_tree(const struct stored *s, int root_fd, const struct subids *ids,
	struct out *out, struct err *e)
{
	struct unpack_watch watch = {
		.progress = moved, .metafile = no_metafile, .ctx = out
	};
	struct unpack_job job = { .coding = UNPACK_TAR,
		.root_fd = root_fd,
		.manifest_fd = -1,
		.meta_fd = -1,
		.limits = UNPACK_LIMITS_HARD,
		.tree_flags = ids->full ? 0 : TREE_NO_CHOWN };
	auto_fd int in = -1, to = -1;
	struct confined writing, reading;
	struct unpack_done done;
	struct err ignored;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	in = fds[0];
	to = fds[1];
	job.archive_fd = in;
	if (stored_tar_begin(s, to, &writing, e) < 0)
		return -1;
	auto_fd_cleanup(&to);
	if (unpacker_start(&job, ids, &reading, e) < 0) {
		auto_fd_cleanup(&in); /* nobody reads: it ends */
		(void)!stored_tar_end(&writing, &ignored);
		return -1;
	}
	auto_fd_cleanup(&in);
	return wait_for_both(&writing, &reading, &watch, &done, e);
}

static int write_config(int dir_fd, const char *hostname, char *const *argv,
	const struct subids *ids, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(BUNDLE_CONFIG_MAX);
	struct bundle b = { .hostname = hostname,
		.argv = argv,
		.ids = ids,
		.uid = geteuid(),
		.gid = getegid() };

	bundle_config(&b, &text);
	if (buf_check(&text, "config.json", e) < 0)
		return -1;
	return atomic_write_file(dir_fd, "config.json", buf_bytes(&text), 0644, e);
}

int export_bundle(const struct stored *s, const char *hostname, char *const *argv,
	const char *path, struct out *out, struct err *e)
{
	auto_newdir struct newdir dir = NEWDIR_INIT;
	auto_fd int dir_fd = -1, root_fd = -1;

	if (newdir_open(path, &dir, e) < 0)
		return -1;
	dir_fd = fs_open_dir_at(dir.parent_fd, dir.temp, e);
	if (dir_fd < 0)
		return -1;
	if (mkdirat(dir_fd, "rootfs", 0755) < 0 || fchmod(dir_fd, 0755) < 0)
		return err_sys(e, "cannot make '%s'", path);
	root_fd = fs_open_dir_at(dir_fd, "rootfs", e);
	if (root_fd < 0 || confined_adopt(dir_fd, e) < 0 ||
		confined_adopt(root_fd, e) < 0 ||
		copy_tree(s, root_fd, &dir.ids, out, e) < 0 ||
		write_config(dir_fd, hostname, argv, &dir.ids, e) < 0 ||
		newdir_commit(&dir, e) < 0)
		return -1;
	if (!dir.ids.full)
		out_note(out, "all files belong to you: %s", dir.ids.why);
	return 0;
}
