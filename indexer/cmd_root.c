#include "indexer/cmd_key.h"

#include "indexer/install.h"
#include "indexer/secret.h"
#include "lib/base/atomic.h"
#include "lib/base/fs.h"
#include "lib/base/jsonw.h"

#include <time.h>

#define NAME_DEFAULT "root"

static void describe_role(const struct trust_root *r, enum trust_role_name role,
	const char *name, struct buf *out)
{
	const struct trust_role *t = &r->role[role];

	buf_printf(out, "%-10s %u of %zu\n", name, t->threshold, t->count);
	for (size_t i = 0; i < t->count; i++) {
		const struct trust_key *k = trust_key_find(r, t->fpr[i]);
		char until[32] = "";

		if (k && k->until_s != INT64_MAX)
			cmd_time(k->until_s, until);
		buf_printf(out, "           %s%s%s\n", t->fpr[i],
			until[0] ? " until " : "", until);
	}
}

/* What a person must know before signing: who is trusted, for what, until when. */
static void root_describe(const struct trust_root *r, struct buf *out)
{
	char until[32];

	cmd_time(r->expires_s, until);
	buf_printf(out, "root       version %lld of repository %s, good until %s\n",
		(long long)r->version, r->repo, until);
	describe_role(r, TRUST_ROOT, "root", out);
	describe_role(r, TRUST_PUBLISH, "publish", out);
	describe_role(r, TRUST_TIMESTAMP, "timestamp", out);
	for (size_t i = 0; i < r->revoked_count; i++)
		buf_printf(out, "revoked    %s: %s\n", r->revoked[i].fpr,
			r->revoked[i].reason);
}

static int ask(struct call *c, int64_t passphrase_fd, bool is_new, const char *home,
	struct secret *out, struct err *e)
{
	if (passphrase_fd >= 0)
		return secret_read_fd((int)passphrase_fd, out, e);
	if (!is_new)
		return secret_ask_known("the root key", out, e) < 0 ? -1 : 0;
	if (secret_ask("the root key", out, e) < 0)
		return -1;
	if (!out->text[0])
		out_warn(c->out, "the root key has no passphrase: keep '%s' offline",
			home);
	return 0;
}

/* The directory a file is in, for the walls. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	return slash == path ? xstrdup("/")
			     : xasprintf("%.*s", (int)(slash - path), path);
}

/* ---- key root init */

struct init_values {
	const char *root_home, *name;
	int64_t passphrase_fd;
};

#define ROOT_HOME(type)                                                                  \
	{                                                                                \
		"root-home", 0, OPT_STRING, offsetof(type, root_home), "DIR",            \
			"GnuPG home of the root key", 0, 0                               \
	}
#define PASSPHRASE_FD(type)                                                              \
	{                                                                                \
		"root-passphrase-fd", 0, OPT_INT, offsetof(type, passphrase_fd), "N",    \
			"read the root key's passphrase from descriptor N", 0, 1 << 20   \
	}

static const struct opt init_opts[] = {
	ROOT_HOME(struct init_values),
	{ "name", 0, OPT_STRING, offsetof(struct init_values, name), "NAME",
		"who holds it (default: root)", 0, 0 },
	PASSPHRASE_FD(struct init_values),
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct init_values init_defaults = { .passphrase_fd = -1,
	.name = NAME_DEFAULT };

static int check_empty(int fd, const char *path, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(fd, ".", &names, e) < 0)
		return -1;
	if (names.count)
		return err_set(e, ERR_CONFLICT, "'%s' is not empty: it holds '%s'", path,
			names.name[0]);
	return 0;
}

static int make_root_key(struct call *c, const struct init_values *v, const char *home,
	int fd, struct err *e)
{
	auto_secret struct secret passphrase = { "" };
	auto_buf struct buf armor = BUF_INIT(VERIFY_KEY_MAX);
	char fpr[FPR_MAX], name[FPR_MAX + 8], user_id[USER_ID_MAX];

	if (ask(c, v->passphrase_fd, true, home, &passphrase, e) < 0 ||
		sign_make_home(fd, ".", e) < 0)
		return -1;
	snprintf(user_id, sizeof(user_id), "%s (rootyard root key)", v->name);
	if (sign_make_key(home, user_id, passphrase.text, fpr, e) < 0 ||
		sign_export(home, fpr, true, &armor, e) < 0)
		return err_wrap(e, "cannot make a root key");
	snprintf(name, sizeof(name), "%s.asc", fpr);
	if (atomic_write_file(fd, name, buf_bytes(&armor), 0644, e) < 0)
		return -1;
	if (c->out->json)
		out_result(c->out, "{\"fingerprint\":\"%s\",\"public_key\":\"%s/%s\"}\n",
			fpr, home, name);
	else
		out_result(c->out, "%s\n", fpr);
	out_note(c->out,
		"carry '%s/%s' to the tree and run 'rootyard-index key root rotate --add "
		"%s'",
		home, name, name);
	return 0;
}

