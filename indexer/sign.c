#include "indexer/sign.h"

#include "indexer/agent.h"
#include "indexer/worker.h"
#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#include <gpgme.h>
#include <sys/un.h>

#define OUT_CHUNK 8192

struct signer {
	gpgme_ctx_t ctx;
	char *home, *passphrase;
	gpgme_key_t key[SIGN_KEYS_MAX];
	size_t key_count;
	struct agent_watch watch;
};

static int fail(gpgme_error_t rc, const char *doing, struct err *e)
{
	char text[256];

	gpgme_strerror_r(rc, text, sizeof(text));
	if (gpgme_err_code(rc) == GPG_ERR_INV_ENGINE)
		return err_set(
			e, ERR_FAILED, "cannot %s: cannot run gpg: install GnuPG", doing);
	if (gpgme_err_code(rc) == GPG_ERR_ENOSPC)
		return err_set(e, ERR_NOSPACE, "cannot %s: %s", doing, text);
	return err_set(e, ERR_FAILED, "cannot %s: gpg: %s", doing, text);
}

static gpgme_error_t give_passphrase(
	void *hook, const char *hint, const char *info, int was_bad, int fd)
{
	const char *passphrase = hook;
	struct err ignored;

	(void)hint;
	(void)info;
	if (was_bad || fs_write_all(fd, passphrase, strlen(passphrase), &ignored) < 0 ||
		fs_write_all(fd, "\n", 1, &ignored) < 0)
		return gpgme_error(GPG_ERR_CANCELED);
	return 0;
}

