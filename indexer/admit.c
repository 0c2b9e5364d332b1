#include "indexer/admit.h"

#include "indexer/admit_compare.h"
#include "indexer/build_facts.h"
#include "indexer/combine.h"
#include "indexer/derive.h"
#include "indexer/emit.h"
#include "indexer/inode.h"
#include "indexer/intake.h"
#include "lib/base/fs.h"

#include <fcntl.h>

#define SUMS_MAX (16U << 10)
#define LEVELS   5 /* distro release arch variant serial */

struct admission {
	struct intake in;
	char stage[SERIAL_MAX + 8];
	struct build_facts facts;
	unsigned int flags;
	bool is_held;
	const char *signer; /* whose .asc it carries */
};

/* The last five components of the directory's real path. */
static int name_of_path(
	const char *dir, struct image *image, char serial[SERIAL_MAX], struct err *e)
{
	auto_free char *path = realpath(dir, NULL);
	char name[IMAGE_NAME_MAX];
	char *at, *slash;

	if (!path)
		return err_sys(e, "cannot open '%s'", dir);
	at = path + strlen(path);
	for (int i = 0; i < LEVELS; i++)
		while (at > path && *--at != '/')
			;
	slash = strrchr(path, '/');
	if (*at != '/' || at == slash || !serial_is_valid(slash + 1) ||
		strlen(slash + 1) >= SERIAL_MAX || (size_t)(slash - at) > sizeof(name))
		goto unnamed;

	snprintf(serial, SERIAL_MAX, "%s", slash + 1);
	snprintf(name, sizeof(name), "%.*s", (int)(slash - at - 1), at + 1);
	return image_parse(name, image, e);

unnamed:
	return err_set(e, ERR_USAGE,
		"cannot tell which image '%s' is: name a directory "
		"DISTRO/RELEASE/ARCH/VARIANT/SERIAL",
		dir);
}

static int check_name(const struct build *b, const struct image *image,
	const char *serial, struct err *e)
{
	char claimed[IMAGE_NAME_MAX];

	if (image_equal(&b->image, image) && strcmp(b->serial, serial) == 0)
		return 0;
	image_format(&b->image, claimed);
	return err_set(e, ERR_UNTRUSTED,
		"'build.json' says that it is '%s@%s', which is not its directory",
		claimed, b->serial);
}

static bool has_failed(const struct build *b)
{
	return strcmp(b->result, "ok") != 0 || strcmp(b->test_result, "failed") == 0;
}

static int add_event(
	struct yard *y, const char *kind, const struct admitted *of, struct err *e)
{
	struct catalog_event v = { .at_s = y->now_s,
		.kind = kind,
		.image = of->name,
		.serial = of->serial,
		.message = of->message };

	return catalog_event_add(y->catalog, &v, e);
}

static int record_failure(
	struct yard *y, const struct build *b, struct admitted *out, struct err *e)
{
	int rc;

	snprintf(out->message, sizeof(out->message), "%s: %s", b->class,
		b->message[0] ? b->message : "no message");
	if (catalog_begin(y->catalog, e) < 0)
		return -1;
	rc = add_event(y, "failed", out, e);
	if (rc < 0) {
		catalog_rollback(y->catalog);
		return -1;
	}
	out->result = ADMIT_FAILED;
	out->is_new_event = rc == 1;
	return catalog_commit(y->catalog, e);
}

/* 1 it is there with these bytes, 0 it is not. */
static int is_known(struct admission *a, int64_t *id, struct err *e)
{
	struct intake *in = &a->in;
	struct digest have;
	uint64_t size;
	int rc = catalog_build_find(
		in->yard->catalog, &in->build.image, in->build.serial, id, e);

	if (rc <= 0)
		return rc;
	if (catalog_file_find(in->yard->catalog, *id, "build.json", &have, &size, e) < 0)
		return -1;
	if (!digest_equal(&have, &in->build_json))
		return err_set(e, ERR_CONFLICT,
			"serial '%s' is admitted already with another content: a serial "
			"is never "
			"used twice",
			in->build.serial);
	return 1;
}

static int open_stage(struct admission *a, struct err *e)
{
	int staging = a->in.yard->staging_fd;

	snprintf(a->stage, sizeof(a->stage), "%s.tmp", a->in.build.serial);
	if (fs_remove_tree(staging, a->stage, e) < 0 ||
		fs_mkdirs(staging, a->stage, 0755, e) < 0)
		return -1;
	a->in.stage_fd = fs_open_dir_at(staging, a->stage, e);
	return a->in.stage_fd < 0 ? -1 : 0;
}

