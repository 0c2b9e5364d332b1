#include "indexer/install.h"

#include "indexer/inode.h"
#include "indexer/publish.h"
#include "lib/base/fs.h"

#include <fcntl.h>

struct installing {
	struct yard *yard;
	struct bytes text;
	struct envelope envelope;
	struct trust_root now, next;
};

static int read_both(struct installing *in, struct err *e)
{
	if (yard_read_root(in->yard, &in->now, e) < 0)
		return -1;
	if (root_open(in->text, &in->envelope, &in->next, e) < 0)
		return -1;
	if (strcmp(in->next.repo, in->now.repo) != 0)
		return err_set(e, ERR_CONFLICT,
			"it belongs to the repository '%s', not '%s'", in->next.repo,
			in->now.repo);
	return 0;
}

/* Is it the newest one, byte for byte? 1, 0, -1. */
static int is_there(struct installing *in, struct err *e)
{
	auto_buf struct buf have = BUF_INIT(TRUST_DOC_MAX);
	char path[LAYOUT_PATH_MAX];

	if (in->next.version != in->now.version)
		return 0;
	layout_root(in->now.version, path);
	if (fs_read_at(in->yard->public_fd, path, &have, e) < 0)
		return -1;
	return bytes_equal(buf_bytes(&have), in->text);
}

static int check(const struct installing *in, struct err *e)
{
	if (in->next.version != in->now.version + 1)
		return err_set(e, ERR_CONFLICT,
			"it is root version %lld, the next one is %lld",
			(long long)in->next.version, (long long)in->now.version + 1);
	if (in->next.expires_s <= in->yard->now_s)
		return err_set(e, ERR_UNTRUSTED, "it has expired already");
	if (root_check_signed(&in->envelope, &in->now, in->yard->now_s, e) < 0)
		return -1;
	return root_check_signed(&in->envelope, &in->next, in->yard->now_s, e);
}

/* A key of ours for this role that the root trusts: the one at work, or the next. */
static bool has_ours(struct installing *in, enum trust_role_name role,
	const struct catalog_key *key, int found)
{
	const char *fprs[TRUST_KEYS_MAX];
	struct verify_role v = trust_role_at(&in->next, role, in->yard->now_s, fprs);

	for (size_t i = 0; found > 0 && i < v.count; i++)
		if (strcmp(fprs[i], key->fpr) == 0)
			return true;
	return false;
}

/* *still: the keys at work are trusted by the new root, too. */
static int check_ours(struct installing *in, bool *still, struct err *e)
{
	static const struct {
		const char *name;
		enum trust_role_name role;
	} roles[] = { { "publish", TRUST_PUBLISH }, { "timestamp", TRUST_TIMESTAMP } };
	struct catalog *c = in->yard->catalog;

	*still = true;
	for (size_t i = 0; i < ARRAY_COUNT(roles); i++) {
		struct catalog_key current, next;
		const char *name = roles[i].name;
		int found = catalog_key_find(c, name, "current", &current, e);
		int coming;

		if (found == 0 && i == 1) /* the publish key does both */
			found = catalog_key_find(
				c, name = "publish", "current", &current, e);
		coming = found < 0 ? -1 : catalog_key_find(c, name, "next", &next, e);
		if (coming < 0)
			return -1;
		if (has_ours(in, roles[i].role, &current, found))
			continue;
		*still = false;
		if (!has_ours(in, roles[i].role, &next, coming))
			return err_set(e, ERR_CONFLICT,
				"it lists no %s key of this tree: nothing could be "
				"published any more",
				roles[i].name);
	}
	return 0;
}

/* Signed by the keys of both roots, while the old one is the newest. */
static int bridge(struct installing *in, struct err *e)
{
	auto_notary struct notary n = { 0 };
	struct catalog_signing s;
	struct err why;
	int64_t live;
	int rc = yard_live(in->yard, &live, e);

	if (rc <= 0)
		return rc;
	/* the key at work is of no use any more: nothing to bridge from */
	if (notary_open(in->yard, NOTARY_SIGN, &n, &why) < 0)
		return why.code == ERR_UNTRUSTED ? 0 : (*e = why, -1);
	n.also = &in->next;
	return publish_refresh(in->yard, &n, &s, e);
}

static int write_keys(struct installing *in, struct err *e)
{
	struct yard *y = in->yard;

	for (size_t i = 0; i < in->next.key_count; i++) {
		const struct trust_key *k = &in->next.key[i];
		char path[LAYOUT_PATH_MAX];

		snprintf(path, sizeof(path), "keys/%s.asc", k->fpr);
		if (!trust_role_has(&in->next, TRUST_PUBLISH, k->fpr) ||
			fs_exists_at(y->public_fd, path))
			continue;
		if (inode_replace(y->staging_fd, y->public_fd, path, k->armor, e) < 0 ||
			fs_sync_dir_at(y->public_fd, path, e) < 0)
			return -1;
	}
	return 0;
}

/* Who imports all that is in keys/ must not get what was revoked. */
static int remove_revoked(struct installing *in, struct err *e)
{
	for (size_t i = 0; i < in->next.revoked_count; i++) {
		char path[LAYOUT_PATH_MAX];

		snprintf(path, sizeof(path), "keys/%s.asc", in->next.revoked[i].fpr);
		if (unlinkat(in->yard->public_fd, path, 0) < 0 && errno != ENOENT)
			return err_sys(e, "cannot remove '%s'", path);
	}
	return fs_sync_dir_at(in->yard->public_fd, "keys", e);
}

static int write_root(struct installing *in, struct err *e)
{
	struct yard *y = in->yard;
	char path[LAYOUT_PATH_MAX];

	layout_root(in->next.version, path);
	if (inode_replace(y->staging_fd, y->public_fd, path, in->text, e) < 0)
		return -1;
	return fs_sync_dir_at(y->public_fd, path, e);
}

static int record(struct installing *in, struct err *e)
{
	char version[32];
	struct catalog_event v = { .at_s = in->yard->now_s,
		.kind = "root",
		.image = "",
		.serial = "",
		.message = version };

	snprintf(version, sizeof(version), "version %lld", (long long)in->next.version);
	return catalog_event_add(in->yard->catalog, &v, e) < 0 ? -1 : 0;
}

static int install(struct installing *in, struct installed *out, struct err *e)
{
	bool still;
	int rc;

	if (read_both(in, e) < 0)
		return -1;
	out->version = in->next.version;
	rc = is_there(in, e);
	if (rc < 0)
		return -1;
	out->is_new = rc == 0;
	if (rc > 0)
		return remove_revoked(in, e);
	if (check(in, e) < 0 || check_ours(in, &still, e) < 0 ||
		(!still && bridge(in, e) < 0))
		return -1;
	if (write_keys(in, e) < 0 || write_root(in, e) < 0 || remove_revoked(in, e) < 0)
		return -1;
	return record(in, e);
}

int root_install(struct yard *y, struct bytes text, struct installed *out, struct err *e)
{
	struct installing in = { .yard = y, .text = text };
	int rc = install(&in, out, e);

	envelope_release(&in.envelope);
	trust_root_release(&in.now);
	trust_root_release(&in.next);
	return rc;
}

int root_forget_proposal(struct yard *y, int64_t version, struct err *e)
{
	char name[32];

	snprintf(name, sizeof(name), "root.%lld", (long long)version);
	if (unlinkat(y->fd, name, 0) < 0 && errno != ENOENT)
		return err_sys(e, "cannot remove '%s/%s'", y->path, name);
	return 0;
}
