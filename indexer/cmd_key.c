#include "indexer/cmd_key.h"

#include "indexer/publish.h"
#include "lib/base/fs.h"
#include "lib/base/jsonw.h"

#include <ctype.h>
#include <fcntl.h>

#define REASON_MAX 200

/* ---- shared with `key root` */

void key_say_proposal(struct call *c, const struct proposal *p)
{
	if (c->out->json)
		out_result(c->out, "{\"proposal\":\"%s/%s\",\"version\":%lld}\n",
			p->yard->path, p->name, (long long)p->next.version);
	else
		out_result(c->out, "%s/%s\n", p->yard->path, p->name);
	if (p->is_added_to)
		out_note(c->out, "the changes that waited in it are kept");
	out_note(c->out,
		"carry it to where the root key is, run 'rootyard-index key root sign "
		"--root-home DIR %s' there, bring it back, and run 'key root install'",
		p->name);
}

int key_publish(struct yard *y, struct err *e)
{
	auto_plan struct plan plan = { 0 };
	auto_notary struct notary n = { 0 };
	struct catalog_signing s;
	int64_t live;
	int rc = yard_live(y, &live, e);

	if (rc <= 0)
		return rc;
	if (plan_make(y, &plan, e) < 0 || notary_open(y, NOTARY_SIGN, &n, e) < 0)
		return -1;
	if (plan.signer_changed)
		return publish_run(y, &n, &plan, e);
	return publish_refresh(y, &n, &s, e);
}

static void say_step(uint64_t done, uint64_t all, void *ctx)
{
	out_step(ctx, "signing builds anew", done, all, "builds");
	if (done == all)
		out_step_done(ctx, "signing builds anew", "%llu builds",
			(unsigned long long)all);
}

static void say_spoilt(const struct err *why, void *ctx)
{
	out_error(ctx, why);
}

struct resign_report key_report(struct out *o)
{
	return (struct resign_report){ .step = say_step, .spoilt = say_spoilt, .ctx = o };
}

int key_parse_fpr(const char *text, char out[FPR_MAX], struct err *e)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len && i < FPR_MAX - 1; i++)
		out[i] = (char)toupper((unsigned char)text[i]);
	if ((len != 40 && len != 64) || strspn(text, "0123456789ABCDEFabcdef") != len)
		return err_set(e, ERR_USAGE,
			"'%s' is no fingerprint: 40 or 64 hex digits, as 'key list' "
			"shows them",
			text);
	out[len] = '\0';
	return 0;
}

int key_read_file(const char *path, size_t ceiling, struct buf *out, struct err *e)
{
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	out->ceiling = ceiling;
	return fs_read_fd(fd, path, out, e);
}

