#include "indexer/rebuild.h"

#include "indexer/catalog_oci.h"
#include "indexer/stage_oci.h"
#include "lib/adapt/json.h"
#include "lib/base/fs.h"
#include "lib/model/field.h"

#include <fcntl.h>

#define REFERENCE_MAX 1024
#define MIRROR        "copy it back from a mirror"

/* ---- what a build has in v2/: staged again, and compared with what lies there */

struct comparison {
	struct rebuild *r;
	size_t there, missing;
	char first_missing[LAYOUT_PATH_MAX];
};

static int compare_text(struct rebuild *r, const struct staged_file *f, struct err *e)
{
	auto_buf struct buf have = BUF_INIT(OCI_DOC_MAX);

	if (fs_read_at(r->yard->public_fd, f->path, &have, e) < 0)
		return -1;
	if (bytes_equal(buf_bytes(&have), *f->text))
		return 0;
	return rebuild_find(r, f->path, "is not what its build makes of it; " MIRROR);
}

/* Links to a build's file: equal in size, and for fsck to read. */
static int compare_link(struct rebuild *r, const struct staged_file *f, struct err *e)
{
	struct stat a, b;

	if (fstatat(r->yard->public_fd, f->path, &a, AT_SYMLINK_NOFOLLOW) < 0 ||
		fstatat(r->yard->public_fd, f->source, &b, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "cannot read '%s'", f->path);
	if (S_ISREG(a.st_mode) && a.st_size == b.st_size)
		return 0;
	return rebuild_find(r, f->path, "is not '%s'; " MIRROR, f->source);
}

static int compare(const struct staged_file *f, void *ctx, struct err *e)
{
	struct comparison *c = ctx;

	if (!fs_exists_at(c->r->yard->public_fd, f->path)) {
		if (!c->missing++)
			snprintf(c->first_missing, sizeof(c->first_missing), "%s",
				f->path);
		return 0;
	}
	c->there++;
	return f->text ? compare_text(c->r, f, e) : compare_link(c->r, f, e);
}

/* A build that was never offered, or not to these clients, has nothing there. Shared
 * content may be there by another build's doing: its own manifests tell. */
static int take_build(const struct catalog_build *b, void *ctx, struct err *e)
{
	struct rebuild *r = ctx;
	struct catalog *c = r->yard->catalog;
	struct comparison seen = { .r = r };
	struct oci_blob image;
	char path[LAYOUT_PATH_MAX];
	int rc;

	if (stage_oci_build(c, b, e) < 0)
		return -1;
	rc = catalog_oci_find(c, b->id, "image.zst", &image, e);
	if (rc < 0)
		return -1;
	if (rc > 0)
		layout_manifest(b->image.distro, &image.sha256, path);
	if (rc == 0 || !fs_exists_at(r->yard->public_fd, path)) {
		if (catalog_oci_drop(c, b->id, e) < 0)
			return -1;
		return catalog_staged_clear(c, e);
	}
	if (catalog_staged_walk(c, STAGED_BEFORE, compare, &seen, e) < 0)
		return -1;
	if (seen.missing)
		rebuild_find(r, seen.first_missing, "is missing; " MIRROR);
	return catalog_staged_clear(c, e);
}

/* ---- indexes and tags */

struct owners {
	struct rebuild *r;
	struct oci_blob index;
	size_t count;
	char release[IMAGE_PART_MAX + 1], variant[IMAGE_PART_MAX + 1], serial[SERIAL_MAX];
};

static int take_owner(const struct catalog_owner *o, void *ctx, struct err *e)
{
	struct owners *w = ctx;

	if (!w->count++) {
		memcpy(w->release, o->release, sizeof(w->release));
		memcpy(w->variant, o->variant, sizeof(w->variant));
		memcpy(w->serial, o->serial, sizeof(w->serial));
	}
	return catalog_oci_put(w->r->yard->catalog, o->build, "index", &w->index, e);
}

/* An index belongs to every build that it names: 1 noted, 0 none that is known. */
static int take_index(struct rebuild *r, const char *repo, struct bytes text,
	struct owners *w, struct err *e)
{
	auto_oci_doc struct oci_doc doc = { .count = 0 };
	struct err ignored;

	*w = (struct owners){ .r = r, .index = oci_blob_of(text) };
	if (oci_parse(text, &doc, &ignored) < 0 || strcmp(doc.media_type, OCI_INDEX) != 0)
		return 0;
	for (size_t i = 0; i < doc.count; i++)
		if (catalog_oci_walk_owners(r->yard->catalog, repo, &doc.item[i].sha256,
			    take_owner, w, e) < 0)
			return -1;
	return w->count > 0;
}

static int take_digest(
	struct rebuild *r, const char *repo, const char *name, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(OCI_DOC_MAX);
	char path[LAYOUT_PATH_MAX];
	struct digest d, got;
	struct owners w;
	struct err ignored;
	int rc;

	if (digest_parse(name + strlen("sha256:"), &d, &ignored) < 0)
		return 0;
	rc = catalog_oci_has(r->yard->catalog, repo, false, &d, e);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	layout_manifest(repo, &d, path);
	if (fs_read_at(r->yard->public_fd, path, &text, e) < 0)
		return -1;
	got = digest_of(buf_bytes(&text));
	if (!digest_equal(&got, &d))
		return rebuild_find(r, path, "is not what its name says; " MIRROR);
	return take_index(r, repo, buf_bytes(&text), &w, e) < 0 ? -1 : 0;
}

/* A tag of a serial is called so; any other moves on. */
static int take_tag(struct rebuild *r, const char *repo, const char *name, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(OCI_DOC_MAX);
	char path[LAYOUT_PATH_MAX], of_serial[OCI_TAG_MAX];
	struct owners w;
	struct catalog_tag tag = { .tag = name, .serial = "" };
	struct oci_blob index;
	int rc;

	layout_tag(repo, name, path);
	if (fs_read_at(r->yard->public_fd, path, &text, e) < 0)
		return -1;
	index = oci_blob_of(buf_bytes(&text));
	rc = catalog_oci_has(r->yard->catalog, repo, false, &index.sha256, e);
	if (rc > 0)
		rc = take_index(r, repo, buf_bytes(&text), &w, e);
	if (rc < 0)
		return -1;
	if (rc == 0)
		return rebuild_find(r, path, "names no image that is there; " MIRROR);
	snprintf(tag.group.distro, sizeof(tag.group.distro), "%s", repo);
	memcpy(tag.group.release, w.release, sizeof(w.release));
	memcpy(tag.group.variant, w.variant, sizeof(w.variant));
	tag.index = w.index.sha256;
	if (oci_tag_format(w.release, w.variant, w.serial, of_serial) &&
		strcmp(of_serial, name) == 0)
		tag.serial = w.serial;
	return catalog_tag_put(r->yard->catalog, &tag, e);
}

static int take_names(struct rebuild *r, const char *repo, const struct fs_names *names,
	bool digests, struct err *e)
{
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->name[i];

		if ((strncmp(name, "sha256:", 7) == 0) != digests)
			continue;
		if ((digests ? take_digest(r, repo, name, e)
			     : take_tag(r, repo, name, e)) < 0)
			return -1;
	}
	return 0;
}

