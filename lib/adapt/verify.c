#include "lib/adapt/verify.h"

#include "lib/adapt/gpghome.h"
#include "lib/base/buf.h"
#include "lib/base/fs.h"

#include <gpgme.h>

#include <fcntl.h>
#include <inttypes.h>

#define KEYS_MAX     64
#define CLOCK_SLACK  600 /* seconds that a signature may be ahead of us */
#define NO_GPG       "cannot run gpg: install GnuPG"
#define BUFFER_BYTES "65536" /* gpgme moves 512 bytes at a time otherwise */

/* Which primary key a signing key belongs to. */
struct key_owner {
	char fpr[FPR_MAX];
	char primary[FPR_MAX];
};

struct verifier {
	struct gpghome home;
	gpgme_ctx_t ctx;
	struct key_owner *owner; /* every key and subkey that was imported */
	size_t owner_count;
	size_t primary_count;
	char *notation;       /* of the first good, listed signature; or NULL */
	char signer[FPR_MAX]; /* its primary key; or "" */
};

static void data_release(gpgme_data_t *data)
{
	gpgme_data_release(*data);
}
#define auto_data with_cleanup(data_release)

static int gpgme_fail(
	struct err *e, enum err_code code, const char *doing, gpgme_error_t error)
{
	if (gpgme_err_code(error) == GPG_ERR_ENOMEM)
		err_abort("out of memory");
	if (gpgme_err_code(error) == GPG_ERR_INV_ENGINE)
		return err_set(e, ERR_FAILED, "%s: " NO_GPG, doing);
	return err_set(e, code, "%s: %s", doing, gpgme_strerror(error));
}

/* gpgme asks `gpg --version` before it knows a home, and gpg then reads the options in
 * the caller's own, which may even make it fail. */
static char *home_swap(const char *path)
{
	const char *old = getenv("GNUPGHOME");
	char *kept = old ? xstrdup(old) : NULL;

	if (path)
		setenv("GNUPGHOME", path, 1);
	else
		unsetenv("GNUPGHOME");
	return kept;
}

static gpgme_error_t engine_new(struct verifier *v)
{
	gpgme_error_t r;

	gpgme_check_version(NULL);
	r = gpgme_new(&v->ctx);
	if (!r)
		r = gpgme_ctx_set_engine_info(
			v->ctx, GPGME_PROTOCOL_OpenPGP, NULL, v->home.path);
	if (!r)
		r = gpgme_set_protocol(v->ctx, GPGME_PROTOCOL_OpenPGP);
	if (!r)
		r = gpgme_set_ctx_flag(v->ctx, "auto-key-retrieve", "0");
	return r;
}

int verify_find_gpg(struct err *e)
{
	gpgme_engine_info_t info;

	gpgme_check_version(NULL);
	if (gpgme_get_engine_info(&info))
		return err_set(e, ERR_FAILED, NO_GPG);
	while (info && info->protocol != GPGME_PROTOCOL_OpenPGP)
		info = info->next;
	if (!info || !info->file_name || access(info->file_name, X_OK) < 0)
		return err_set(e, ERR_FAILED, NO_GPG);
	return 0;
}

static int engine_start(struct verifier *v, struct err *e)
{
	if (verify_find_gpg(e) < 0)
		return err_wrap(e, "cannot check signatures");

	auto_free char *own = home_swap(v->home.path);
	gpgme_error_t r = engine_new(v);

	free(home_swap(own));
	if (r)
		return gpgme_fail(e, ERR_FAILED, "cannot check signatures", r);
	gpgme_set_offline(v->ctx, 1);
	return 0;
}

static int data_of(struct bytes in, gpgme_data_t *out, struct err *e)
{
	gpgme_error_t r = gpgme_data_new_from_mem(
		out, in.len ? (const char *)in.data : "", in.len, 0);

	if (!r)
		r = gpgme_data_set_flag(*out, "io-buffer-size", BUFFER_BYTES);
	return r ? gpgme_fail(e, ERR_FAILED, "cannot check signatures", r) : 0;
}

/* ---- keys */

static int check_key_block(struct bytes key, struct err *e)
{
	static const char head[] = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

	if (key.len > VERIFY_KEY_MAX)
		return err_set(
			e, ERR_LIMIT, "key block larger than %d bytes", VERIFY_KEY_MAX);
	if (key.len == 0 || !memmem(key.data, key.len, head, sizeof(head) - 1))
		return err_set(e, ERR_PARSE, "not an armoured public key block");
	return 0;
}

