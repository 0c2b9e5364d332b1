#include "indexer/admitted.h"
#include "indexer/cmd.h"
#include "indexer/import.h"

#define XZ_LEVEL  2
#define ZST_LEVEL 6

struct values {
	struct cmd_common common;
	const char *image, *serial;
	int64_t xz_level, zst_level, threads;
	bool force;
};

static const struct opt opts[] = {
	CMD_DIRECTORY,
	{ "image", 0, OPT_STRING, offsetof(struct values, image), "IMAGE",
		"what it shall be called: DISTRO/RELEASE/ARCH/VARIANT", 0, 0 },
	{ "serial", 0, OPT_STRING, offsetof(struct values, serial), "SERIAL",
		"YYYYMMDD_HHMM (default: now)", 0, 0 },
	{ "xz", 0, OPT_INT, offsetof(struct values, xz_level), "LEVEL",
		"how hard to compress for LXC and Incus (default: 2)", 0, 9 },
	{ "zstd", 0, OPT_INT, offsetof(struct values, zst_level), "LEVEL",
		"how hard to compress for OCI and rootyard (default: 6)", 1, 19 },
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

static int parse(
	struct call *c, const struct values *v, struct import *out, struct err *e)
{
	*out = (struct import){ .serial = v->serial ? v->serial : "",
		.file = c->argv[0],
		.pack = { .threads = (unsigned int)v->threads,
			.xz_level = (int)v->xz_level,
			.zst_level = (int)v->zst_level } };
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

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	const char *read_dirs[] = { c->argv[0] };
	auto_yard struct yard y = YARD_INIT;
	struct import in;
	struct err ignored;
	int rc;

	if (parse(c, v, &in, e) < 0 ||
		cmd_open_writer(c, &v->common, read_dirs, 1, &y, e) < 0)
		return -1;
	rc = take_in(c, &y, &in, v->force, e);
	if (import_clean(&y, rc < 0 ? &ignored : e) < 0 && rc == 0)
		return -1;
	return rc < 0 ? err_wrap(e, "cannot import '%s'", in.file) : 0;
}

const struct command cmd_import = {
	.name = "import",
	.args = "FILE",
	.summary = "Take in a tarball, an OCI image or a squashfs without a recipe",
	.opts = opts,
	.values_size = sizeof(struct values),
	.defaults = &defaults,
	.min_args = 1,
	.max_args = 1,
	.run = run,
};
