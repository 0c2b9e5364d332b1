#include "client/image/stored.h"

#include "client/image/audit.h"
#include "client/image/confine.h"
#include "client/image/report.h"
#include "client/image/treetar.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/file.h>

#define MEMORY_MAX     (1536ULL << 20)
#define PROGRESS_EVERY (8U << 20)
#define DAMAGE_MAX     1000U

void stored_release(struct stored *s)
{
	auto_fd_cleanup(&s->dir_fd);
	auto_fd_cleanup(&s->root_fd);
	auto_fd_cleanup(&s->man_fd);
	*s = (struct stored)STORED_INIT;
}

/* ---- opening */

static int check_name(const struct stored *s, struct err *e)
{
	char hex[DIGEST_HEX];
	struct digest is;
	uint64_t size;

	if (digest_of_fd(s->man_fd, "rootfs.man", &is, &size, e) < 0)
		return -1;
	digest_hex(&is, hex);
	if (strncmp(hex, s->name, DIGEST_HEX - 1) != 0)
		return err_set(e, ERR_DAMAGED,
			"its manifest 'rootfs.man' has another content than was stored");
	return 0;
}

int stored_open(
	const struct store *store, const char *name, struct stored *out, struct err *e)
{
	auto_stored struct stored s = STORED_INIT;

	s.store = store;
	snprintf(s.name, sizeof(s.name), "%s", name);
	s.single_id = strlen(name) >= DIGEST_HEX;
	s.dir_fd = store_hold(store, name, LOCK_SH | LOCK_NB, e);
	if (s.dir_fd < 0)
		return -1;
	s.root_fd = fs_open_dir_at(s.dir_fd, "rootfs", e);
	if (s.root_fd < 0)
		return -1;
	s.man_fd = fs_open_beneath(s.dir_fd, "rootfs.man", O_RDONLY, 0, e);
	if (s.man_fd < 0 || check_name(&s, e) < 0)
		return -1;
	*out = s;
	s = (struct stored)STORED_INIT;
	return 0;
}

/* ---- in the child */

struct work {
	int root_fd, man_fd, out_fd;
	bool single_id;
	bool piped; /* to who reads it; nobody listens before the end */
	int report_fd;
	uint64_t reported;
	unsigned int damages;
	uint64_t file_max;
	/* of usage */
	const struct usage_image *images;
	size_t count;
};

static int confine_work(const struct work *w, struct err *e)
{
	struct confine c = {
		.root_fd = w->root_fd,
		.fd = { w->man_fd, w->out_fd, w->report_fd, -1, -1, -1 },
		.file_max = w->file_max,
		.memory_max = MEMORY_MAX,
	};

	return confine_enter(&c, e);
}

static int report_moved(void *ctx, uint64_t bytes, struct err *e)
{
	struct work *w = ctx;

	if (w->piped || bytes < w->reported + PROGRESS_EVERY)
		return 0;
	w->reported = bytes;
	return report_send(w->report_fd, REPORT_PROGRESS, &bytes, sizeof(bytes), e);
}

static int report_damage(void *ctx, const char *sentence, struct err *e)
{
	struct work *w = ctx;

	if (w->damages++ >= DAMAGE_MAX)
		return 0;
	return report_send(
		w->report_fd, REPORT_DAMAGE, sentence, strlen(sentence) + 1, e);
}