/* All blocks in one run of gpg. */
static int keys_import(
	struct verifier *v, const struct bytes *keys, size_t count, struct err *e)
{
	auto_buf struct buf all = BUF_INIT(KEYS_MAX * (VERIFY_KEY_MAX + 1));
	auto_data gpgme_data_t data = NULL;

	for (size_t i = 0; i < count; i++) {
		if (check_key_block(keys[i], e) < 0)
			return -1;
		buf_add(&all, keys[i].data, keys[i].len);
		buf_add_byte(&all, '\n');
	}
	if (buf_check(&all, "key blocks", e) < 0 ||
		data_of(buf_bytes(&all), &data, e) < 0)
		return -1;

	gpgme_error_t r = gpgme_op_import(v->ctx, data);

	if (r)
		return gpgme_fail(e, ERR_PARSE, "cannot read the public key", r);

	gpgme_import_result_t result = gpgme_op_import_result(v->ctx);

	if (!result || result->considered < 0 || (size_t)result->considered < count)
		return err_set(e, ERR_PARSE, "a key block without a key in it");
	if (result->secret_read)
		return err_set(e, ERR_PARSE, "a key block with a secret key in it");
	return 0;
}

static bool is_fingerprint(const char *fpr)
{
	size_t len = fpr ? strspn(fpr, "0123456789ABCDEF") : 0;

	return (len == 40 || len == 64) && fpr[len] == '\0';
}

static void owners_add(struct verifier *v, gpgme_key_t key)
{
	const char *primary = key->subkeys ? key->subkeys->fpr : NULL;

	if (!is_fingerprint(primary))
		return;
	v->primary_count++;
	for (gpgme_subkey_t sub = key->subkeys; sub; sub = sub->next) {
		struct key_owner *owner;

		if (!is_fingerprint(sub->fpr))
			continue;
		v->owner = xrealloc(v->owner, (v->owner_count + 1) * sizeof(*v->owner));
		owner = &v->owner[v->owner_count++];
		snprintf(owner->fpr, FPR_MAX, "%s", sub->fpr);
		snprintf(owner->primary, FPR_MAX, "%s", primary);
	}
}

static int owners_load(struct verifier *v, struct err *e)
{
	gpgme_key_t key;
	gpgme_error_t r = gpgme_op_keylist_start(v->ctx, NULL, 0);

	while (!r) {
		r = gpgme_op_keylist_next(v->ctx, &key);
		if (r)
			break;
		owners_add(v, key);
		gpgme_key_unref(key);
	}
	if (gpgme_err_code(r) != GPG_ERR_EOF)
		return gpgme_fail(e, ERR_FAILED, "cannot list the imported keys", r);
	if (v->primary_count == 0)
		return err_set(e, ERR_PARSE, "no key that this gpg can use");
	return 0;
}

static const char *primary_of(const struct verifier *v, const char *fpr)
{
	if (!is_fingerprint(fpr))
		return NULL;
	for (size_t i = 0; i < v->owner_count; i++)
		if (strcmp(v->owner[i].fpr, fpr) == 0)
			return v->owner[i].primary;
	return NULL;
}

int verifier_open(
	const struct bytes *keys, size_t count, struct verifier **out, struct err *e)
{
	auto_verifier struct verifier *v = NULL;

	if (count < 1 || count > KEYS_MAX)
		return err_set(
			e, ERR_LIMIT, "%zu keys: not within 1..%d", count, KEYS_MAX);
	v = xcalloc(1, sizeof(*v));
	v->home = (struct gpghome)GPGHOME_INIT;
	if (gpghome_make(&v->home, e) < 0 || engine_start(v, e) < 0 ||
		keys_import(v, keys, count, e) < 0 || owners_load(v, e) < 0)
		return -1;
	*out = STEAL(v);
	return 0;
}

void verifier_close(struct verifier **slot)
{
	struct verifier *v = *slot;
	int saved = errno;

	if (!v)
		return;
	if (v->ctx)
		gpgme_release(v->ctx);
	gpghome_remove(&v->home);
	free(v->owner);
	free(v->notation);
	free(v);
	*slot = NULL;
	errno = saved;
}