static int by_name(const void *a, const void *b)
{
	const struct catalog_file *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* What of a build is signed for, opened: its listed files, then SHA256SUMS. */
struct paper {
	struct notary_job job[INTAKE_FILES_MAX + 1];
	char path[INTAKE_FILES_MAX + 1][LAYOUT_PATH_MAX];
	size_t count;
};

static void paper_release(struct paper *p)
{
	for (size_t i = 0; i < p->count; i++) {
		buf_release(&p->job[i].asc);
		if (p->job[i].fd >= 0)
			close(p->job[i].fd);
	}
}

static int paper_add(
	struct paper *p, const struct admission *a, const char *name, struct err *e)
{
	struct notary_job *job = &p->job[p->count];

	*job = (struct notary_job)NOTARY_JOB_INIT;
	layout_artifact(&a->in.build.image, a->in.build.serial, name, p->path[p->count]);
	job->path = p->path[p->count++];
	job->fd = fs_open_beneath(a->in.stage_fd, name, O_RDONLY, 0, e);
	return job->fd < 0 ? -1 : 0;
}

static int write_asc(struct admission *a, const struct notary_job *job, struct err *e)
{
	const char *name = strrchr(job->path, '/') + 1;
	auto_free char *asc_name = xasprintf("%s.asc", name);
	int stage = a->in.stage_fd;

	if (inode_write(stage, asc_name, buf_bytes(&job->asc), 0, e) < 0)
		return -1;
	if (strcmp(name, "SHA256SUMS") != 0)
		return 0;
	/* systemd-pull asks for this name */
	return inode_write(stage, "SHA256SUMS.gpg", buf_bytes(&job->asc), 0, e);
}

static int sign_paper(
	struct admission *a, struct notary *n, struct paper *p, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(SUMS_MAX);

	emit_sums(a->in.file, a->in.count, &text);
	if (buf_check(&text, "SHA256SUMS", e) < 0 ||
		inode_write(a->in.stage_fd, "SHA256SUMS", buf_bytes(&text), INODE_MARKED,
			e) < 0)
		return -1;
	for (size_t i = 0; i < a->in.count; i++)
		if (a->in.file[i].is_signed && paper_add(p, a, a->in.file[i].name, e) < 0)
			return -1;
	if (paper_add(p, a, "SHA256SUMS", e) < 0 ||
		notary_sign(n, p->job, p->count, e) < 0)
		return -1;
	for (size_t i = 0; i < p->count; i++)
		if (write_asc(a, &p->job[i], e) < 0)
			return -1;
	return fs_sync(a->in.stage_fd, a->stage, e);
}

static int sign_all(struct admission *a, struct notary_slot *slot, struct err *e)
{
	struct paper paper = { .count = 0 };
	int rc;

	if (!slot->is_open &&
		notary_open(a->in.yard, NOTARY_SIGN | NOTARY_FRESH, &slot->notary, e) < 0)
		return -1;
	slot->is_open = true;
	a->signer = slot->notary.asc_fpr;
	/* as the catalog lists them, so that SHA256SUMS can be made again from it */
	qsort(a->in.file, a->in.count, sizeof(a->in.file[0]), by_name);
	rc = sign_paper(a, &slot->notary, &paper, e);
	paper_release(&paper);
	return rc;
}

static int insert(
	struct admission *a, const char *path, const struct admitted *out, struct err *e)
{
	const struct build *b = &a->in.build;
	struct catalog *c = a->in.yard->catalog;
	struct catalog_build row;

	if (build_facts_row(b, &a->facts, &row, e) < 0)
		return -1;
	row.state = a->is_held ? "held" : "active";
	row.admitted_s = a->in.yard->now_s;
	row.signer = a->signer;
	if (catalog_build_add(c, &row, a->in.file, a->in.count, e) < 0 ||
		build_facts_put_packages(c, b, &a->facts, e) < 0 ||
		catalog_intent_drop(c, path, e) < 0)
		return -1;
	return add_event(a->in.yard, a->is_held ? "held" : "admitted", out, e) < 0 ? -1
										   : 0;
}

/* Every directory above, so that a new distribution survives a power cut as well. */
static int sync_parents(int public_fd, const char *path, struct err *e)
{
	char part[LAYOUT_PATH_MAX];

	snprintf(part, sizeof(part), "%s", path);
	for (char *slash; (slash = strrchr(part, '/'));) {
		if (fs_sync_dir_at(public_fd, part, e) < 0)
			return -1;
		*slash = '\0';
	}
	return 0;
}

static int run_commit(struct catalog *c, int rc, struct err *e)
{
	if (rc == 0)
		return catalog_commit(c, e);
	catalog_rollback(c);
	return -1;
}

/* P2 and P3. The intent lets a start after a kill tell this directory from others without
 * looking at all of them. */
static int make_visible(struct admission *a, const struct admitted *out, struct err *e)
{
	struct yard *y = a->in.yard;
	char path[LAYOUT_PATH_MAX], parent[LAYOUT_PATH_MAX];

	layout_build(&a->in.build.image, a->in.build.serial, path);
	snprintf(parent, sizeof(parent), "%s", path);
	*strrchr(parent, '/') = '\0';

	if (catalog_intent_put(y->catalog, path, e) < 0 ||
		fs_mkdirs(y->public_fd, parent, 0755, e) < 0)
		return -1;
	if (renameat(y->staging_fd, a->stage, y->public_fd, path) < 0)
		return err_sys(e, "cannot move the build to '%s'", path);
	if (sync_parents(y->public_fd, path, e) < 0 ||
		fs_sync(y->staging_fd, YARD_STAGING, e) < 0)
		return -1;

	if (catalog_begin(y->catalog, e) < 0)
		return -1;
	return run_commit(y->catalog, insert(a, path, out, e), e);
}

/* Far from the last good build? Then a person shall look at it first. */
static int compare_with_last(struct admission *a, struct admitted *out, struct err *e)
{
	struct yard *y = a->in.yard;
	struct build_measure last = { .packages = -1 };
	struct build_measure now = { .unpacked_size = a->in.build.unpacked_size,
		.packages = build_artifact(&a->in.build, BUILD_PACKAGES)
				    ? (int64_t)a->facts.packages.count
				    : -1 };
	int rc;

	if (a->flags & ADMIT_FORCE)
		return 0;
	rc = admit_last_good(y->catalog, &a->in.build.image, &last, e);
	if (rc > 0)
		a->is_held = admit_is_off(&last, &now, y->site.hold_percent, out->message,
			sizeof(out->message));
	return rc < 0 ? -1 : 0;
}

static int admit_new(struct admission *a, struct notary_slot *slot, struct admitted *out,
	struct err *e)
{
	if (intake_check_space(&a->in, e) < 0 || open_stage(a, e) < 0 ||
		intake_take(&a->in, e) < 0 ||
		build_facts_read(a->in.stage_fd, &a->in.build, &a->facts, e) < 0 ||
		admit_tree(a->in.stage_fd, &a->in.build, a->facts.tree.tar_size, e) < 0 ||
		(build_artifact(&a->in.build, "rootfs.squashfs") &&
			admit_squashfs(a->in.stage_fd, &a->facts.tree, e) < 0) ||
		combine_files(a->in.stage_fd, a->in.file, a->in.count, e) < 0 ||
		derive_files(&a->in, &a->facts.tree, e) < 0)
		return -1;
	if (compare_with_last(a, out, e) < 0 || sign_all(a, slot, e) < 0 ||
		make_visible(a, out, e) < 0)
		return -1;

	for (size_t i = 0; i < a->in.count; i++)
		out->size += a->in.file[i].size;
	out->linked = a->in.linked;
	out->result = a->is_held ? ADMIT_HELD : ADMIT_DONE;
	return 0;
}

/* What was held back is let go by the word of the same person who may force it in. */
static int release_held(
	struct admission *a, int64_t id, struct admitted *out, struct err *e)
{
	struct catalog *c = a->in.yard->catalog;
	char state[16];
	int rc = catalog_build_state(c, id, state, sizeof(state), e);

	if (rc < 0 || !(a->flags & ADMIT_FORCE) || strcmp(state, "held") != 0)
		return rc;
	if (catalog_begin(c, e) < 0)
		return -1;
	rc = catalog_build_set_state(c, id, "active", e);
	if (rc == 0)
		rc = add_event(a->in.yard, "admitted", out, e) < 0 ? -1 : 0;
	out->result = ADMIT_RELEASED;
	return run_commit(c, rc, e);
}

static int judge(struct admission *a, struct notary_slot *slot, const struct image *image,
	struct admitted *out, struct err *e)
{
	struct build *b = &a->in.build;
	int64_t id = 0;
	int rc;

	if (intake_read_build(&a->in, e) < 0 || check_name(b, image, out->serial, e) < 0)
		return -1;
	if (has_failed(b))
		return record_failure(a->in.yard, b, out, e);

	rc = is_known(a, &id, e);
	if (rc < 0)
		return -1;
	if (rc > 0) {
		out->result = ADMIT_KNOWN;
		return release_held(a, id, out, e);
	}
	return admit_new(a, slot, out, e);
}

int admit_build(struct yard *y, struct notary_slot *slot, const char *dir,
	unsigned int flags, struct admitted *out, struct err *e)
{
	struct admission a = { .in = { .yard = y, .in_fd = -1, .stage_fd = -1 },
		.flags = flags };
	struct image image;
	struct err ignored;
	int rc;

	*out = (struct admitted){ .result = ADMIT_DONE };
	if (name_of_path(dir, &image, out->serial, e) < 0)
		return -1;
	image_format(&image, out->name);
	a.in.in_fd = fs_open_dir(dir, e);
	if (a.in.in_fd < 0)
		return err_wrap(e, "cannot admit '%s@%s'", out->name, out->serial);

	build_init(&a.in.build);
	rc = judge(&a, slot, &image, out, e);
	if (rc < 0) {
		err_wrap(e, "cannot admit '%s@%s'", out->name, out->serial);
		if (a.stage[0] && fs_remove_tree(y->staging_fd, a.stage, &ignored) < 0)
			err_wrap(e, "%s", ignored.text);
	}
	build_release(&a.in.build);
	build_facts_release(&a.facts);
	close(a.in.in_fd);
	if (a.in.stage_fd >= 0)
		close(a.in.stage_fd);
	return rc;
}
