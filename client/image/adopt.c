#include "client/image/adopt.h"

#include "client/image/imagefiles.h"
#include "client/image/metafiles.h"
#include "lib/base/fs.h"
#include "lib/base/tree.h"
#include "lib/model/manifest.h"

#include <fcntl.h>
#include <inttypes.h>

struct adopting {
	const struct adopt_job *job;
	struct stage stage;
	struct buf dropped;
};

static void moved(void *ctx, uint64_t bytes)
{
	const struct adopting *a = ctx;

	out_step(a->job->out, "unpack", bytes, 0, "B");
}

/* Records of incusfiles.h; what is none ends them. */
static void say_skipped(struct out *out, const char *files, size_t size)
{
	char path[257], when[16];
	size_t at = 0, len;
	int head;

	while (at < size) {
		if (sscanf(files + at, "%256s %15s %zu%n", path, when, &len, &head) != 3)
			return;
		at += (size_t)head + 1;
		if (at > size || len > size - at)
			return;
		if (strcmp(when, "skip") == 0)
			out_note(out, "the image's template of '%s' is left out: %.*s",
				path, (int)len, files + at);
		at += len + 1;
	}
}

static int keep_metafile(void *ctx, const char *name, struct bytes content, struct err *e)
{
	struct adopting *a = ctx;

	if (strcmp(name, METAFILE_FILES) == 0) {
		auto_buf struct buf text = BUF_INIT(METAFILES_BYTES_MAX + 1);

		buf_add(&text, content.data, content.len);
		say_skipped(a->job->out, buf_str(&text), text.len);
	}
	return imagefiles_meta(a->stage.dir_fd, name, content, &a->dropped, e);
}

/* Whose init restarts the system on SIGTERM. */
static bool is_busybox_link(const struct manifest_entry *entry)
{
	const char *slash = strrchr(entry->link, '/');

	return strcmp(slash ? slash + 1 : entry->link, "busybox") == 0;
}

/* What an operator of ours would have written into the image document. */
static void read_facts(const struct manifest *m, struct image_start *s)
{
	static const char *const systemd[] = { "lib/systemd/systemd",
		"usr/lib/systemd/systemd" };
	static const char *const other[] = { "sbin/init", "usr/sbin/init" };
	bool is_busybox = false;

	s->init = "";
	s->stop_signal = "SIGTERM";
	for (size_t i = 0; i < m->count; i++) {
		const char *path = m->entry[i].path;

		if (m->entry[i].mtime_s > s->epoch_s)
			s->epoch_s = m->entry[i].mtime_s;
		for (size_t k = 0; k < ARRAY_COUNT(systemd); k++)
			if (strcmp(path, systemd[k]) == 0)
				s->init = "systemd";
		for (size_t k = 0; k < ARRAY_COUNT(other); k++)
			if (strcmp(path, other[k]) == 0 && !*s->init) {
				s->init = "init";
				is_busybox = is_busybox_link(&m->entry[i]);
			}
	}
	if (strcmp(s->init, "systemd") == 0)
		s->stop_signal = "SIGRTMIN+3";
	else if (is_busybox)
		s->stop_signal = "SIGUSR2";
}

static int write_start(const struct adopting *a, int man_fd, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(MANIFEST_BYTES_MAX);
	auto_manifest struct manifest m;
	struct image_start facts = { .arch = a->job->image->arch };

	manifest_init(&m);
	if (lseek(man_fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot rewind 'rootfs.man'");
	if (fs_read_fd(man_fd, "rootfs.man", &text, e) < 0 ||
		manifest_parse(buf_bytes(&text), &m, e) < 0)
		return -1;
	read_facts(&m, &facts);
	return imagefiles_start(a->stage.dir_fd, &facts, e);
}

static int unpack(struct adopting *a, int man_fd, struct pulled *done, struct err *e)
{
	const struct adopt_job *job = a->job;
	struct unpack_watch watch = {
		.progress = moved, .metafile = keep_metafile, .ctx = a
	};
	struct unpack_job unpack = {
		.archive_fd = job->archive_fd,
		.coding = job->coding,
		.root_fd = a->stage.root_fd,
		.manifest_fd = man_fd,
		.derive = true,
		.meta_fd = job->meta_fd,
		.limits = UNPACK_LIMITS_HARD,
		.tree_flags = job->store->ids.full ? 0 : TREE_NO_CHOWN,
	};
	char size[32];

	if (unpacker_run(&unpack, &job->store->ids, &watch, &done->unpacked, e) < 0)
		return -1;
	out_step_done(job->out, "unpack", "%s in %" PRIu64 " entries",
		out_size(done->unpacked.bytes, size, sizeof(size)),
		done->unpacked.entries);
	return 0;
}

/* Under the lock of the id that turned out, until the ref is there. */
static int publish(struct adopting *a, int man_fd, struct pulled *done, struct err *e)
{
	const struct adopt_job *job = a->job;
	auto_stage struct stage claim = STAGE_INIT;
	char name[STORE_NAME_MAX];
	struct digest id;
	uint64_t size;
	int rc;

	if (digest_of_fd(man_fd, "rootfs.man", &id, &size, e) < 0)
		return -1;
	store_name(job->store, &id, name);
	digest_hex(&id, done->id);
	rc = store_doom(job->store, name, &claim, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return err_set(e, ERR_BUSY,
			"another process is making the same image '%.12s'", name);
	done->was_stored = store_has(job->store, name);
	memcpy(a->stage.name, name, sizeof(a->stage.name));
	if (!done->was_stored && store_publish(&a->stage, e) < 0)
		return -1;
	return store_set_ref(job->store, job->remote, job->image, job->serial, name, e);
}

static int make(struct adopting *a, struct pulled *done, struct err *e)
{
	auto_fd int man_fd = openat(a->stage.dir_fd, "rootfs.man",
		O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (man_fd < 0 || fchmod(man_fd, 0644) < 0)
		return err_sys(e, "cannot make 'rootfs.man'");
	if (unpack(a, man_fd, done, e) < 0 || write_start(a, man_fd, e) < 0)
		return -1;
	return publish(a, man_fd, done, e);
}

static void say_waiting(void *ctx)
{
	out_note(ctx, "another process is pulling the same image: waiting for it");
}

int adopt_image(const struct adopt_job *job, struct pulled *done, struct err *e)
{
	struct adopting a = {
		.job = job, .stage = STAGE_INIT, .dropped = BUF_INIT(4096)
	};
	auto_buf struct buf source = BUF_INIT(4096);
	char image[IMAGE_NAME_MAX], name[DIGEST_HEX];
	struct digest key;
	int rc;

	image_format(job->image, image);
	buf_printf(&source, "%s %s %s", job->remote, image, job->serial);
	key = digest_of(buf_bytes(&source));
	digest_hex(&key, name);
	done->image = *job->image;
	done->single_id = !job->store->ids.full;
	snprintf(done->serial, sizeof(done->serial), "%s", job->serial);
	rc = store_stage(job->store, name, say_waiting, job->out, &a.stage, e);
	if (rc == 0)
		rc = make(&a, done, e);
	if (rc == 0 && a.dropped.len > 0)
		out_note(job->out,
			"not believed: these settings of the image's config: %s",
			buf_str(&a.dropped));
	buf_release(&a.dropped);
	store_stage_release(&a.stage);
	return rc;
}
