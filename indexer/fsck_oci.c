#include "indexer/catalog_oci.h"
#include "indexer/fsck.h"
#include "indexer/stage_oci.h"

#include "lib/base/fs.h"

#include <fcntl.h>

/* The same inode as a build's file, which is checked there. */
static bool is_link(struct fsck *f, const struct catalog_oci *o, const char *path)
{
	char other[LAYOUT_PATH_MAX];
	struct stat a, b;
	struct err ignored;

	return catalog_object_find(f->yard->catalog, &o->blob.sha256, o->blob.size, other,
		       &ignored) > 0 &&
	       fstatat(f->yard->public_fd, path, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(f->yard->public_fd, other, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	       a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

/* It has the bytes of a manifest, under another name. */
static void mend_copy(
	struct fsck *f, const char *path, const char *manifest, const struct digest *want)
{
	auto_buf struct buf text = BUF_INIT(OCI_DOC_MAX);
	struct err ignored;
	struct digest d;

	if (fs_read_at(f->yard->public_fd, manifest, &text, &ignored) < 0)
		return;
	d = digest_of(buf_bytes(&text));
	if (digest_equal(&d, want))
		fsck_rewrite(f, path, buf_bytes(&text));
}

/* F2: another name of the index with this digest. */
static void check_copy(
	struct fsck *f, const char *path, const char *distro, const struct digest *want)
{
	auto_buf struct buf text = BUF_INIT(OCI_DOC_MAX);
	char manifest[LAYOUT_PATH_MAX];
	struct err why;
	struct digest d;

	f->checked++;
	layout_manifest(distro, want, manifest);
	if (fs_read_at(f->yard->public_fd, path, &text, &why) < 0) {
		fsck_find(f, "F2", path, "%s; copy it from '%s'", why.text, manifest);
		mend_copy(f, path, manifest, want);
		return;
	}
	d = digest_of(buf_bytes(&text));
	if (digest_equal(&d, want))
		return;
	fsck_find(f, "F2", path,
		"untrusted: is not the index that the catalog gave it; copy it from '%s'",
		manifest);
	mend_copy(f, path, manifest, want);
}

static int check_content(const struct catalog_oci *o, void *ctx, struct err *e)
{
	char path[LAYOUT_PATH_MAX];
	struct fsck *f = ctx;

	(void)e;
	oci_role_path(o->role, o->distro, &o->blob.sha256, path);
	if (!is_link(f, o, path))
		fsck_content(f, path, o->blob.size, &o->blob.sha256);
	if (strcmp(o->role, OCI_ROLE_INDEX) != 0)
		return 0;
	layout_index(o->distro, &o->blob.sha256, path);
	check_copy(f, path, o->distro, &o->blob.sha256);
	return 0;
}

struct tags {
	struct fsck *f;
	char last[IMAGE_PART_MAX + 1]; /* the distribution whose list was looked at */
};

/* F8: the list follows from the catalog. */
static int check_list(struct fsck *f, const char *distro, struct err *e)
{
	auto_buf struct buf want = BUF_INIT(OCI_DOC_MAX), have = BUF_INIT(OCI_DOC_MAX);
	char path[LAYOUT_PATH_MAX];
	struct err why;

	if (oci_tag_list(f->yard->catalog, distro, &want, e) < 0)
		return -1;
	f->checked++;
	layout_tags(distro, path);
	if (fs_read_at(f->yard->public_fd, path, &have, &why) < 0)
		fsck_find(f, "F8", path, "%s; run 'fsck --repair'", why.text);
	else if (!bytes_equal(buf_bytes(&have), buf_bytes(&want)))
		fsck_find(f, "F8", path,
			"does not list the tags of the catalog; run 'fsck --repair'");
	else
		return 0;
	fsck_rewrite(f, path, buf_bytes(&want));
	return 0;
}

static int check_tag(const struct catalog_tag *t, void *ctx, struct err *e)
{
	char path[LAYOUT_PATH_MAX];
	struct tags *tags = ctx;

	layout_tag(t->group.distro, t->tag, path);
	check_copy(tags->f, path, t->group.distro, &t->index);
	if (strcmp(tags->last, t->group.distro) == 0)
		return 0;
	snprintf(tags->last, sizeof(tags->last), "%s", t->group.distro);
	return check_list(tags->f, t->group.distro, e);
}

/* F8: what refers to the images of a build. */
static int check_referrers(const struct catalog_build *b, void *ctx, struct err *e)
{
	static const char *const roles[] = { "image.gz", "image.zst" };
	struct fsck *f = ctx;

	for (size_t i = 0; i < ARRAY_COUNT(roles); i++) {
		auto_buf struct buf text = BUF_INIT(OCI_DOC_MAX);
		char path[LAYOUT_PATH_MAX];
		struct oci_blob image;
		int rc = catalog_oci_find(f->yard->catalog, b->id, roles[i], &image, e);

		if (rc < 0)
			return -1;
		if (rc == 0)
			continue;
		if (oci_referrers(f->yard->catalog, b, &image, &text, e) < 0)
			return -1;
		layout_referrers(b->image.distro, &image.sha256, path);
		fsck_derived(f, path, buf_bytes(&text));
	}
	return 0;
}

int fsck_oci(struct fsck *f, struct err *e)
{
	struct catalog_generation g;
	struct tags tags = { .f = f };
	int rc = catalog_generation_find(f->yard->catalog, "staged", &g, e);

	/* what is staged may not be written yet */
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (catalog_oci_walk(f->yard->catalog, check_content, f, e) < 0)
		return -1;
	if (catalog_tag_walk(f->yard->catalog, NULL, check_tag, &tags, e) < 0)
		return -1;
	/* what a static server answers when an engine asks for /v2/ */
	if (tags.last[0])
		fsck_derived(f, "v2/index.html", bytes_of_str(OCI_EMPTY_TEXT));
	if (f->quick)
		return 0;
	return catalog_build_walk(f->yard->catalog, NULL, check_referrers, f, e);
}

/* v2/REPO/KIND/NAME */
int fsck_oci_knows(struct fsck *f, const char *path, struct err *e)
{
	struct catalog *c = f->yard->catalog;
	char repo[IMAGE_PART_MAX + 1], kind[16], name[OCI_TAG_MAX];
	struct catalog_tag tag;
	struct err ignored;
	struct digest d;
	int end = 0;

	if (strcmp(path, "v2/index.html") == 0)
		return 1;
	if (sscanf(path, "v2/%64[^/]/%15[^/]/%128[^/]%n", repo, kind, name, &end) != 3 ||
		path[end])
		return 0;
	if (strcmp(kind, "tags") == 0)
		return strcmp(name, "list") == 0;
	if (strncmp(name, "sha256:", 7) != 0)
		return strcmp(kind, "manifests") == 0
			       ? catalog_tag_find(c, repo, name, &tag, e)
			       : 0;
	if (digest_parse(name + 7, &d, &ignored) < 0)
		return 0;
	/* the name says the type: what is no index must not be there */
	if (strcmp(kind, "indexes") == 0)
		return catalog_oci_has_role(c, repo, OCI_ROLE_INDEX, &d, e);
	return catalog_oci_has(c, repo, strcmp(kind, "blobs") == 0, &d, e);
}