static int run_init(struct call *c, struct err *e)
{
	const struct init_values *v = c->values;
	const char *dirs[] = { v->root_home };
	auto_free char *home = NULL;
	auto_fd int fd = -1;

	if (cmd_refuse_root(e) < 0)
		return -1;
	if (!v->root_home)
		return err_set(e, ERR_USAGE,
			"option '--root-home' is missing: where shall the key be made?");
	if (!site_name_is_valid(v->name))
		return err_set(e, ERR_USAGE,
			"'%s' cannot be a key's name: one line of 1 to 100 bytes without "
			"'<', '>' and '@'",
			v->name);
	if (mkdir(v->root_home, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "cannot make the directory '%s'", v->root_home);
	home = realpath(v->root_home, NULL);
	if (!home)
		return err_sys(e, "cannot open '%s'", v->root_home);
	fd = fs_open_dir(home, e);
	if (fd < 0 || check_empty(fd, home, e) < 0 ||
		cmd_confine(dirs, 1, NULL, 0, e) < 0)
		return -1;
	return make_root_key(c, v, home, fd, e);
}

/* ---- key root rotate, revoke: proposals */

struct rotate_values {
	struct cmd_common common;
	struct opt_list add, remove;
	int64_t threshold;
};

static const struct opt rotate_opts[] = {
	CMD_DIRECTORY,
	{ "add", 0, OPT_LIST, offsetof(struct rotate_values, add), "FILE",
		"the public half of one more root key", 0, 0 },
	{ "remove", 0, OPT_LIST, offsetof(struct rotate_values, remove), "FINGERPRINT",
		"a root key that is not needed any more", 0, 0 },
	{ "threshold", 0, OPT_INT, offsetof(struct rotate_values, threshold), "N",
		"how many root keys must sign", 1, TRUST_KEYS_MAX },
	CMD_WAIT,
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct rotate_values rotate_defaults = { .common.wait_s =
							      CMD_WAIT_DEFAULT_S };

static int add_root(struct proposal *p, const char *path, struct err *e)
{
	auto_buf struct buf armor = BUF_INIT(0);
	struct trust_key k = { .until_s = INT64_MAX };
	char fpr[FPR_MAX];

	if (key_read_file(path, VERIFY_KEY_MAX, &armor, e) < 0)
		return -1;
	if (verify_key_fingerprint(buf_bytes(&armor), fpr, e) < 0)
		return err_wrap(e, "'%s'", path);
	k.fpr = arena_strdup(&p->arena, fpr);
	k.armor = bytes_of_str(
		arena_strndup(&p->arena, (const char *)armor.data, armor.len));
	return trust_role_add(&p->next, TRUST_ROOT, &k, e);
}

static int remove_root(struct proposal *p, const char *text, struct err *e)
{
	char fpr[FPR_MAX];

	if (key_parse_fpr(text, fpr, e) < 0)
		return -1;
	if (!trust_role_has(&p->next, TRUST_ROOT, fpr))
		return err_set(e, ERR_NOTFOUND, "'%s' is no root key", fpr);
	trust_role_drop(&p->next, TRUST_ROOT, fpr);
	return 0;
}

static int run_rotate(struct call *c, struct err *e)
{
	const struct rotate_values *v = c->values;
	auto_yard struct yard y = YARD_INIT;
	auto_proposal struct proposal p = { 0 };

	if (cmd_open_writer(c, &v->common, v->add.item, v->add.count, &y, e) < 0 ||
		proposal_open(&y, &p, e) < 0)
		return -1;
	for (size_t i = 0; i < v->add.count; i++)
		if (add_root(&p, v->add.item[i], e) < 0)
			return -1;
	for (size_t i = 0; i < v->remove.count; i++)
		if (remove_root(&p, v->remove.item[i], e) < 0)
			return -1;
	if (v->threshold)
		p.next.role[TRUST_ROOT].threshold = (unsigned int)v->threshold;
	if (proposal_write(&p, e) < 0)
		return -1;
	key_say_proposal(c, &p);
	return 0;
}

static int run_revoke(struct call *c, struct err *e)
{
	const struct cmd_reasoned *v = c->values;
	auto_yard struct yard y = YARD_INIT;
	auto_proposal struct proposal p = { 0 };
	char fpr[FPR_MAX];

	if (key_check_reason(v->reason, e) < 0 || key_parse_fpr(c->argv[0], fpr, e) < 0 ||
		cmd_open_writer(c, &v->common, NULL, 0, &y, e) < 0 ||
		proposal_open(&y, &p, e) < 0)
		return -1;
	if (!trust_role_has(&p.next, TRUST_ROOT, fpr))
		return err_set(e, ERR_NOTFOUND, "'%s' is no root key", fpr);
	if (trust_revoke(&p.next, fpr, y.now_s, v->reason, e) < 0 ||
		proposal_write(&p, e) < 0)
		return -1;
	key_say_proposal(c, &p);
	return 0;
}

/* ---- key root sign: neither tree nor catalog */

struct sign_values {
	const char *root_home;
	int64_t passphrase_fd;
};

static const struct opt sign_opts[] = {
	ROOT_HOME(struct sign_values),
	PASSPHRASE_FD(struct sign_values),
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct sign_values sign_defaults = { .passphrase_fd = -1 };

/* One signature of one key: a later one takes the place of an earlier one. */
static int put_signature(struct envelope *v, struct signer *s, const char *fpr,
	struct bytes pae, struct err *e)
{
	auto_buf struct buf sig = BUF_INIT(SIGNATURE_MAX);
	size_t at = 0;

	while (at < v->signature_count && strcmp(v->signature[at].fpr, fpr) != 0)
		at++;
	if (at == TRUST_KEYS_MAX)
		return err_set(
			e, ERR_LIMIT, "it carries %d signatures already", TRUST_KEYS_MAX);
	if (signer_sign_binary(s, fpr, pae, &sig, e) < 0)
		return -1;
	snprintf(v->signature[at].fpr, FPR_MAX, "%s", fpr);
	v->signature[at].sig = bytes_of(
		arena_strndup(&v->arena, (const char *)sig.data, sig.len), sig.len);
	v->signature_count += at == v->signature_count;
	return 0;
}

static int sign_root(
	struct envelope *v, const char *home, const char *passphrase, struct err *e)
{
	auto_signer struct signer *s = NULL;
	auto_buf struct buf pae = BUF_INIT(2 * TRUST_DOC_MAX);
	const char *fprs[SIGN_KEYS_MAX];
	size_t count;

	trust_pae(TRUST_TYPE_ROOT, v->payload, &pae);
	if (buf_check(&pae, "the root", e) < 0 ||
		signer_open(home, passphrase, &s, e) < 0)
		return -1;
	count = signer_keys(s, fprs);
	if (!count)
		return err_set(e, ERR_NOTFOUND, "there is no secret key in '%s'", home);
	for (size_t i = 0; i < count; i++)
		if (put_signature(v, s, fprs[i], buf_bytes(&pae), e) < 0)
			return -1;
	return 0;
}

/* How many of its own root keys have signed it well. */
static unsigned int count_signed(const struct envelope *v, const struct trust_root *r)
{
	unsigned int n = 0;

	for (unsigned int wanted = 1; wanted <= r->role[TRUST_ROOT].count; wanted++) {
		struct trust_root by = *r;
		struct err ignored;

		by.role[TRUST_ROOT].threshold = wanted;
		if (root_check_signed(v, &by, (int64_t)time(NULL), &ignored) < 0)
			break;
		n = wanted;
	}
	return n;
}

static void say_signed(
	struct call *c, const struct trust_root *r, unsigned int count, const char *path)
{
	unsigned int threshold = r->role[TRUST_ROOT].threshold;
	auto_buf struct buf text = BUF_INIT(TRUST_DOC_MAX);

	if (c->out->json) {
		out_result(c->out,
			"{\"version\":%lld,\"signatures\":%u,\"threshold\":%u}\n",
			(long long)r->version, count, threshold);
		return;
	}
	root_describe(r, &text);
	out_result(c->out, "%s", buf_str(&text));
	out_result(c->out, "signed     by %u of its root keys, it needs %u\n", count,
		threshold);
	if (count < threshold)
		out_note(c->out, "carry '%s' to the next root key", path);
}

static int sign_file(struct call *c, const char *home, const char *passphrase, int dir_fd,
	const char *path, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(0), signed_text = BUF_INIT(TRUST_DOC_MAX);
	auto_trust_root struct trust_root root = { 0 };
	auto_envelope struct envelope v = { 0 };
	const char *slash = strrchr(path, '/');

	if (key_read_file(path, TRUST_DOC_MAX, &text, e) < 0)
		return -1;
	if (root_open(buf_bytes(&text), &v, &root, e) < 0)
		return err_wrap(e, "'%s'", path);
	if (sign_root(&v, home, passphrase, e) < 0)
		return err_wrap(e, "cannot sign '%s'", path);
	if (envelope_format(TRUST_TYPE_ROOT, v.payload, v.signature, v.signature_count,
		    &signed_text, e) < 0 ||
		atomic_write_file(dir_fd, slash ? slash + 1 : path,
			buf_bytes(&signed_text), 0644, e) < 0)
		return -1;
	say_signed(c, &root, count_signed(&v, &root), path);
	return 0;
}

static int run_sign(struct call *c, struct err *e)
{
	const struct sign_values *v = c->values;
	auto_secret struct secret passphrase = { "" };
	auto_free char *home = NULL, *dir = directory_of(c->argv[0]);
	auto_fd int dir_fd = -1;
	const char *dirs[] = { v->root_home, dir };

	if (cmd_refuse_root(e) < 0)
		return -1;
	if (!v->root_home)
		return err_set(e, ERR_USAGE,
			"option '--root-home' is missing: where is the root key?");
	home = realpath(v->root_home, NULL);
	if (!home)
		return err_sys(e, "cannot open '%s'", v->root_home);
	if (cmd_confine(dirs, 2, NULL, 0, e) < 0 ||
		ask(c, v->passphrase_fd, false, home, &passphrase, e) < 0)
		return -1;
	dir_fd = fs_open_dir(dir, e);
	if (dir_fd < 0)
		return -1;
	return sign_file(c, home, passphrase.text, dir_fd, c->argv[0], e);
}

/* ---- key root install */

struct install_values {
	struct cmd_common common;
};

static const struct opt install_opts[] = {
	CMD_DIRECTORY,
	CMD_WAIT,
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct install_values install_defaults = { .common.wait_s =
								CMD_WAIT_DEFAULT_S };

static void say_installed(struct call *c, struct yard *y, const struct installed *in)
{
	struct err ignored;

	if (c->out->json)
		out_result(c->out, "{\"root_version\":%lld,\"installed\":%s}\n",
			(long long)in->version, in->is_new ? "true" : "false");
	else
		out_result(c->out, "%s root version %lld\n",
			in->is_new ? "installed" : "already there:",
			(long long)in->version);
	if (keys_may_switch(y, &ignored) > 0)
		out_note(c->out,
			"the next key is trusted now: tell people who keep keyrings of "
			"their own, then run 'key rotate --switch'");
}

static int run_install(struct call *c, struct err *e)
{
	const struct install_values *v = c->values;
	struct resign_report report = key_report(c->out);
	const char *read[] = { c->argv[0] };
	auto_buf struct buf text = BUF_INIT(0);
	auto_yard struct yard y = YARD_INIT;
	struct installed in;
	int followed;

	if (cmd_open_writer(c, &v->common, read, 1, &y, e) < 0 ||
		key_read_file(c->argv[0], TRUST_DOC_MAX, &text, e) < 0)
		return -1;
	if (root_install(&y, buf_bytes(&text), &in, e) < 0)
		return err_wrap(e, "cannot install '%s'", c->argv[0]);
	followed = keys_follow(&y, e);
	/* what clients of ours need first; old gpg's .asc take longer */
	if (followed < 0 || key_publish(&y, e) < 0 || keys_resign(&y, &report, e) < 0 ||
		root_forget_proposal(&y, in.version, e) < 0)
		return -1;
	say_installed(c, &y, &in);
	return 0;
}

/* ---- the verbs below `key root` */

static int run(struct call *c, struct err *e)
{
	static const struct command verbs[] = {
		{ .name = "init",
			.args = "",
			.summary = "Make a root key in a home of its own",
			.opts = init_opts,
			.values_size = sizeof(struct init_values),
			.defaults = &init_defaults,
			.run = run_init },
		{ .name = "rotate",
			.args = "",
			.summary = "Propose the next root: other keys, or a later expiry",
			.opts = rotate_opts,
			.values_size = sizeof(struct rotate_values),
			.defaults = &rotate_defaults,
			.run = run_rotate },
		{ .name = "revoke",
			.args = "FINGERPRINT",
			.summary = "Propose a root that distrusts a root key",
			.opts = cmd_reasoned_opts,
			.values_size = sizeof(struct cmd_reasoned),
			.defaults = &cmd_reasoned_defaults,
			.min_args = 1,
			.max_args = 1,
			.run = run_revoke },
		{ .name = "sign",
			.args = "FILE",
			.summary = "Sign a proposed root, away from the tree",
			.opts = sign_opts,
			.values_size = sizeof(struct sign_values),
			.defaults = &sign_defaults,
			.min_args = 1,
			.max_args = 1,
			.run = run_sign },
		{ .name = "install",
			.args = "FILE",
			.summary = "Verify a signed root, and make it the newest",
			.opts = install_opts,
			.values_size = sizeof(struct install_values),
			.defaults = &install_defaults,
			.min_args = 1,
			.max_args = 1,
			.run = run_install },
		{ .name = NULL },
	};

	(void)e;
	return cmd_group(
		c, "rootyard-index key root", "The root of the chain of trust", verbs);
}

const struct command cmd_key_root = {
	.name = "root",
	.args = "init|rotate|revoke|sign|install ...",
	.summary = "The root of the chain of trust",
	.max_args = -1,
	.raw = true,
	.run = run,
};