int verify_key_fingerprint(struct bytes key, char out[FPR_MAX], struct err *e)
{
	auto_verifier struct verifier *v = NULL;

	if (verifier_open(&key, 1, &v, e) < 0)
		return -1;
	if (v->primary_count != 1)
		return err_set(e, ERR_PARSE, "%zu keys in one block", v->primary_count);
	memcpy(out, v->owner[0].primary, FPR_MAX);
	return 0;
}

/* The latest end of what can sign; 0 when something has none. */
static int64_t last_expiry(gpgme_key_t key)
{
	int64_t last = -1;

	for (gpgme_subkey_t sub = key->subkeys; sub; sub = sub->next) {
		if (!sub->can_sign || sub->revoked)
			continue;
		if (sub->expires == 0)
			return 0;
		if (sub->expires > last)
			last = sub->expires;
	}
	return last < 0 ? 0 : last;
}

static void describe_key(gpgme_key_t key, struct verify_key *out)
{
	const char *fpr = key->subkeys && key->subkeys->fpr ? key->subkeys->fpr : "";
	const char *user = key->uids && key->uids->uid ? key->uids->uid : "";

	*out = (struct verify_key){ .expires_s = last_expiry(key),
		.revoked = key->revoked };
	snprintf(out->fpr, sizeof(out->fpr), "%s", fpr);
	snprintf(out->user, sizeof(out->user), "%s", user);
}

/* With "trust-model always" gpg 2.2 ends at a key with a designated revoker: it then looks
 * for a trust database that it never made. Nothing is trusted here anyway. */
static int forget_trust(const struct gpghome *home, struct err *e)
{
	static const char conf[] = "no-autostart\ndisable-dirmngr\nlock-never\nbatch\n";
	auto_free char *path = xasprintf("%s/gpg.conf", home->path);
	auto_fd int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot write '%s'", path);
	return fs_write_all(fd, conf, sizeof(conf) - 1, e);
}

int verify_list_keys(struct bytes blocks, struct verify_key *out, size_t room,
	size_t *count, struct err *e)
{
	auto_verifier struct verifier *v = xcalloc(1, sizeof(*v));
	auto_data gpgme_data_t data = NULL;
	gpgme_key_t key;
	gpgme_error_t r;

	v->home = (struct gpghome)GPGHOME_INIT;
	*count = 0;
	if (gpghome_make(&v->home, e) < 0 || forget_trust(&v->home, e) < 0 ||
		engine_start(v, e) < 0 || data_of(blocks, &data, e) < 0)
		return -1;
	r = gpgme_op_keylist_from_data_start(v->ctx, data, 0);
	while (!r && *count < room) {
		r = gpgme_op_keylist_next(v->ctx, &key);
		if (r)
			break;
		describe_key(key, &out[(*count)++]);
		gpgme_key_unref(key);
	}
	if (r && gpgme_err_code(r) != GPG_ERR_EOF)
		return gpgme_fail(e, ERR_PARSE, "cannot read the public key", r);
	return *count ? 0 : err_set(e, ERR_PARSE, "a key block without a key in it");
}

/* ---- signatures */

/* Who signed, so far. */
struct tally {
	const struct verify_role *role;
	int64_t now_s;
	bool *signed_by; /* one for each fingerprint of the role */
	struct err why;  /* why the last signature did not count */
};

static int tally_init(
	struct tally *t, const struct verify_role *role, int64_t now_s, struct err *e)
{
	if (role->count == 0)
		return err_set(e, ERR_UNTRUSTED,
			"no key that may sign this is valid now: check the clock");
	if (role->threshold < 1 || role->threshold > role->count)
		return err_set(e, ERR_UNTRUSTED,
			"a role of %zu keys cannot have threshold %u", role->count,
			role->threshold);
	*t = (struct tally){ .role = role, .now_s = now_s };
	t->signed_by = xcalloc(role->count, sizeof(bool));
	return 0;
}

static void tally_release(struct tally *t)
{
	free(t->signed_by);
}
#define auto_tally with_cleanup(tally_release)

static bool is_strong_hash(gpgme_hash_algo_t algo)
{
	return algo == GPGME_MD_SHA256 || algo == GPGME_MD_SHA384 ||
	       algo == GPGME_MD_SHA512;
}