static int take_repo(struct rebuild *r, const char *repo, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	auto_free char *dir = xasprintf("v2/%s/manifests", repo);

	if (!fs_exists_at(r->yard->public_fd, dir))
		return 0;
	if (fs_list_dir(r->yard->public_fd, dir, &names, e) < 0)
		return -1;
	/* what a tag names must be there by its digest, and be it */
	if (take_names(r, repo, &names, true, e) < 0)
		return -1;
	return take_names(r, repo, &names, false, e);
}

/* ---- signatures */

static int read_claim(struct bytes text, char reference[REFERENCE_MAX],
	struct digest *digest, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	const struct json *root, *critical, *identity, *image;
	const char *name, *hex;

	if (json_open(text, &doc, e) < 0 || json_root(doc, &root, e) < 0 ||
		json_get_object(root, "critical", &critical, e) < 0 ||
		json_get_object(critical, "identity", &identity, e) < 0 ||
		json_get_object(critical, "image", &image, e) < 0 ||
		json_get_str(identity, "docker-reference", &name, e) < 0 ||
		json_get_str(image, "docker-manifest-digest", &hex, e) < 0)
		return -1;
	if (strlen(name) >= REFERENCE_MAX || strncmp(hex, "sha256:", 7) != 0)
		return err_set(e, ERR_PARSE, "the claim is none of ours");
	snprintf(reference, REFERENCE_MAX, "%s", name);
	return digest_parse(hex + 7, digest, e);
}

