#include "indexer/fsck.h"

#include "indexer/inode.h"
#include "indexer/pages.h"
#include "lib/base/fs.h"

#include <fcntl.h>

#define PAGE_MAX (8U << 20)

/* Another version of this program may have made it: then its mark is right. */
static bool is_as_written(struct fsck *f, const char *path, const struct digest *have)
{
	struct digest mark;
	struct err ignored;
	auto_fd int fd = fs_open_beneath(f->yard->public_fd, path, O_RDONLY, 0, &ignored);

	return fd >= 0 && inode_read_mark(fd, path, &mark, &ignored) == 0 &&
	       digest_equal(&mark, have);
}

void fsck_derived(struct fsck *f, const char *path, struct bytes want)
{
	auto_buf struct buf have = BUF_INIT(PAGE_MAX);
	struct digest d;
	struct err why;

	f->checked++;
	if (fs_read_at(f->yard->public_fd, path, &have, &why) < 0) {
		fsck_find(f, "F8", path, "%s; run 'fsck --repair'", why.text);
	} else if (bytes_equal(buf_bytes(&have), want)) {
		return;
	} else {
		d = digest_of(buf_bytes(&have));
		if (is_as_written(f, path, &d))
			return;
		fsck_find(f, "F8", path,
			"is not what the catalog makes; run 'fsck --repair'");
	}
	fsck_rewrite(f, path, want);
}

static int check_page(const char *path, struct bytes text, void *ctx, struct err *e)
{
	(void)e;
	fsck_derived(ctx, path, text);
	return 0;
}

int fsck_pages(struct fsck *f, struct err *e)
{
	struct catalog_generation live;
	int rc;

	/* what waits has other pages */
	if (f->quick || f->is_pending)
		return 0;
	rc = catalog_generation_find(f->yard->catalog, "live", &live, e);
	if (rc <= 0 || live.number != f->live)
		return rc < 0 ? -1 : 0;
	return pages_walk(f->yard, &live, check_page, f, e);
}