/* Everything but the list: is this a signature that anybody could believe? */
static int check_signature(const struct tally *t, gpgme_signature_t s, struct err *e)
{
	const char *fpr = s->fpr ? s->fpr : "?";

	switch (gpgme_err_code(s->status)) {
	case GPG_ERR_NO_ERROR:
		break;
	case GPG_ERR_NO_PUBKEY:
		return err_set(e, ERR_UNTRUSTED, "signed by the unknown key %s", fpr);
	case GPG_ERR_KEY_EXPIRED:
		return err_set(e, ERR_UNTRUSTED, "signed by the expired key %s", fpr);
	case GPG_ERR_SIG_EXPIRED:
		return err_set(e, ERR_UNTRUSTED, "the signature by %s has expired", fpr);
	case GPG_ERR_CERT_REVOKED:
		return err_set(e, ERR_UNTRUSTED, "signed by the revoked key %s", fpr);
	default:
		return err_set(e, ERR_UNTRUSTED, "the signature by %s does not count: %s",
			fpr, gpgme_strerror(s->status));
	}
	if (!is_strong_hash(s->hash_algo))
		return err_set(e, ERR_UNTRUSTED,
			"the signature by %s uses the weak digest %s", fpr,
			gpgme_hash_algo_name(s->hash_algo)
				? gpgme_hash_algo_name(s->hash_algo)
				: "?");
	if (s->wrong_key_usage)
		return err_set(e, ERR_UNTRUSTED, "key %s is not meant for signing", fpr);
	if (t->now_s < INT64_MAX - CLOCK_SLACK &&
		(uint64_t)s->timestamp > (uint64_t)(t->now_s + CLOCK_SLACK))
		return err_set(e, ERR_UNTRUSTED,
			"the signature by %s is from the future (%lu, now %" PRId64
			"): check the clock",
			fpr, s->timestamp, t->now_s);
	return 0;
}

static void take_notation(struct verifier *v, gpgme_signature_t s)
{
	for (gpgme_sig_notation_t n = s->notations; n && !v->notation; n = n->next)
		if (n->name && n->value && strcmp(n->name, VERIFY_PATH_NOTATION) == 0)
			v->notation = xstrdup(n->value);
}

/* Counts the signature when its primary key is listed. */
static void tally_signature(struct verifier *v, struct tally *t, gpgme_signature_t s)
{
	const char *primary;
	bool listed = false, first = true;

	if (check_signature(t, s, &t->why) < 0)
		return;
	primary = primary_of(v, s->fpr);
	for (size_t i = 0; i < t->role->count; i++)
		first = first && !t->signed_by[i];
	for (size_t i = 0; primary && !listed && i < t->role->count; i++)
		if (strcmp(t->role->fprs[i], primary) == 0)
			listed = t->signed_by[i] = true;
	if (!listed)
		err_set(&t->why, ERR_UNTRUSTED,
			"signed by key %s, which is not trusted for this",
			primary ? primary : s->fpr);
	else if (first) {
		take_notation(v, s);
		snprintf(v->signer, sizeof(v->signer), "%s", primary);
	}
}

/* What the engine said of all signatures of one message. A bad one spoils all. */
static int tally_result(struct verifier *v, struct tally *t, struct err *e)
{
	gpgme_verify_result_t result = gpgme_op_verify_result(v->ctx);

	if (!result || !result->signatures)
		return err_set(
			e, ERR_UNTRUSTED, "no detached signature in the signature file");
	for (gpgme_signature_t s = result->signatures; s; s = s->next)
		if (gpgme_err_code(s->status) == GPG_ERR_BAD_SIGNATURE)
			return err_set(e, ERR_UNTRUSTED,
				"the signature by %s is bad: it was made for other bytes",
				s->fpr ? s->fpr : "?");
	for (gpgme_signature_t s = result->signatures; s; s = s->next)
		tally_signature(v, t, s);
	return 0;
}

/* One signature file, which may hold several signatures. */
static int tally_file(struct verifier *v, struct tally *t, gpgme_data_t data,
	struct bytes signature, struct err *e)
{
	auto_data gpgme_data_t sig = NULL;
	gpgme_error_t r;