static int take_signature(struct rebuild *r, const char *repo, const struct digest *d,
	const char *path, int64_t number, struct err *e)
{
	auto_buf struct buf message = BUF_INIT(SIGNATURE_MAX),
			    text = BUF_INIT(SIGNATURE_MAX);
	char reference[REFERENCE_MAX], signer[FPR_MAX];
	struct digest claimed;
	struct err why;

	if (fs_read_at(r->yard->public_fd, path, &message, e) < 0)
		return -1;
	if (rebuild_open_message(r, buf_bytes(&message), &text, signer, &why) < 0 ||
		read_claim(buf_bytes(&text), reference, &claimed, &why) < 0)
		return rebuild_find(r, path, "%s; " MIRROR, why.text);
	if (!digest_equal(&claimed, d))
		return rebuild_find(r, path, "signs another content; " MIRROR);
	return catalog_oci_signature_put(
		r->yard->catalog, repo, d, reference, number, signer, e);
}

/* sigs/REPO@sha256=HEX */
static int take_signatures(struct rebuild *r, const char *name, struct err *e)
{
	auto_names struct fs_names names = { 0 };
	auto_free char *dir = xasprintf("sigs/%s", name);
	const char *at = strstr(name, "@sha256=");
	auto_free char *repo = xasprintf("%.*s", at ? (int)(at - name) : 0, name);
	struct digest d;
	struct err ignored;

	if (!at || digest_parse(at + strlen("@sha256="), &d, &ignored) < 0)
		return 0;
	if (fs_list_dir(r->yard->public_fd, dir, &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		auto_free char *path = xasprintf("%s/%s", dir, names.name[i]);
		int end = 0;
		long long number = 0;

		if (sscanf(names.name[i], "signature-%lld%n", &number, &end) != 1 ||
			names.name[i][end] || number <= 0)
			continue;
		if (take_signature(r, repo, &d, path, number, e) < 0)
			return -1;
	}
	return 0;
}

static int each_name(struct rebuild *r, const char *dir,
	int (*take)(struct rebuild *r, const char *name, struct err *e), struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (!fs_exists_at(r->yard->public_fd, dir))
		return 0;
	if (fs_list_dir(r->yard->public_fd, dir, &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++) {
		auto_free char *below = xasprintf("%s/%s", dir, names.name[i]);
		struct stat st;

		if (fstatat(r->yard->public_fd, below, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
			!S_ISDIR(st.st_mode))
			continue;
		if (take(r, names.name[i], e) < 0)
			return -1;
	}
	return 0;
}

static int take_all(struct rebuild *r, struct err *e)
{
	if (catalog_build_walk(r->yard->catalog, NULL, take_build, r, e) < 0 ||
		each_name(r, "v2", take_repo, e) < 0)
		return -1;
	return each_name(r, "sigs", take_signatures, e);
}

int rebuild_oci(struct rebuild *r, struct err *e)
{
	struct catalog *c = r->yard->catalog;

	if (!fs_exists_at(r->yard->public_fd, "v2"))
		return 0;
	if (catalog_begin(c, e) < 0)
		return -1;
	if (take_all(r, e) == 0)
		return catalog_commit(c, e);
	catalog_rollback(c);
	return -1;
}
