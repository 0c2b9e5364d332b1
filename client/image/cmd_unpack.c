#include "client/image/cmd.h"
#include "client/image/newdir.h"
#include "client/image/unpacker.h"
#include "lib/base/fs.h"
#include "lib/base/jsonw.h"
#include "lib/base/tree.h"

#include <fcntl.h>
#include <inttypes.h>

struct values {
	bool strict;
};

static const struct opt opts[] = {
	{ "strict", 0, OPT_FLAG, offsetof(struct values, strict), NULL,
		"refuse an archive with device nodes instead of leaving them out", 0, 0 },
	{ .name = NULL },
};

/* A local file: there is nothing to compare a digest of it with. */
static int open_archive(const char *path, struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "cannot open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, "'%s' is not a regular file", path);
	return STEAL_FD(fd);
}

struct showing {
	struct out *out;
};

static void show(void *ctx, uint64_t bytes)
{
	const struct showing *s = ctx;

	out_step(s->out, "unpack", bytes, 0, "B");
}

static int no_metafile(void *ctx, const char *name, struct bytes content, struct err *e)
{
	(void)ctx;
	(void)content;
	return err_set(e, ERR_DAMAGED, "the unpacker sent '%s', unasked", name);
}

static void say(struct call *c, const struct newdir *d, const struct unpack_done *done)
{
	auto_buf struct buf text = BUF_INIT(4096);
	struct jsonw w = jsonw_to(&text);
	char size[32];

	if (done->skipped > 0)
		out_note(c->out, "%" PRIu64 " device nodes were not made", done->skipped);
	if (!d->ids.full)
		out_note(c->out, "all files belong to you: %s", d->ids.why);
	if (!c->out->json) {
		out_note(c->out, "'%s': %s in %" PRIu64 " entries", c->argv[1],
			out_size(done->bytes, size, sizeof(size)), done->entries);
		return;
	}
	jsonw_object(&w);
	jsonw_kint(&w, "entries", (int64_t)done->entries);
	jsonw_kint(&w, "unpacked_bytes", (int64_t)done->bytes);
	jsonw_kint(&w, "skipped", (int64_t)done->skipped);
	jsonw_kbool(&w, "single_id", !d->ids.full);
	jsonw_end_object(&w);
	out_result(c->out, "%s\n", buf_str(&text));
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	auto_newdir struct newdir dir = NEWDIR_INIT;
	auto_fd int archive_fd = -1, root_fd = -1;
	struct showing showing = { .out = c->out };
	struct unpack_watch watch = {
		.progress = show, .metafile = no_metafile, .ctx = &showing
	};
	struct unpack_job job = {
		.manifest_fd = -1, .meta_fd = -1, .limits = UNPACK_LIMITS_HARD
	};
	struct unpack_done done;

	if (unpack_coding_of(c->argv[0], &job.coding, e) < 0)
		return -1;
	archive_fd = open_archive(c->argv[0], e);
	if (archive_fd < 0 || newdir_open(c->argv[1], &dir, e) < 0)
		return -1;
	root_fd = fs_open_dir_at(dir.parent_fd, dir.temp, e);
	if (root_fd < 0 || confined_adopt(root_fd, e) < 0)
		return -1;
	job.archive_fd = archive_fd;
	job.root_fd = root_fd;
	job.limits.strict = v->strict;
	job.tree_flags = dir.ids.full ? 0 : TREE_NO_CHOWN;
	if (unpacker_run(&job, &dir.ids, &watch, &done, e) < 0)
		return err_wrap(e, "cannot unpack '%s'", c->argv[0]);
	if (newdir_commit(&dir, e) < 0)
		return -1;
	say(c, &dir, &done);
	return 0;
}

const struct command cmd_unpack = {
	.name = "unpack",
	.args = "ARCHIVE DIR",
	.summary = "unpack a .tar, .tar.xz or .tar.zst as safely as a pulled image",
	.opts = opts,
	.values_size = sizeof(struct values),
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
