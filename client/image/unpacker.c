#include "client/image/unpacker.h"

#include "client/image/metafiles.h"
#include "client/image/report.h"

/* Beside what a decoder takes (128 MiB of window, 512 MiB for xz): a manifest of 500,000
 * entries, parsed. */
#define MEMORY_MAX (1536ULL << 20)
#define FILE_MIN   (1ULL << 20)

int unpack_coding_of(const char *name, enum unpack_coding *out, struct err *e)
{
	static const struct {
		const char *end;
		enum unpack_coding coding;
	} ends[] = {
		{ ".tar", UNPACK_TAR },
		{ ".tar.xz", UNPACK_XZ },
		{ ".tar.zst", UNPACK_ZST },
	};
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
		size_t n = strlen(ends[i].end);

		if (len > n && strcmp(name + len - n, ends[i].end) == 0) {
			*out = ends[i].coding;
			return 0;
		}
	}
	return err_set(e, ERR_USAGE,
		"cannot tell how '%s' is packed: its name must end in .tar, .tar.xz or "
		".tar.zst",
		name);
}

static int work(void *ctx, int report_fd, struct err *e)
{
	const struct unpack_job *job = ctx;
	uint64_t size = job->limits.unpacked_size;
	struct confine c = {
		.root_fd = job->root_fd,
		.fd = { job->archive_fd, job->manifest_fd, job->meta_fd, report_fd, -1,
			-1 },
		.file_max = size > FILE_MIN ? size : FILE_MIN,
		.memory_max = MEMORY_MAX,
	};

	if (job->gate)
		c.fd[4] = job->gate->in_fd;
	if (job->coding == UNPACK_DELTA) {
		c.fd[4] = job->base_fd;
		c.fd[5] = job->base_manifest_fd;
	}
	if (confine_enter(&c, e) < 0)
		return -1;
	return unpack_run(job, report_fd, e);
}

static int take_metafile(
	const struct unpack_watch *watch, struct bytes payload, struct err *e)
{
	const unsigned char *end = memchr(payload.data, '\0', payload.len);
	const char *name = (const char *)payload.data;
	size_t skip;

	if (!end || !metafile_is_known(name))
		return err_set(
			e, ERR_DAMAGED, "the unpacker sent a file with no such name");
	skip = (size_t)(end - payload.data) + 1;
	return watch->metafile(
		watch->ctx, name, bytes_of(payload.data + skip, payload.len - skip), e);
}

/* 1: go on. */
static int take_report(enum report_kind kind, struct bytes payload,
	const struct unpack_watch *watch, struct unpack_done *done, struct err *e)
{
	uint64_t bytes;

	switch (kind) {
	case REPORT_PROGRESS:
		if (payload.len != sizeof(bytes))
			break;
		memcpy(&bytes, payload.data, sizeof(bytes));
		watch->progress(watch->ctx, bytes);
		return 1;
	case REPORT_META:
		return take_metafile(watch, payload, e) < 0 ? -1 : 1;
	case REPORT_DONE:
		if (payload.len != sizeof(*done))
			break;
		memcpy(done, payload.data, sizeof(*done));
		return 0;
	case REPORT_FAIL:
		return report_error(payload, e);
	case REPORT_DAMAGE:
	case REPORT_USAGE:
		break;
	}
	return err_set(e, ERR_DAMAGED, "the unpacker sent a report that is none");
}

/* 1: it ended without a last word, as one does that is ended from outside. */
static int listen_to(
	int fd, const struct unpack_watch *watch, struct unpack_done *done, struct err *e)
{
	auto_buf struct buf payload = BUF_INIT(REPORT_MAX);
	enum report_kind kind;
	int rc;

	while ((rc = report_next(fd, &kind, &payload, e)) == 1) {
		rc = take_report(kind, buf_bytes(&payload), watch, done, e);
		if (rc <= 0)
			return rc;
	}
	return rc == 0 ? 1 : -1;
}

int unpacker_start(const struct unpack_job *job, const struct subids *ids,
	struct confined *out, struct err *e)
{
	struct unpack_job copy = *job;

	return confined_start(ids, work, &copy, out, e);
}

int unpacker_end(struct confined *child, const struct unpack_watch *watch,
	struct unpack_done *done, struct err *e)
{
	struct unpack_done heard = { 0 };
	struct err said, ended;
	int rc, end;

	rc = listen_to(child->report_fd, watch, &heard, &said);
	end = confined_end(child, &ended);
	if (rc == 0 && end == 0) {
		*done = heard;
		return 0;
	}
	if (rc < 0)
		*e = said;
	else if (end < 0)
		*e = ended;
	else
		return err_set(e, ERR_FAILED, "the unpacker ended without a word");
	return -1;
}

int unpacker_run(const struct unpack_job *job, const struct subids *ids,
	const struct unpack_watch *watch, struct unpack_done *done, struct err *e)
{
	struct confined child;

	if (unpacker_start(job, ids, &child, e) < 0)
		return -1;
	return unpacker_end(&child, watch, done, e);
}