	if (signature.len == 0)
		return err_set(e, ERR_UNTRUSTED, "the signature is empty");
	if (signature.len > SIGNATURE_MAX)
		return err_set(e, ERR_UNTRUSTED, "the signature is larger than 64 KiB");
	if (data_of(signature, &sig, e) < 0)
		return -1;
	r = gpgme_op_verify(v->ctx, sig, data, NULL);
	if (r)
		return gpgme_fail(e, ERR_UNTRUSTED, "cannot check the signature", r);
	return tally_result(v, t, e);
}

static void signature_forget(struct verifier *v)
{
	free(STEAL(v->notation));
	v->signer[0] = '\0';
}

static int tally_judge(struct verifier *v, const struct tally *t, struct err *e)
{
	unsigned int distinct = 0;

	/* A fingerprint listed twice is one key: only its first place is ever marked. */
	for (size_t i = 0; i < t->role->count; i++)
		distinct += t->signed_by[i];
	if (distinct >= t->role->threshold)
		return 0;
	signature_forget(v);
	if (t->why.code)
		*e = t->why;
	else
		err_set(e, ERR_UNTRUSTED, "no signature");
	if (t->role->threshold > 1)
		return err_wrap(
			e, "%u of %u needed signatures", distinct, t->role->threshold);
	return -1;
}

int verify_detached_all(struct verifier *v, const struct verify_role *role,
	struct bytes data, const struct bytes *signatures, size_t count, int64_t now_s,
	struct err *e)
{
	auto_tally struct tally t = { 0 };

	signature_forget(v);
	if (tally_init(&t, role, now_s, e) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		auto_data gpgme_data_t text = NULL;

		if (data_of(data, &text, e) < 0)
			return -1;
		if (tally_file(v, &t, text, signatures[i], e) < 0)
			return -1;
	}
	return tally_judge(v, &t, e);
}

int verify_detached(struct verifier *v, const struct verify_role *role, struct bytes data,
	struct bytes signature, int64_t now_s, struct err *e)
{
	return verify_detached_all(v, role, data, &signature, 1, now_s, e);
}

int verify_detached_fd(struct verifier *v, const struct verify_role *role, int fd,
	struct bytes signature, int64_t now_s, struct err *e)
{
	auto_tally struct tally t = { 0 };
	auto_data gpgme_data_t data = NULL;

	signature_forget(v);
	if (tally_init(&t, role, now_s, e) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) != 0)
		return err_sys(e, "cannot rewind the file to be verified");

	gpgme_error_t r = gpgme_data_new_from_fd(&data, fd);

	if (!r)
		r = gpgme_data_set_flag(data, "io-buffer-size", BUFFER_BYTES);
	if (r)
		return gpgme_fail(e, ERR_FAILED, "cannot check signatures", r);
	if (tally_file(v, &t, data, signature, e) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) != 0)
		return err_sys(e, "cannot rewind the verified file");
	return tally_judge(v, &t, e);
}

static int take_text(gpgme_data_t data, struct buf *out, struct err *e)
{
	unsigned char chunk[16 << 10];
	ssize_t n;

	if (gpgme_data_seek(data, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot read what gpg wrote");
	while ((n = gpgme_data_read(data, chunk, sizeof(chunk))) > 0)
		buf_add(out, chunk, (size_t)n);
	return n < 0 ? err_sys(e, "cannot read what gpg wrote")
		     : buf_check(out, "the signed text", e);
}

int verify_clearsigned(struct verifier *v, const struct verify_role *role,
	struct bytes message, int64_t now_s, struct buf *text, struct err *e)
{
	auto_tally struct tally t = { 0 };
	auto_data gpgme_data_t in = NULL, out = NULL;
	gpgme_error_t r;

	signature_forget(v);
	if (tally_init(&t, role, now_s, e) < 0 || data_of(message, &in, e) < 0)
		return -1;
	r = gpgme_data_new(&out);
	if (r)
		return gpgme_fail(e, ERR_FAILED, "cannot check signatures", r);
	r = gpgme_op_verify(v->ctx, in, NULL, out);
	if (r)
		return gpgme_fail(e, ERR_UNTRUSTED, "cannot check the signed text", r);
	if (tally_result(v, &t, e) < 0 || tally_judge(v, &t, e) < 0)
		return -1;
	return take_text(out, text, e);
}

const char *verify_notation(struct verifier *v)
{
	return v->notation ? v->notation : "";
}

const char *verify_signer(struct verifier *v)
{
	return v->signer;
}