static int read_manifest(const struct work *w, struct manifest *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(MANIFEST_BYTES_MAX);

	if (lseek(w->man_fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot rewind 'rootfs.man'");
	if (fs_read_fd(w->man_fd, "rootfs.man", &text, e) < 0)
		return -1;
	if (manifest_parse(buf_bytes(&text), out, e) == 0)
		return 0;
	e->code = ERR_DAMAGED;
	return err_wrap(e, "the stored manifest");
}

static int audit_child(void *ctx, int report_fd, struct err *e)
{
	struct work *w = ctx;
	auto_manifest struct manifest m;
	struct audit_job job = {
		.root_fd = w->root_fd, .manifest = &m, .single_id = w->single_id
	};
	struct audit_watch watch = {
		.damage = report_damage, .moved = report_moved, .ctx = w
	};

	manifest_init(&m);
	w->report_fd = report_fd;
	if (confine_work(w, e) < 0 || read_manifest(w, &m, e) < 0 ||
		audit_run(&job, &watch, e) < 0)
		return -1;
	return report_send(report_fd, REPORT_DONE, "", 1, e);
}

static int tar_child(void *ctx, int report_fd, struct err *e)
{
	struct work *w = ctx;
	auto_manifest struct manifest m;
	struct treetar_watch watch = { .moved = report_moved, .ctx = w };
	struct writer to = writer_of_fd(&w->out_fd);
	struct digest is;
	uint64_t size;

	manifest_init(&m);
	w->report_fd = report_fd;
	if (confine_work(w, e) < 0 || read_manifest(w, &m, e) < 0)
		return -1;
	if (treetar_write(w->root_fd, &m, &to, &watch, &is, &size, e) < 0) {
		if (w->piped && e->sys == EPIPE)
			e->code = ERR_INTERRUPTED;
		return -1;
	}
	if (!digest_equal(&is, &m.diff_id))
		return err_set(
			e, ERR_DAMAGED, "the tree makes another tar than was stored");
	return report_send(report_fd, REPORT_DONE, &is, sizeof(is), e);
}

static int usage_child(void *ctx, int report_fd, struct err *e)
{
	struct work *w = ctx;
	struct usage_row *rows = xcalloc(w->count + 1, sizeof(*rows));
	int rc;

	w->report_fd = report_fd;
	rc = confine_work(w, e) < 0 ||
			     usage_count(w->root_fd, w->images, w->count, rows, e) < 0
		     ? -1
		     : 0;
	for (size_t i = 0; rc == 0 && i <= w->count; i++)
		rc = report_send(report_fd, REPORT_USAGE, &rows[i], sizeof(rows[i]), e);
	free(rows);
	return rc < 0 ? -1 : report_send(report_fd, REPORT_DONE, "", 1, e);
}

/* ---- in the parent */

struct hearing {
	const struct stored_watch *watch;
	struct usage_row *rows;
	size_t count, room;
	struct digest *diff_id;
};

static int no_report(struct err *e)
{
	return err_set(e, ERR_DAMAGED, "the child sent a report that is none");
}

static int hear_done(const struct hearing *h, struct bytes payload, struct err *e)
{
	if (h->diff_id) {
		if (payload.len != sizeof(*h->diff_id))
			return no_report(e);
		memcpy(h->diff_id, payload.data, sizeof(*h->diff_id));
	}
	return h->count == h->room ? 0 : no_report(e);
}

/* 1: go on. */
static int hear_one(
	struct hearing *h, enum report_kind kind, struct bytes payload, struct err *e)
{
	uint64_t bytes;

	switch (kind) {
	case REPORT_PROGRESS:
		if (!h->watch || payload.len != sizeof(bytes))
			return no_report(e);
		memcpy(&bytes, payload.data, sizeof(bytes));
		h->watch->progress(h->watch->ctx, bytes);
		return 1;
	case REPORT_DAMAGE:
		if (!h->watch || !h->watch->damage ||
			payload.data[payload.len - 1] != '\0')
			return no_report(e);
		h->watch->damage(h->watch->ctx, (const char *)payload.data);
		return 1;
	case REPORT_USAGE:
		if (h->count == h->room || payload.len != sizeof(*h->rows))
			return no_report(e);
		memcpy(&h->rows[h->count++], payload.data, sizeof(*h->rows));
		return 1;
	case REPORT_DONE:
		return hear_done(h, payload, e);
	case REPORT_FAIL:
		return report_error(payload, e);
	default:
		return no_report(e);
	}
}

static int hear(struct hearing *h, int fd, struct err *e)
{
	auto_buf struct buf payload = BUF_INIT(REPORT_MAX);
	enum report_kind kind;
	int rc;

	while ((rc = report_next(fd, &kind, &payload, e)) == 1) {
		rc = hear_one(h, kind, buf_bytes(&payload), e);
		if (rc <= 0)
			return rc;
	}
	return rc == 0 ? err_set(e, ERR_FAILED, "the child ended without a word") : -1;
}

static int wait_for(struct confined *child, struct hearing *h, struct err *e)
{
	struct err said, ended;
	int rc = hear(h, child->report_fd, &said);
	int end = confined_end(child, &ended);

	if (rc == 0 && end == 0)
		return 0;
	*e = rc < 0 ? said : ended;
	return -1;
}

static int run(const struct store *s, int (*fn)(void *ctx, int report_fd, struct err *e),
	struct work *w, struct hearing *h, struct err *e)
{
	struct confined child;

	if (confined_start(&s->ids, fn, w, &child, e) < 0)
		return -1;
	return wait_for(&child, h, e);
}

int stored_audit(const struct stored *s, const struct stored_watch *watch, struct err *e)
{
	struct work w = { .root_fd = s->root_fd,
		.man_fd = s->man_fd,
		.out_fd = -1,
		.single_id = s->single_id };
	struct hearing h = { .watch = watch };

	return run(s->store, audit_child, &w, &h, e);
}

int stored_tar(const struct stored *s, int out_fd, const struct stored_watch *watch,
	struct digest *diff_id, struct err *e)
{
	struct work w = { .root_fd = s->root_fd,
		.man_fd = s->man_fd,
		.out_fd = out_fd,
		.file_max = 64ULL << 30 };
	struct hearing h = { .watch = watch, .diff_id = diff_id };

	return run(s->store, tar_child, &w, &h, e);
}

int stored_tar_begin(
	const struct stored *s, int out_fd, struct confined *out, struct err *e)
{
	struct work w = { .root_fd = s->root_fd,
		.man_fd = s->man_fd,
		.out_fd = out_fd,
		.piped = true };

	return confined_start(&s->store->ids, tar_child, &w, out, e);
}

int stored_tar_end(struct confined *child, struct err *e)
{
	struct digest is;
	struct hearing h = { .diff_id = &is };

	return wait_for(child, &h, e);
}

int stored_usage(const struct store *s, const struct usage_image *images, size_t count,
	struct usage_row *rows, struct err *e)
{
	struct work w = { .root_fd = s->images_fd,
		.man_fd = -1,
		.out_fd = -1,
		.images = images,
		.count = count };
	struct hearing h = { .rows = rows, .room = count + 1 };

	return run(s, usage_child, &w, &h, e);
}
