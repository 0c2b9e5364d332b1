#include "client/image/cmd.h"
#include "client/image/confine.h"
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

/* Where the tree goes: made beside it under another name, then renamed. */
struct place {
	int parent_fd;
	char *base;
	char temp[64]; /* "" when there is none to remove */
	struct subids ids;
};

static void place_release(struct place *p)
{
	struct err ignored;

	if (p->temp[0])
		(void)!confined_remove(p->parent_fd, p->temp, &p->ids, &ignored);
	if (p->parent_fd >= 0)
		close(p->parent_fd);
	free(p->base);
}

static int check_target(const struct place *p, const char *path, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	struct stat st;

	if (fstatat(p->parent_fd, p->base, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "cannot examine '%s'", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_CONFLICT, "'%s' exists and is no directory", path);
	if (fs_list_dir(p->parent_fd, p->base, &names, e) < 0)
		return -1;
	if (names.count > 0)
		return err_set(e, ERR_CONFLICT,
			"'%s' is not empty: name a directory that is, or does not exist",
			path);
	return 0;
}

static int place_open(const char *path, struct place *p, struct err *e)
{
	auto_free char *copy = xstrdup(path);
	char *slash;

	while (strlen(copy) > 1 && copy[strlen(copy) - 1] == '/')
		copy[strlen(copy) - 1] = '\0';
	slash = strrchr(copy, '/');
	p->base = xstrdup(slash ? slash + 1 : copy);
	if (!*p->base || strcmp(p->base, ".") == 0 || strcmp(p->base, "..") == 0)
		return err_set(e, ERR_USAGE,
			"cannot unpack into '%s': name the directory itself", path);
	if (slash)
		slash[slash == copy ? 1 : 0] = '\0';
	p->parent_fd = fs_open_dir(slash ? copy : ".", e);
	if (p->parent_fd < 0 || check_target(p, path, e) < 0)
		return -1;
	subids_find(getuid(), &p->ids);
	if (fs_mkdtemp_at(p->parent_fd, ".rootyard-unpack", p->temp, sizeof(p->temp), e) <
		0) {
		p->temp[0] = '\0';
		return err_wrap(e, "cannot unpack into '%s'", path);
	}
	return 0;
}

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

static void say(struct call *c, const struct place *p, const struct unpack_done *done)
{
	auto_buf struct buf text = BUF_INIT(4096);
	struct jsonw w = jsonw_to(&text);
	char size[32];

	if (done->skipped > 0)
		out_note(c->out, "%" PRIu64 " device nodes were not made", done->skipped);
	if (!p->ids.full)
		out_note(c->out, "all files belong to you: %s", p->ids.why);
	if (!c->out->json) {
		out_note(c->out, "'%s': %s in %" PRIu64 " entries", c->argv[1],
			out_size(done->bytes, size, sizeof(size)), done->entries);
		return;
	}
	jsonw_object(&w);
	jsonw_kint(&w, "entries", (int64_t)done->entries);
	jsonw_kint(&w, "unpacked_bytes", (int64_t)done->bytes);
	jsonw_kint(&w, "skipped", (int64_t)done->skipped);
	jsonw_kbool(&w, "single_id", !p->ids.full);
	jsonw_end_object(&w);
	out_result(c->out, "%s\n", buf_str(&text));
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	__attribute__((__cleanup__(place_release))) struct place place = { .parent_fd =
										   -1 };
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
	if (archive_fd < 0 || place_open(c->argv[1], &place, e) < 0)
		return -1;
	root_fd = fs_open_dir_at(place.parent_fd, place.temp, e);
	if (root_fd < 0 || confined_adopt(root_fd, e) < 0)
		return -1;
	job.archive_fd = archive_fd;
	job.root_fd = root_fd;
	job.limits.strict = v->strict;
	job.tree_flags = place.ids.full ? 0 : TREE_NO_CHOWN;
	if (unpacker_run(&job, &place.ids, &watch, &done, e) < 0)
		return err_wrap(e, "cannot unpack '%s'", c->argv[0]);
	if (syncfs(root_fd) < 0)
		return err_sys(e, "cannot write '%s' to disk", c->argv[1]);
	if (confined_rename(place.parent_fd, place.temp, place.base, &place.ids, e) < 0)
		return -1;
	place.temp[0] = '\0';
	say(c, &place, &done);
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
