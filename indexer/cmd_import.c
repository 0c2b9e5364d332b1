#include "indexer/admitted.h"
#include "indexer/cmd.h"
#include "indexer/import.h"
#include "indexer/incoming.h"
#include "lib/base/fs.h"
#include "lib/model/build.h"

/* Served soon: a level more is two to three times the time for six per cent of bytes. */
#define XZ_LEVEL  0
#define ZST_LEVEL 3

/* What a mirror writes last, and names its source in. */
#define ORIGIN      "origin"
#define ORIGIN_ROOM (BUILD_ORIGIN_MAX - sizeof(BUILD_MIRROR_OF))

struct values {
	struct cmd_common common;
	const char *image, *serial, *all;
	int64_t xz_level, zst_level, threads;
	bool force;
};

static const struct opt opts[] = {
	CMD_DIRECTORY,
	{ "image", 0, OPT_STRING, offsetof(struct values, image), "IMAGE",
		"what it shall be called: DISTRO/RELEASE/ARCH/VARIANT", 0, 0 },
	{ "all", 0, OPT_STRING, offsetof(struct values, all), "INCOMING",
		"take in what 'rootyard mirror --republish' left there", 0, 0 },
	{ "serial", 0, OPT_STRING, offsetof(struct values, serial), "SERIAL",
		"YYYYMMDD_HHMM (default: now)", 0, 0 },
	{ "xz", 0, OPT_INT, offsetof(struct values, xz_level), "LEVEL",
		"how hard to compress for LXC and Incus (default: 0)", 0, 9 },
	{ "zstd", 0, OPT_INT, offsetof(struct values, zst_level), "LEVEL",
		"how hard to compress for OCI and rootyard (default: 3)", 1, 19 },
	{ "threads", 0, OPT_INT, offsetof(struct values, threads), "N",
		"how many compress (default: one a processor)", 0, 256 },
	{ "force", 0, OPT_FLAG, offsetof(struct values, force), NULL,
		"take it also when it is far from the last good build", 0, 0 },
	CMD_WAIT,
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct values defaults = {
	.common.wait_s = CMD_WAIT_DEFAULT_S, .xz_level = XZ_LEVEL, .zst_level = ZST_LEVEL
};

static void fill(const struct values *v, const char *file, struct import *out)
{
	*out = (struct import){ .serial = v->serial ? v->serial : "",
		.file = file,
		.pack = { .threads = (unsigned int)v->threads,
			.xz_level = (int)v->xz_level,
			.zst_level = (int)v->zst_level } };
}

static int parse(
	struct call *c, const struct values *v, struct import *out, struct err *e)
{
	fill(v, c->argv[0], out);
	if (!v->image)
		return err_set(e, ERR_USAGE,
			"option '--image' is missing: what shall '%s' be called?",
			c->argv[0]);
	if (v->serial && !serial_is_valid(v->serial))
		return err_set(
			e, ERR_USAGE, "'%s' is no serial: YYYYMMDD_HHMM", v->serial);
	if (image_parse(v->image, &out->image, e) < 0) {
		e->code = ERR_USAGE;
		return -1;
	}
	return 0;
}

static int take_in(struct call *c, struct yard *y, const struct import *in, bool force,
	struct err *e)
{
	auto_imported struct imported made = { .dir = NULL };
	struct notary_slot slot = { .is_open = false };
	struct admitted a;
	int rc;

	if (import_build(y, in, &made, e) < 0)
		return -1;
	if (made.left_out)
		out_note(c->out,
			"%llu entries were left out: device nodes, and what lies in "
			"/dev, /proc, /sys, /run and /tmp",
			(unsigned long long)made.left_out);
	out_detail(c->out, "'%s' is %s with %llu entries", in->file, made.kind,
		(unsigned long long)made.entries);
	rc = admit_build(y, &slot, made.dir, force ? ADMIT_FORCE : 0, &a, e);
	if (slot.is_open)
		notary_close(&slot.notary);
	if (rc == 0)
		admitted_report(c->out, &a);
	return rc;
}

static int import_one(
	struct call *c, struct yard *y, const struct import *in, struct err *e)
{
	const struct values *v = c->values;
	struct err ignored;
	int rc = take_in(c, y, in, v->force, e);

	if (import_clean(y, rc < 0 ? &ignored : e) < 0 && rc == 0)
		return -1;
	return rc < 0 ? err_wrap(e, "cannot import '%s'", in->file) : 0;
}

/* ---- what a mirror left */

/* One line of ASCII: it will be published. */
static int read_origin(const char *dir, char out[ORIGIN_ROOM], struct err *e)
{
	auto_buf struct buf text = BUF_INIT(ORIGIN_ROOM - 1);
	auto_fd int fd = fs_open_dir(dir, e);

	if (fd < 0 || fs_read_at(fd, ORIGIN, &text, e) < 0)
		return -1;
	snprintf(out, ORIGIN_ROOM, "%s", buf_str(&text));
	out[strcspn(out, "\n")] = '\0';
	for (const char *p = out; *p; p++)
		if (*p <= ' ' || *p > '~')
			return err_set(e, ERR_PARSE, "'%s' is not a URL", ORIGIN);
	return 0;
}

static int import_left(struct call *c, struct yard *y, const char *dir, struct err *e)
{
	auto_free char *file = xasprintf("%s/rootfs.tar.xz", dir);
	char serial[SERIAL_MAX], origin[ORIGIN_ROOM];
	struct import in;
	struct image image;
	int64_t id;
	int rc;

	fill(c->values, file, &in);
	if (incoming_name(dir, &image, serial, e) < 0)
		return -1;
	rc = catalog_build_find(y->catalog, &image, serial, &id, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (read_origin(dir, origin, e) < 0)
		return -1;
	in.image = image;
	in.serial = serial;
	in.origin = origin;
	return import_one(c, y, &in, e);
}

/* One that cannot be taken in does not keep the others out; the first error decides the exit
 * status. */
static int import_all(struct call *c, struct yard *y, struct err *e)
{
	const struct values *v = c->values;
	auto_incoming struct incoming found = { .count = 0 };
	int rc = 0;

	if (incoming_find(v->all, ORIGIN, &found, e) < 0)
		return -1;
	for (size_t i = 0; i < found.count; i++) {
		struct err one;

		if (import_left(c, y, found.path[i], &one) == 0)
			continue;
		(void)!err_wrap(&one, "'%s'", found.path[i]);
		if (rc == 0)
			*e = one;
		else
			out_error(c->out, &one);
		rc = -1;
	}
	return rc;
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	const char *read_dirs[] = { v->all ? v->all : c->argv[0] };
	auto_yard struct yard y = YARD_INIT;
	struct import in;

	if (!v->all == !c->argc || (v->all && (v->image || v->serial)))
		return err_set(e, ERR_USAGE,
			"name a file and --image, or --all INCOMING, whose directories "
			"say "
			"what they are");
	if ((!v->all && parse(c, v, &in, e) < 0) ||
		cmd_open_writer(c, &v->common, read_dirs, 1, &y, e) < 0)
		return -1;
	return v->all ? import_all(c, &y, e) : import_one(c, &y, &in, e);
}

const struct command cmd_import = {
	.name = "import",
	.args = "FILE | --all INCOMING",
	.summary = "Take in a tarball, an OCI image or a squashfs without a recipe",
	.opts = opts,
	.values_size = sizeof(struct values),
	.defaults = &defaults,
	.max_args = 1,
	.run = run,
};