static void forget(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static int open_context(
	const char *home, char *passphrase, gpgme_ctx_t *out, struct err *e)
{
	gpgme_error_t rc;
	gpgme_ctx_t ctx;

	if (verify_find_gpg(e) < 0)
		return err_wrap(e, "cannot sign");
	rc = gpgme_new(&ctx);
	if (rc)
		return fail(rc, "start gpgme", e);

	rc = gpgme_ctx_set_engine_info(ctx, GPGME_PROTOCOL_OpenPGP, NULL, home);
	if (!rc)
		rc = gpgme_set_pinentry_mode(ctx, GPGME_PINENTRY_MODE_LOOPBACK);
	if (rc) {
		gpgme_release(ctx);
		return fail(rc, "prepare gpgme", e);
	}
	gpgme_set_offline(ctx, 1);
	gpgme_set_passphrase_cb(ctx, give_passphrase, passphrase);
	*out = ctx;
	return 0;
}

/* A Unix socket's name is bounded, and the agent listens beneath the home. */
static int check_home(const char *home, struct err *e)
{
	size_t room = sizeof(((struct sockaddr_un *)0)->sun_path);

	if (strlen(home) + sizeof("/S.gpg-agent.browser") > room)
		return err_set(e, ERR_USAGE,
			"cannot use '%s' as a home of GnuPG: its name is longer than %zu "
			"bytes, "
			"choose a shorter directory",
			home, room - sizeof("/S.gpg-agent.browser"));
	return 0;
}

static int load_keys(struct signer *s, struct err *e)
{
	gpgme_error_t rc = gpgme_op_keylist_start(s->ctx, NULL, 1);
	gpgme_key_t key;

	while (!rc) {
		rc = gpgme_op_keylist_next(s->ctx, &key);
		if (rc)
			break;
		if (s->key_count == SIGN_KEYS_MAX || !key->fpr) {
			gpgme_key_unref(key);
			continue;
		}
		s->key[s->key_count++] = key;
	}
	return gpgme_err_code(rc) == GPG_ERR_EOF ? 0 : fail(rc, "list the keys", e);
}

int signer_open(
	const char *home, const char *passphrase, struct signer **out, struct err *e)
{
	auto_signer struct signer *s = xcalloc(1, sizeof(*s));

	s->home = xstrdup(home);
	s->watch = (struct agent_watch)AGENT_WATCH_INIT;
	s->passphrase = xstrdup(passphrase);
	if (check_home(home, e) < 0)
		return -1;
	if (agent_clean(home, e) < 0 || agent_watch_begin(home, &s->watch, e) < 0 ||
		agent_start(home, e) < 0 ||
		open_context(home, s->passphrase, &s->ctx, e) < 0 || load_keys(s, e) < 0)
		return -1;
	*out = STEAL(s);
	return 0;
}

void signer_close(struct signer **s)
{
	if (!*s)
		return;
	for (size_t i = 0; i < (*s)->key_count; i++)
		gpgme_key_unref((*s)->key[i]);
	if ((*s)->ctx)
		gpgme_release((*s)->ctx);
	if ((*s)->watch.fd >= 0)
		agent_watch_end(&(*s)->watch, (*s)->home);
	free((*s)->home);
	forget((*s)->passphrase);
	free(*s);
	*s = NULL;
}

static gpgme_key_t find_key(const struct signer *s, const char *fpr)
{
	for (size_t i = 0; i < s->key_count; i++)
		if (strcmp(s->key[i]->fpr, fpr) == 0)
			return s->key[i];
	return NULL;
}

bool signer_has(const struct signer *s, const char *fpr)
{
	return find_key(s, fpr) != NULL;
}

size_t signer_keys(const struct signer *s, const char *fprs[SIGN_KEYS_MAX])
{
	for (size_t i = 0; i < s->key_count; i++)
		fprs[i] = s->key[i]->fpr;
	return s->key_count;
}

static int choose(struct signer *s, const char *fpr, struct err *e)
{
	gpgme_key_t key = find_key(s, fpr);
	gpgme_error_t rc;

	if (!key)
		return err_set(e, ERR_NOTFOUND, "cannot find the secret key '%s' in '%s'",
			fpr, s->home);
	gpgme_signers_clear(s->ctx);
	rc = gpgme_signers_add(s->ctx, key);
	return rc ? fail(rc, "choose the signing key", e) : 0;
}

static int take(gpgme_data_t data, struct buf *out, struct err *e)
{
	ssize_t n;

	gpgme_data_seek(data, 0, SEEK_SET);
	do {
		unsigned char chunk[OUT_CHUNK];

		n = gpgme_data_read(data, chunk, sizeof(chunk));
		if (n > 0)
			buf_add(out, chunk, (size_t)n);
	} while (n > 0);
	if (n < 0)
		return err_sys(e, "cannot read what gpg wrote");
	return buf_check(out, "a signature", e);
}

enum how { ARMORED, BINARY, CLEAR, MESSAGE };

static int sign(struct signer *s, const char *fpr, gpgme_data_t in, const char *path,
	enum how how, struct buf *out, struct err *e)
{
	gpgme_sign_result_t result;
	gpgme_data_t sig = NULL;
	gpgme_error_t rc;
	int status;

	if (choose(s, fpr, e) < 0)
		return -1;
	gpgme_set_armor(s->ctx, how == ARMORED || how == CLEAR);
	gpgme_sig_notation_clear(s->ctx);
	rc = path[0] ? gpgme_sig_notation_add(s->ctx, VERIFY_PATH_NOTATION, path,
			       GPGME_SIG_NOTATION_HUMAN_READABLE)
		     : 0;
	if (!rc)
		rc = gpgme_data_new(&sig);
	if (!rc)
		rc = gpgme_op_sign(s->ctx, in, sig,
			how == CLEAR     ? GPGME_SIG_MODE_CLEAR
			: how == MESSAGE ? GPGME_SIG_MODE_NORMAL
					 : GPGME_SIG_MODE_DETACH);
	if (rc) {
		gpgme_data_release(sig);
		return fail(rc, "sign", e);
	}

	result = gpgme_op_sign_result(s->ctx);
	if (!result || !result->signatures || result->signatures->next ||
		strcmp(result->signatures->fpr, fpr) != 0)
		status = err_set(
			e, ERR_FAILED, "cannot sign: gpg did not use key '%s'", fpr);
	else
		status = take(sig, out, e);
	gpgme_data_release(sig);
	return status;
}

static int sign_bytes(struct signer *s, const char *fpr, struct bytes data,
	const char *path, enum how how, struct buf *out, struct err *e)
{
	gpgme_data_t in;
	gpgme_error_t rc = gpgme_data_new_from_mem(
		&in, data.len ? (const char *)data.data : "", data.len, 0);
	int status;

	if (rc)
		return fail(rc, "sign", e);
	status = sign(s, fpr, in, path, how, out, e);
	gpgme_data_release(in);
	return status;
}

int signer_sign(struct signer *s, const char *fpr, struct bytes data, const char *path,
	struct buf *out, struct err *e)
{
	return sign_bytes(s, fpr, data, path, ARMORED, out, e);
}

int signer_sign_binary(struct signer *s, const char *fpr, struct bytes data,
	struct buf *out, struct err *e)
{
	return sign_bytes(s, fpr, data, "", BINARY, out, e);
}

int signer_clearsign(struct signer *s, const char *fpr, struct bytes text,
	const char *path, struct buf *out, struct err *e)
{
	return sign_bytes(s, fpr, text, path, CLEAR, out, e);
}

int signer_sign_message(struct signer *s, const char *fpr, struct bytes data,
	struct buf *out, struct err *e)
{
	return sign_bytes(s, fpr, data, "", MESSAGE, out, e);
}

int signer_sign_fd(struct signer *s, const char *fpr, int fd, const char *path,
	struct buf *out, struct err *e)
{
	gpgme_data_t in;
	gpgme_error_t rc;
	int status;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot read '%s'", path);
	rc = gpgme_data_new_from_fd(&in, fd);
	if (rc)
		return fail(rc, "sign", e);
	status = sign(s, fpr, in, path, ARMORED, out, e);
	gpgme_data_release(in);
	return status;
}

int sign_make_home(int dir_fd, const char *name, struct err *e)
{
	static const char conf[] = "digest-algo SHA512\n"
				   "cert-digest-algo SHA512\n"
				   "personal-digest-preferences SHA512\n"
				   "no-auto-key-retrieve\n"
				   "no-auto-check-trustdb\n"
				   "disable-dirmngr\n"
				   /* who writes here holds the tree's lock; each
				    * signature would make and link three files */
				   "lock-never\n"
				   "no-random-seed-file\n"
				   "no-greeting\n";
	static const char agent[] = "allow-loopback-pinentry\n"
				    "disable-scdaemon\n"
				    "no-allow-external-cache\n"
				    /* several signatures at once need more than 32 KiB */
				    "auto-expand-secmem 65536\n";
	auto_fd int fd = -1;

	if (fs_mkdirs(dir_fd, name, 0700, e) < 0)
		return -1;
	fd = fs_open_dir_at(dir_fd, name, e);
	if (fd < 0)
		return -1;
	if (fchmod(fd, 0700) < 0)
		return err_sys(e, "cannot make '%s' private", name);
	if (atomic_write_file(fd, "gpg.conf", bytes_of_str(conf), 0600, e) < 0)
		return -1;
	return atomic_write_file(fd, "gpg-agent.conf", bytes_of_str(agent), 0600, e);
}

#define MAKE_LIMIT_S 600 /* it may wait for entropy */

struct making {
	const char *home, *user_id;
	char *passphrase;
	char *fpr;
};

static int make_key(size_t i, void *ctx, struct buf *out, struct err *e)
{
	struct making *m = ctx;
	unsigned int flags = GPGME_CREATE_SIGN | GPGME_CREATE_NOEXPIRE |
			     GPGME_CREATE_FORCE | /* one name, several keys */
			     (m->passphrase[0] ? 0 : GPGME_CREATE_NOPASSWD);
	gpgme_genkey_result_t made;
	gpgme_error_t rc;
	gpgme_ctx_t gpg;

	(void)i;
	if (open_context(m->home, m->passphrase, &gpg, e) < 0)
		return -1;
	rc = gpgme_op_createkey(gpg, m->user_id, "rsa3072", 0, 0, NULL, flags);
	made = rc ? NULL : gpgme_op_genkey_result(gpg);
	if (made && made->fpr)
		buf_add_str(out, made->fpr);
	gpgme_release(gpg);
	if (rc)
		return fail(rc, "make a key", e);
	return out->len ? 0 : err_set(e, ERR_FAILED, "cannot make a key: gpg made none");
}

static int take_fpr(size_t i, struct bytes result, void *ctx, struct err *e)
{
	struct making *m = ctx;

	(void)i;
	(void)e;
	snprintf(m->fpr, FPR_MAX, "%.*s", (int)result.len, (const char *)result.data);
	return 0;
}

static int make_limit(size_t i, void *ctx)
{
	(void)i;
	(void)ctx;
	return MAKE_LIMIT_S;
}

int sign_make_key(const char *home, const char *user_id, const char *passphrase,
	char fpr[FPR_MAX], struct err *e)
{
	static const struct worker_ops ops = { .what = "make a key",
		.result_max = FPR_MAX - 1,
		.work = make_key,
		.done = take_fpr,
		.limit_s = make_limit };
	struct agent_watch watch = AGENT_WATCH_INIT;
	struct making m = { .home = home, .user_id = user_id, .fpr = fpr };
	int rc;

	if (check_home(home, e) < 0 || agent_clean(home, e) < 0 ||
		agent_watch_begin(home, &watch, e) < 0)
		return -1;
	m.passphrase = xstrdup(passphrase);
	rc = agent_start(home, e);
	if (rc == 0)
		rc = worker_run(1, 1, &ops, &m, e);
	agent_watch_end(&watch, home);
	forget(m.passphrase);
	return rc;
}

void sign_user_id(
	const char *site, const char *purpose, const char *repo, char out[USER_ID_MAX])
{
	snprintf(out, USER_ID_MAX, "%s (rootyard %s key %.8s)", site, purpose, repo);
}

int sign_export(
	const char *home, const char *fpr, bool armor, struct buf *out, struct err *e)
{
	gpgme_data_t data = NULL;
	gpgme_error_t rc;
	gpgme_ctx_t ctx;
	int status;

	if (open_context(home, NULL, &ctx, e) < 0)
		return -1;
	gpgme_set_armor(ctx, armor);
	rc = gpgme_data_new(&data);
	if (!rc)
		rc = gpgme_op_export(ctx, fpr, GPGME_EXPORT_MODE_MINIMAL, data);
	status = rc ? fail(rc, "export the key", e) : take(data, out, e);
	gpgme_data_release(data);
	gpgme_release(ctx);
	return status;
}
