#include "indexer/notary.h"

#include "lib/model/catdoc.h"

#define PAE_MAX (CATALOG_MAX + 256U)

static int open_verifier(struct notary *n, struct err *e)
{
	struct bytes keys[TRUST_KEYS_MAX];

	for (size_t i = 0; i < n->root.key_count; i++)
		keys[i] = n->root.key[i].armor;
	return verifier_open(keys, n->root.key_count, &n->verifier, e);
}

static bool lists(const struct verify_role *role, const char *fpr)
{
	for (size_t i = 0; i < role->count; i++)
		if (strcmp(role->fprs[i], fpr) == 0)
			return true;
	return false;
}

/* Clients refuse a `current` older than the one they know. */
static int check_clock(const struct yard *y, struct err *e)
{
	struct catalog_signing last;
	int rc = catalog_signing_find(y->catalog, "live", &last, NULL, e);

	if (rc > 0 && last.created_s > y->now_s)
		return err_set(e, ERR_AGAIN,
			"cannot sign: the clock is %lld s behind the last publication, "
			"set it",
			(long long)(last.created_s - y->now_s));
	return rc < 0 ? -1 : 0;
}

static int open_signer(const struct yard *y, struct notary *n, struct err *e)
{
	struct catalog_key key;
	int rc = catalog_key_find(y->catalog, "publish", &key, e);

	if (rc < 0 || check_clock(y, e) < 0)
		return -1;
	if (rc == 0)
		return err_set(
			e, ERR_DAMAGED, "cannot sign: the catalog names no publish key");
	if (!lists(&n->publish, key.fpr) || !lists(&n->timestamp, key.fpr))
		return err_set(e, ERR_UNTRUSTED,
			"cannot sign: root version %lld does not trust the publish key "
			"'%s' now",
			(long long)n->root.version, key.fpr);
	return signer_open(y->gnupg, key.fpr, "", &n->signer, e);
}

int notary_open(const struct yard *y, unsigned int flags, struct notary *n, struct err *e)
{
	*n = (struct notary){ .now_s = y->now_s };
	if (yard_read_root(y, &n->root, e) < 0)
		return -1;
	n->publish = trust_role_at(&n->root, TRUST_PUBLISH, n->now_s, n->publish_fpr);
	n->timestamp =
		trust_role_at(&n->root, TRUST_TIMESTAMP, n->now_s, n->timestamp_fpr);
	if ((flags & NOTARY_SIGN && open_signer(y, n, e) < 0) ||
		open_verifier(n, e) < 0) {
		notary_close(n);
		return -1;
	}
	return 0;
}

void notary_close(struct notary *n)
{
	signer_close(&n->signer);
	verifier_close(&n->verifier);
	trust_root_release(&n->root);
}

static int check_notation(struct notary *n, const char *path, struct err *e)
{
	const char *said = verify_notation(n->verifier);

	if (strcmp(said, path) != 0)
		return err_set(e, ERR_UNTRUSTED,
			"the signature of '%s' was made for '%s'", path,
			said[0] ? said : "no path");
	return 0;
}

int notary_check(struct notary *n, struct bytes data, struct bytes asc, const char *path,
	struct err *e)
{
	if (verify_detached(n->verifier, &n->publish, data, asc, n->now_s, e) < 0)
		return err_wrap(e, "'%s.asc'", path);
	return check_notation(n, path, e);
}

int notary_check_fd(
	struct notary *n, int fd, struct bytes asc, const char *path, struct err *e)
{
	if (verify_detached_fd(n->verifier, &n->publish, fd, asc, n->now_s, e) < 0)
		return err_wrap(e, "'%s.asc'", path);
	return check_notation(n, path, e);
}

int notary_sign(struct notary *n, struct bytes data, const char *path, struct buf *out,
	struct err *e)
{
	if (signer_sign(n->signer, data, path, out, e) < 0)
		return err_wrap(e, "'%s'", path);
	return notary_check(n, data, buf_bytes(out), path, e);
}

int notary_sign_fd(
	struct notary *n, int fd, const char *path, struct buf *out, struct err *e)
{
	if (signer_sign_fd(n->signer, fd, path, out, e) < 0)
		return err_wrap(e, "'%s'", path);
	return notary_check_fd(n, fd, buf_bytes(out), path, e);
}

int notary_check_clearsigned(struct notary *n, struct bytes message, const char *path,
	struct buf *text, struct err *e)
{
	if (verify_clearsigned(n->verifier, &n->publish, message, n->now_s, text, e) < 0)
		return err_wrap(e, "'%s'", path);
	return check_notation(n, path, e);
}

int notary_clearsign(struct notary *n, struct bytes text, const char *path,
	struct buf *out, struct err *e)
{
	auto_buf struct buf back = BUF_INIT(text.len);

	if (signer_clearsign(n->signer, text, path, out, e) < 0)
		return err_wrap(e, "'%s'", path);
	if (notary_check_clearsigned(n, buf_bytes(out), path, &back, e) < 0)
		return -1;
	if (!bytes_equal(buf_bytes(&back), text))
		return err_set(e, ERR_FAILED, "gpg changed '%s' while signing it", path);
	return 0;
}

int notary_sign_pae(struct notary *n, const char *type, struct bytes body,
	struct buf *out, struct err *e)
{
	auto_buf struct buf pae = BUF_INIT(PAE_MAX);

	trust_pae(type, body, &pae);
	if (buf_check(&pae, type, e) < 0)
		return -1;
	return signer_sign_binary(n->signer, buf_bytes(&pae), out, e);
}

int notary_check_pae(struct notary *n, const struct verify_role *role, const char *type,
	struct bytes body, const struct trust_signature *sigs, size_t count,
	struct err *e)
{
	auto_buf struct buf pae = BUF_INIT(PAE_MAX);
	struct bytes sig[TRUST_KEYS_MAX];

	trust_pae(type, body, &pae);
	if (buf_check(&pae, type, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		sig[i] = sigs[i].sig;
	return verify_detached_all(
		n->verifier, role, buf_bytes(&pae), sig, count, n->now_s, e);
}
