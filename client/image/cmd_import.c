#include "client/image/adopt.h"
#include "client/image/cmd.h"
#include "lib/base/fs.h"
#include "lib/base/jsonw.h"

#include <fcntl.h>
#include <time.h>

struct values {
	const char *meta;
};

static const struct opt opts[] = {
	{ "meta", 0, OPT_STRING, offsetof(struct values, meta), "FILE",
		"LXC's or Incus' metadata of the image, as meta.tar.xz", 0, 0 },
	{ .name = NULL },
};

static int open_file(const char *path, struct verified *out, struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	if (verify_local(fd, path, out, e) < 0)
		return -1;
	fd = -1;
	return 0;
}

static int name_image(
	const char *text, struct image *out, char serial[SERIAL_MAX], struct err *e)
{
	struct image_ref ref;

	if (image_ref_parse(text, &ref, e) < 0) {
		e->code = ERR_USAGE;
		return -1;
	}
	if (!*ref.image.release || *ref.id ||
		(*ref.remote && strcmp(ref.remote, LOCAL_REMOTE) != 0))
		return err_set(e, ERR_USAGE,
			"'%s' is no name for it: say "
			"DISTRO/RELEASE[/ARCH][/VARIANT][@SERIAL]",
			text);
	*out = ref.image;
	if (!*out->arch)
		snprintf(out->arch, sizeof(out->arch), "%s", arch_of_this_machine());
	if (!*out->variant)
		snprintf(out->variant, sizeof(out->variant), "default");
	memcpy(serial, ref.serial, SERIAL_MAX);
	if (!*serial)
		serial_from_time((int64_t)time(NULL), serial);
	return 0;
}

static void say(struct out *out, const struct pulled *p)
{
	auto_buf struct buf text = BUF_INIT(4096);
	struct jsonw w = jsonw_to(&text);
	char name[IMAGE_NAME_MAX];

	image_format(&p->image, name);
	if (!out->json) {
		if (out->level < 0)
			out_result(out, "%s\n", p->id);
		else
			out_result(out, "%s %s %s\n", name, p->serial, p->id);
		return;
	}
	jsonw_object(&w);
	jsonw_kstr(&w, "image", name);
	jsonw_kstr(&w, "serial", p->serial);
	jsonw_kstr(&w, "id", p->id);
	jsonw_kbool(&w, "was_stored", p->was_stored);
	jsonw_end_object(&w);
	out_result(out, "%s\n", buf_str(&text));
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	auto_store struct store store = STORE_INIT;
	auto_verified struct verified archive = VERIFIED_INIT, meta = VERIFIED_INIT;
	struct image image;
	char serial[SERIAL_MAX];
	struct adopt_job job = { .store = &store,
		.out = c->out,
		.remote = LOCAL_REMOTE,
		.image = &image,
		.serial = serial };
	struct pulled done = { .was_stored = false };

	if (unpack_coding_of(c->argv[0], &job.coding, e) < 0 ||
		name_image(c->argv[1], &image, serial, e) < 0 ||
		open_file(c->argv[0], &archive, e) < 0 ||
		(v->meta && open_file(v->meta, &meta, e) < 0) ||
		store_open(&store, e) < 0)
		return -1;
	job.archive_fd = archive.fd;
	job.meta_fd = meta.fd;
	if (adopt_image(&job, &done, e) < 0)
		return err_wrap(e, "cannot import '%s'", c->argv[0]);
	say(c->out, &done);
	return 0;
}

const struct command cmd_import = {
	.name = "import",
	.args = "ARCHIVE IMAGE",
	.summary = "store a .tar, .tar.xz or .tar.zst of your own as local:IMAGE",
	.opts = opts,
	.values_size = sizeof(struct values),
	.min_args = 2,
	.max_args = 2,
	.run = run,
};