int key_check_reason(const char *reason, struct err *e)
{
	if (!reason || !reason[0])
		return err_set(e, ERR_USAGE,
			"option '--reason' is missing: why, in a few words, for "
			"everybody to read");
	if (strlen(reason) > REASON_MAX)
		return err_set(
			e, ERR_USAGE, "option '--reason': at most %d bytes", REASON_MAX);
	for (const char *c = reason; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return err_set(e, ERR_USAGE,
				"option '--reason': one line without control characters");
	return 0;
}

/* ---- key list */

struct common_values {
	struct cmd_common common;
};

static const struct opt list_opts[] = {
	CMD_DIRECTORY,
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

struct listing {
	struct yard *yard;
	struct out *out;
	struct trust_root root;
};

static const char *const role_names[] = { "root", "publish", "timestamp" };

/* What the catalog knows of a key, "" when it is not one of ours. */
struct known {
	const char *fpr;
	char state[16];
};

static int match(const struct catalog_key *k, void *ctx, struct err *e)
{
	struct known *known = ctx;

	(void)e;
	if (strcmp(k->fpr, known->fpr) == 0)
		snprintf(known->state, sizeof(known->state), "%s", k->state);
	return 0;
}

static void print_key(const struct listing *l, const char *role, const char *state,
	const char *fpr, int64_t until_s, const char *remark)
{
	char when[32] = "";

	if (l->out->json) {
		auto_buf struct buf text = BUF_INIT(4096);
		struct jsonw w = jsonw_to(&text);

		jsonw_object(&w);
		jsonw_kstr(&w, "role", role);
		jsonw_kstr(&w, "state", state);
		jsonw_kstr(&w, "fingerprint", fpr);
		jsonw_key(&w, "until");
		if (until_s == INT64_MAX)
			jsonw_null(&w);
		else
			jsonw_int(&w, until_s);
		jsonw_kstr(&w, "remark", remark);
		jsonw_end_object(&w);
		out_result(l->out, "%s\n", buf_str(&text));
		return;
	}
	if (until_s != INT64_MAX)
		cmd_time(until_s, when);
	out_result(l->out, "%-10s %-8s %s%s%s%s%s\n", role, state, fpr,
		when[0] ? " until " : "", when, remark[0] ? "  " : "", remark);
}

static int list_role(const struct listing *l, enum trust_role_name role, struct err *e)
{
	const struct trust_role *t = &l->root.role[role];

	for (size_t i = 0; i < t->count; i++) {
		const struct trust_key *k = trust_key_find(&l->root, t->fpr[i]);
		struct known known = { .fpr = t->fpr[i], .state = "listed" };
		bool is_over = role != TRUST_ROOT && k->until_s <= l->yard->now_s;

		if (catalog_key_walk(l->yard->catalog, match, &known, e) < 0)
			return -1;
		print_key(l, role_names[role], known.state, k->fpr,
			role == TRUST_ROOT ? INT64_MAX : k->until_s,
			is_over ? "expired" : "");
	}
	return 0;
}

/* Ours that the root does not list: not yet, or not any more. */
static int list_ours(const struct catalog_key *k, void *ctx, struct err *e)
{
	const struct listing *l = ctx;

	(void)e;
	if (trust_key_find(&l->root, k->fpr) || trust_is_revoked(&l->root, k->fpr))
		return 0;
	print_key(l, k->role, k->state, k->fpr, INT64_MAX,
		strcmp(k->state, "next") == 0 ? "no root lists it yet" : "");
	return 0;
}

static int run_list(struct call *c, struct err *e)
{
	const struct common_values *v = c->values;
	auto_yard struct yard y = YARD_INIT;
	struct listing l = { .yard = &y, .out = c->out };
	int rc = 0;

	if (cmd_open(&v->common, &y, e) < 0 || yard_read_root(&y, &l.root, e) < 0)
		return -1;
	for (enum trust_role_name r = TRUST_ROOT; r <= TRUST_TIMESTAMP && rc == 0; r++)
		rc = list_role(&l, r, e);
	if (rc == 0)
		rc = catalog_key_walk(y.catalog, list_ours, &l, e);
	for (size_t i = 0; i < l.root.revoked_count && rc == 0; i++)
		print_key(&l, "none", "revoked", l.root.revoked[i].fpr, INT64_MAX,
			l.root.revoked[i].reason);
	trust_root_release(&l.root);
	return rc;
}

/* ---- key rotate */

struct rotate_values {
	struct cmd_common common;
	bool timestamp, use;
};

static const struct opt rotate_opts[] = {
	CMD_DIRECTORY,
	{ "timestamp", 0, OPT_FLAG, offsetof(struct rotate_values, timestamp), NULL,
		"a key that signs 'current' alone, not the publish key", 0, 0 },
	{ "switch", 0, OPT_FLAG, offsetof(struct rotate_values, use), NULL,
		"put the next key to use: sign everything with it", 0, 0 },
	CMD_WAIT,
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct rotate_values rotate_defaults = { .common.wait_s =
							      CMD_WAIT_DEFAULT_S };

static int check_none_waits(struct yard *y, struct err *e)
{
	static const char *const roles[] = { "publish", "timestamp" };

	for (size_t i = 0; i < ARRAY_COUNT(roles); i++) {
		struct catalog_key k;
		int rc = catalog_key_find(y->catalog, roles[i], "next", &k, e);

		if (rc < 0)
			return -1;
		if (rc > 0)
			return err_set(e, ERR_CONFLICT,
				"no root lists the next %s key '%s' yet: sign and "
				"install "
				"'%s/root.N' first",
				roles[i], k.fpr, y->path);
	}
	return 0;
}

static int use_next(struct call *c, struct yard *y, struct err *e)
{
	struct resign_report report = key_report(c->out);
	struct catalog_key k;
	int rc = keys_may_switch(y, e);

	if (rc < 0)
		return -1;
	if (rc > 0 ? keys_switch(y, &report, e) < 0 : check_none_waits(y, e) < 0)
		return -1;
	/* nothing next: an earlier run may have been cut off behind the switch */
	if (keys_resign(y, &report, e) < 0 || key_publish(y, e) < 0)
		return -1;
	rc = catalog_key_find(y->catalog, "publish", "current", &k, e);
	if (rc < 0)
		return -1;
	out_result(c->out, c->out->json ? "{\"publish_fingerprint\":\"%s\"}\n" : "%s\n",
		k.fpr);
	return 0;
}

static int propose_next(struct call *c, struct yard *y, const char *role, struct err *e)
{
	auto_proposal struct proposal p = { 0 };
	struct catalog_key key;
	bool is_new;

	if (proposal_open(y, &p, e) < 0 || keys_next(y, role, &key, &is_new, e) < 0)
		return -1;
	if (trust_key_find(&p.now, key.fpr))
		return err_set(e, ERR_CONFLICT,
			"root version %lld lists the next %s key already: put it to use "
			"with 'key rotate --switch'",
			(long long)p.now.version, role);
	if (keys_propose(&p, &key, e) < 0 || proposal_write(&p, e) < 0)
		return -1;
	out_note(c->out, "%s the next %s key, %s", is_new ? "made" : "there is", role,
		key.fpr);
	key_say_proposal(c, &p);
	return 0;
}

static int run_rotate(struct call *c, struct err *e)
{
	const struct rotate_values *v = c->values;
	auto_yard struct yard y = YARD_INIT;

	if (v->use && v->timestamp)
		return err_set(e, ERR_USAGE,
			"'--switch' puts every next key to use: leave '--timestamp' out");
	if (cmd_open_writer(c, &v->common, NULL, 0, &y, e) < 0)
		return -1;
	if (v->use)
		return use_next(c, &y, e);
	return propose_next(c, &y, v->timestamp ? "timestamp" : "publish", e);
}

/* ---- key revoke */

struct ours {
	const char *fpr;
	struct catalog_key key;
	char role[16], state[16];
	bool found;
};

static int find_ours(const struct catalog_key *k, void *ctx, struct err *e)
{
	struct ours *o = ctx;

	(void)e;
	if (strcmp(k->fpr, o->fpr) != 0)
		return 0;
	o->key = *k;
	snprintf(o->role, sizeof(o->role), "%s", k->role);
	snprintf(o->state, sizeof(o->state), "%s", k->state);
	o->key.role = o->role;
	o->found = true;
	return 0;
}

/* Someone must sign after it is gone; a next key that leaks is no next key. */
static int replace(struct yard *y, struct proposal *p, struct ours *o, struct err *e)
{
	struct catalog_key next;
	bool is_new;

	if (strcmp(o->state, "next") == 0) {
		o->key.state = "past";
		return catalog_key_put(y->catalog, &o->key, e);
	}
	if (strcmp(o->state, "current") != 0)
		return 0;
	if (keys_next(y, o->role, &next, &is_new, e) < 0)
		return -1;
	return keys_propose(p, &next, e);
}

static int run_revoke(struct call *c, struct err *e)
{
	const struct cmd_reasoned *v = c->values;
	auto_yard struct yard y = YARD_INIT;
	auto_proposal struct proposal p = { 0 };
	char fpr[FPR_MAX];
	struct ours o = { .fpr = fpr };

	if (key_check_reason(v->reason, e) < 0 || key_parse_fpr(c->argv[0], fpr, e) < 0 ||
		cmd_open_writer(c, &v->common, NULL, 0, &y, e) < 0 ||
		proposal_open(&y, &p, e) < 0)
		return -1;
	if (trust_role_has(&p.next, TRUST_ROOT, fpr))
		return err_set(
			e, ERR_USAGE, "'%s' is a root key: use 'key root revoke'", fpr);
	if (catalog_key_walk(y.catalog, find_ours, &o, e) < 0)
		return -1;
	if (!o.found && !trust_key_find(&p.next, fpr))
		return err_set(e, ERR_NOTFOUND, "no key '%s' is known here", fpr);
	if ((o.found && replace(&y, &p, &o, e) < 0) ||
		trust_revoke(&p.next, fpr, y.now_s, v->reason, e) < 0 ||
		proposal_write(&p, e) < 0)
		return -1;
	key_say_proposal(c, &p);
	return 0;
}

/* ---- key export */

struct export_values {
	struct cmd_common common;
	bool binary;
};

static const struct opt export_opts[] = {
	CMD_DIRECTORY,
	{ "binary", 0, OPT_FLAG, offsetof(struct export_values, binary), NULL,
		"as a keyring, for gpgv and systemd", 0, 0 },
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

static int run_export(struct call *c, struct err *e)
{
	const struct export_values *v = c->values;
	auto_buf struct buf out = BUF_INIT(TRUST_KEYS_MAX * VERIFY_KEY_MAX);
	auto_trust_root struct trust_root root = { 0 };
	auto_yard struct yard y = YARD_INIT;
	const char *fprs[TRUST_KEYS_MAX];
	struct verify_role role;

	if (cmd_open(&v->common, &y, e) < 0 || yard_read_root(&y, &root, e) < 0)
		return -1;
	role = trust_role_at(&root, TRUST_PUBLISH, y.now_s, fprs);
	for (size_t i = 0; c->argc == 0 && i < role.count; i++)
		if (sign_export(y.gnupg, fprs[i], !v->binary, &out, e) < 0)
			return -1;
	for (int i = 0; i < c->argc; i++) {
		char fpr[FPR_MAX];

		if (key_parse_fpr(c->argv[i], fpr, e) < 0)
			return -1;
		if (sign_export(y.gnupg, fpr, !v->binary, &out, e) < 0)
			return -1;
	}
	if (!out.len)
		return err_set(e, ERR_NOTFOUND, "there is no such key in '%s'", y.gnupg);
	if (fwrite(out.data, 1, out.len, c->out->results) != out.len)
		return err_sys(e, "cannot write the key");
	return 0;
}

/* ---- the verbs below `key` */

static int run(struct call *c, struct err *e)
{
	const struct command verbs[] = {
		{ .name = "list",
			.args = "",
			.summary = "Show every key: role, state, until when it is good",
			.opts = list_opts,
			.values_size = sizeof(struct common_values),
			.run = run_list },
		{ .name = "rotate",
			.args = "",
			.summary = "Make the next key and propose it; then put it to use",
			.opts = rotate_opts,
			.values_size = sizeof(struct rotate_values),
			.defaults = &rotate_defaults,
			.run = run_rotate },
		{ .name = "revoke",
			.args = "FINGERPRINT",
			.summary = "Propose a root that distrusts a key, and its "
				   "replacement",
			.opts = cmd_reasoned_opts,
			.values_size = sizeof(struct cmd_reasoned),
			.defaults = &cmd_reasoned_defaults,
			.min_args = 1,
			.max_args = 1,
			.run = run_revoke },
		{ .name = "export",
			.args = "[FINGERPRINT]...",
			.summary = "Print public keys (default: those that publish)",
			.opts = export_opts,
			.values_size = sizeof(struct export_values),
			.max_args = -1,
			.run = run_export },
		cmd_key_root,
		{ .name = NULL },
	};

	(void)e;
	return cmd_group(c, "rootyard-index key", "Keys and the chain of trust", verbs);
}

const struct command cmd_key = {
	.name = "key",
	.args = "list|rotate|revoke|export|root ...",
	.summary = "Keys and the chain of trust",
	.max_args = -1,
	.raw = true,
	.run = run,
};
