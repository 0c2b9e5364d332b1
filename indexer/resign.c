#include "indexer/resign.h"

#include "indexer/emit.h"
#include "indexer/inode.h"
#include "lib/base/fs.h"

#include <fcntl.h>

#define FILES_MAX 64
#define SUMS_MAX  (64U << 10)
#define TEMP_NAME "resign.tmp"

/* One build's files, opened, with what the catalog says of them. */
struct papers {
	struct yard *yard;
	const struct catalog_build *build;
	struct notary_job job[FILES_MAX];
	char path[FILES_MAX][LAYOUT_PATH_MAX];
	struct digest want[FILES_MAX];
	size_t count;
	struct buf sums; /* SHA256SUMS as the catalog makes it again */
};

static void papers_release(struct papers *p)
{
	buf_release(&p->sums);
	for (size_t i = 0; i < p->count; i++) {
		buf_release(&p->job[i].asc);
		if (p->job[i].fd >= 0)
			close(p->job[i].fd);
	}
}

static int add(
	struct papers *p, const char *name, const struct digest *want, struct err *e)
{
	struct notary_job *job = &p->job[p->count];

	if (p->count == FILES_MAX)
		return err_set(e, ERR_LIMIT, "a build has more than %d files", FILES_MAX);
	*job = (struct notary_job)NOTARY_JOB_INIT;
	layout_artifact(&p->build->image, p->build->serial, name, p->path[p->count]);
	job->path = p->path[p->count];
	job->fd = fs_open_beneath(p->yard->public_fd, job->path, O_RDONLY, 0, e);
	if (job->fd < 0)
		return -1;
	if (want) {
		p->want[p->count] = *want;
		job->want = &p->want[p->count];
	}
	p->count++;
	return 0;
}

static int add_file(const struct catalog_file *f, void *ctx, struct err *e)
{
	struct papers *p = ctx;

	emit_sums(f, 1, &p->sums);
	return f->is_signed ? add(p, f->name, &f->sha256, e) : 0;
}

static int add_sums(struct papers *p, struct err *e)
{
	struct digest want = digest_of(buf_bytes(&p->sums));

	if (buf_check(&p->sums, "SHA256SUMS", e) < 0)
		return -1;
	return add(p, "SHA256SUMS", &want, e);
}

static int replace(struct papers *p, const char *path, struct bytes asc, struct err *e)
{
	int staging = p->yard->staging_fd;

	if (unlinkat(staging, TEMP_NAME, 0) < 0 && errno != ENOENT)
		return err_sys(e, "cannot remove 'staging/%s'", TEMP_NAME);
	if (inode_write(staging, TEMP_NAME, asc, 0, e) < 0)
		return -1;
	if (renameat(staging, TEMP_NAME, p->yard->public_fd, path) < 0)
		return err_sys(e, "cannot replace '%s'", path);
	return 0;
}

static int replace_all(struct papers *p, struct err *e)
{
	for (size_t i = 0; i < p->count; i++) {
		const struct notary_job *job = &p->job[i];
		auto_free char *asc = xasprintf("%s.asc", job->path);
		auto_free char *gpg = xasprintf("%s.gpg", job->path);

		if (replace(p, asc, buf_bytes(&job->asc), e) < 0)
			return -1;
		if (fs_exists_at(p->yard->public_fd, gpg) &&
			replace(p, gpg, buf_bytes(&job->asc), e) < 0)
			return -1;
	}
	return 0;
}

static int resign(
	struct yard *y, struct notary *n, const struct catalog_build *b, struct err *e)
{
	struct papers p = { .yard = y, .build = b, .sums = BUF_INIT(SUMS_MAX) };
	char dir[LAYOUT_PATH_MAX];
	int rc = catalog_file_walk(y->catalog, b->id, add_file, &p, e);

	layout_build(&b->image, b->serial, dir);
	if (rc == 0)
		rc = add_sums(&p, e);
	if (rc == 0)
		rc = notary_sign(n, p.job, p.count, e);
	if (rc == 0)
		rc = replace_all(&p, e);
	papers_release(&p);
	if (rc < 0 || fs_sync_dir_at(y->public_fd, dir, e) < 0)
		return err_wrap(e, "cannot sign '%s' anew", dir);
	return catalog_build_set_signer(y->catalog, b->id, n->asc_fpr, e);
}

int resign_builds(
	struct yard *y, const char *fpr, const struct resign_report *r, struct err *e)
{
	auto_notary struct notary n = { 0 };
	struct catalog_build b = { .id = 0 };
	struct err first = { 0 };
	int64_t all = 0, done = 0;
	int rc;

	if (catalog_build_count_unsigned(y->catalog, fpr, &all, e) < 0)
		return -1;
	if (all == 0)
		return 0;
	if (notary_open_as(y, fpr, &n, e) < 0)
		return -1;
	while ((rc = catalog_build_find_unsigned(y->catalog, fpr, b.id, &b, e)) > 0) {
		struct err why;

		if (resign(y, &n, &b, &why) == 0) {
			r->step((uint64_t)++done, (uint64_t)all, r->ctx);
			continue;
		}
		/* the disk or gpg, not this build: the others would fare no better */
		if (why.code == ERR_NOSPACE || why.code == ERR_AGAIN) {
			*e = why;
			return -1;
		}
		if (!first.code)
			first = why;
		r->spoilt(&why, r->ctx);
	}
	if (rc < 0 || !first.code)
		return rc;
	*e = first;
	return -1;
}
