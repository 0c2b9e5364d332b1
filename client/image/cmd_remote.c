#include "client/image/cmd.h"
#include "client/image/home.h"
#include "client/image/repo.h"
#include "client/image/store.h"
#include "client/image/url.h"
#include "lib/base/fs.h"
#include "lib/base/jsonw.h"

#include <ctype.h>
#include <fcntl.h>

#define LOCK_WAIT_MS 30000

/* ---- add */

struct add {
	const char *kind, *root, *fingerprint, *ca, *token_file, *cert, *key;
	bool insecure_transport;
};

static const struct opt add_opts[] = {
	{ "kind", 0, OPT_STRING, offsetof(struct add, kind), "KIND",
		"rootyard (default); simplestreams or lxc, which sign nothing", 0, 0 },
	{ "root", 0, OPT_STRING, offsetof(struct add, root), "FILE",
		"believe this root.N, which you got from somebody you trust", 0, 0 },
	{ "fingerprint", 0, OPT_STRING, offsetof(struct add, fingerprint), "FPR",
		"believe the root that the key with this fingerprint signed", 0, 0 },
	{ "ca", 0, OPT_STRING, offsetof(struct add, ca), "FILE",
		"the only certificate authority of this server (PEM)", 0, 0 },
	{ "token-file", 0, OPT_STRING, offsetof(struct add, token_file), "FILE",
		"what a private server knows you by; read each time, sent to it alone", 0,
		0 },
	{ "cert", 0, OPT_STRING, offsetof(struct add, cert), "FILE",
		"your certificate for a private server (PEM)", 0, 0 },
	{ "key", 0, OPT_STRING, offsetof(struct add, key), "FILE",
		"the key of that certificate, if it is not in the same file", 0, 0 },
	{ "insecure-transport", 0, OPT_FLAG, offsetof(struct add, insecure_transport),
		NULL, "allow http://: signatures are checked all the same", 0, 0 },
	{ .name = NULL },
};

/* 40 or 64 hex digits, blanks between them allowed; upper case. */
static int clean_fingerprint(const char *text, char out[FPR_MAX], struct err *e)
{
	size_t n = 0;

	for (const char *p = text; *p; p++) {
		if (*p == ' ')
			continue;
		if (!isxdigit((unsigned char)*p) || n + 1 >= FPR_MAX)
			return err_set(e, ERR_USAGE,
				"'%s' is not a fingerprint: it has 40 or 64 hex digits",
				text);
		out[n++] = (char)toupper((unsigned char)*p);
	}
	out[n] = '\0';
	if (n != 40 && n != 64)
		return err_set(e, ERR_USAGE,
			"'%s' is not a whole fingerprint: it has 40 or 64 hex digits",
			text);
	return 0;
}

static int absolute(
	struct arena *arena, const char *path, const char **out, struct err *e)
{
	auto_free char *real = NULL;

	if (!path)
		return 0;
	real = realpath(path, NULL);
	if (!real)
		return err_sys(e, "cannot open '%s'", path);
	*out = arena_strdup(arena, real);
	return 0;
}

/* The command line as a remote. */
static int describe(
	struct remotes *r, const struct call *c, struct remote *out, struct err *e)
{
	const struct add *opt = c->values;
	struct remote one = { .name = c->argv[0], .kind = "rootyard", .own = true };
	char fpr[FPR_MAX], *url = arena_strdup(&r->arena, c->argv[1]);

	if (opt->kind && !remote_kind_is_known(opt->kind))
		return err_set(e, ERR_USAGE,
			"'%s' is no kind of remote: rootyard, simplestreams or lxc",
			opt->kind);
	if (opt->kind)
		one.kind = opt->kind;
	if (remote_kind(&one) != REMOTE_ROOTYARD && (opt->root || opt->fingerprint))
		return err_set(e, ERR_USAGE,
			"a server of kind '%s' signs nothing that --root or "
			"--fingerprint "
			"could vouch for",
			one.kind);
	if (remote_kind(&one) == REMOTE_ROOTYARD && !opt->root == !opt->fingerprint)
		return err_set(e, ERR_USAGE,
			"cannot add '%s': say whom to believe with --fingerprint FPR (of "
			"the "
			"server's root key) or --root FILE (its root.N), one of the two, "
			"as "
			"its operator published it elsewhere",
			one.name);
	if (!image_part_is_valid(one.name) || strcmp(one.name, "run") == 0 ||
		strcmp(one.name, LOCAL_REMOTE) == 0)
		return err_set(e, ERR_USAGE,
			"'%s' cannot be the name of a remote: use letters, digits and "
			"'-'",
			one.name);
	if (url_check(url, opt->insecure_transport, e) < 0)
		return -1;
	while (url[strlen(url) - 1] == '/')
		url[strlen(url) - 1] = '\0';
	one.url = url;
	one.insecure_transport = opt->insecure_transport;
	one.file = "remotes.yaml";
	if (opt->fingerprint) {
		if (clean_fingerprint(opt->fingerprint, fpr, e) < 0)
			return -1;
		one.fingerprint = arena_strdup(&r->arena, fpr);
	}
	if (absolute(&r->arena, opt->root, &one.root, e) < 0 ||
		absolute(&r->arena, opt->ca, &one.ca, e) < 0 ||
		absolute(&r->arena, opt->token_file, &one.token_file, e) < 0 ||
		absolute(&r->arena, opt->cert, &one.cert, e) < 0 ||
		absolute(&r->arena, opt->key, &one.key, e) < 0)
		return -1;
	*out = one;
	return 0;
}

static int read_root(const struct remote *one, struct buf *out, struct err *e)
{
	auto_fd int fd = -1;

	if (!one->root)
		return 0;
	fd = open(one->root, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "cannot open '%s'", one->root);
	return fs_read_fd(fd, one->root, out, e);
}

/* A server that signs nothing: does it speak as its kind does? */
static int try_foreign(const struct remote *one, struct err *e)
{
	auto_repo struct repo repo = REPO_INIT;

	return repo_open(one, NULL, &repo, e) < 0 ? -1 : repo_catalog(&repo, e);
}

/* Is it the repository that we know, and no older? */
static int try_known(const struct remote *one, struct err *e)
{
	auto_repo struct repo repo = REPO_INIT;

	return repo_open(one, NULL, &repo, e);
}

/* State is made apart and appears under the remote's name when all of it is verified. */
static int pin(const struct remote *one, int base_fd, const char *temp,
	struct trust_root *root, struct err *e)
{
	auto_repo struct repo repo = REPO_INIT;
	auto_buf struct buf text = BUF_INIT(TRUST_DOC_MAX);
	auto_fd int state_fd = fs_open_dir_at(base_fd, temp, e);

	if (state_fd < 0 || read_root(one, &text, e) < 0)
		return -1;
	if (repo_pin(one, STEAL_FD(state_fd), buf_bytes(&text), &repo, e) < 0)
		return -1;
	*root = repo.trust.root;
	memset(&repo.trust.root, 0, sizeof(repo.trust.root));
	if (fs_remove_tree(base_fd, one->name, e) < 0)
		return -1;
	return fs_rename_synced(base_fd, temp, base_fd, one->name, e);
}

static void say_added(
	struct out *out, const struct remote *one, const struct trust_root *root)
{
	auto_buf struct buf text = BUF_INIT(64 << 10);
	struct jsonw w = jsonw_to(&text);
	const char *fpr = root->role[TRUST_ROOT].fpr[0];

	if (!out->json) {
		out_note(out,
			"'%s' is verified: root %jd, signed by '%s'; repository '%s'",
			one->name, (intmax_t)root->version, fpr, root->repo);
		return;
	}
	jsonw_object(&w);
	jsonw_kstr(&w, "name", one->name);
	jsonw_kstr(&w, "url", one->url);
	jsonw_kint(&w, "root_version", root->version);
	jsonw_kstr(&w, "root_fingerprint", fpr);
	jsonw_kstr(&w, "repo", root->repo);
	jsonw_end_object(&w);
	out_result(out, "%s\n", buf_str(&text));
}

static int add_locked(
	struct call *c, int config_fd, int base_fd, struct remotes *r, struct err *e)
{
	auto_trust_root struct trust_root root = { 0 };
	struct remote one;
	struct err ignored;
	char temp[64];

	if (describe(r, c, &one, e) < 0 || remotes_add(r, &one, e) < 0)
		return -1;
	if (remote_kind(&one) != REMOTE_ROOTYARD) {
		if (try_foreign(&one, e) < 0)
			return err_wrap(e, "cannot add '%s'", one.name);
		out_warn(c->out, "'%s' signs nothing: what stands for its images is %s",
			one.name, remote_trust(&one));
		return remotes_save(config_fd, r, e);
	}
	if (fs_mkdtemp_at(base_fd, ".add", temp, sizeof(temp), e) < 0)
		return -1;
	if (pin(&one, base_fd, temp, &root, e) < 0) {
		(void)!fs_remove_tree(base_fd, temp, &ignored);
		return err_wrap(e, "cannot add '%s'", one.name);
	}
	if (remotes_save(config_fd, r, e) < 0) {
		(void)!fs_remove_tree(base_fd, one.name, &ignored);
		return -1;
	}
	say_added(c->out, &one, &root);
	return 0;
}

/* Opens what every change of the remotes needs, under their lock. */
static int change(struct call *c,
	int (*fn)(struct call *c, int config_fd, int base_fd, struct remotes *r,
		struct err *e),
	struct err *e)
{
	auto_remotes struct remotes r = { 0 };
	auto_fd int config_fd = home_open(PLACE_CONFIG, e);
	auto_fd int base_fd = config_fd < 0 ? -1 : home_open(PLACE_STATE, e);
	auto_fd int lock = base_fd < 0 ? -1 : fs_lock(base_fd, ".lock", LOCK_WAIT_MS, e);

	if (lock < 0 || remotes_load(config_fd, &r, e) < 0)
		return -1;
	return fn(c, config_fd, base_fd, &r, e);
}

static int add(struct call *c, struct err *e)
{
	return change(c, add_locked, e);
}

/* ---- rm */

static int rm_locked(
	struct call *c, int config_fd, int base_fd, struct remotes *r, struct err *e)
{
	if (remotes_remove(r, c->argv[0], e) < 0 || remotes_save(config_fd, r, e) < 0)
		return -1;
	if (fs_remove_tree(base_fd, c->argv[0], e) < 0)
		return -1;
	out_note(c->out, "'%s' is removed; images that came from it stay", c->argv[0]);
	return 0;
}

static int rm(struct call *c, struct err *e)
{
	return change(c, rm_locked, e);
}

/* ---- default, set-url */

static int default_locked(
	struct call *c, int config_fd, int base_fd, struct remotes *r, struct err *e)
{
	const struct remote *found;

	(void)base_fd;
	if (remotes_find(r, c->argv[0], &found, e) < 0)
		return -1;
	r->preferred = found->name;
	return remotes_save(config_fd, r, e);
}

static int set_default(struct call *c, struct err *e)
{
	return change(c, default_locked, e);
}

/* The server moved; what is known of it, and believed, is the same. */
static int set_url_locked(
	struct call *c, int config_fd, int base_fd, struct remotes *r, struct err *e)
{
	char *url = arena_strdup(&r->arena, c->argv[1]);
	const struct remote *found;
	struct remote *one;

	(void)base_fd;
	if (remotes_find(r, c->argv[0], &found, e) < 0)
		return -1;
	if (!found->own)
		return err_set(e, ERR_USAGE,
			"cannot change the remote '%s': it stands in '%s', which is not "
			"yours",
			found->name, found->file);
	one = &r->item[found - r->item];
	if (url_check(url, one->insecure_transport, e) < 0)
		return -1;
	while (url[strlen(url) - 1] == '/')
		url[strlen(url) - 1] = '\0';
	if (one->token_file && strncmp(url, "https:", 6) != 0)
		return err_set(e, ERR_USAGE,
			"the remote '%s' has a token and no TLS: its url must begin with "
			"https://",
			one->name);
	one->url = url;
	if (remote_kind(one) != REMOTE_ROOTYARD && try_foreign(one, e) < 0)
		return err_wrap(e, "cannot move '%s'", one->name);
	if (remote_kind(one) == REMOTE_ROOTYARD && try_known(one, e) < 0)
		return err_wrap(e, "cannot move '%s'", one->name);
	return remotes_save(config_fd, r, e);
}

static int set_url(struct call *c, struct err *e)
{
	return change(c, set_url_locked, e);
}

/* ---- list */

static const char *pin_text(const struct remote *one)
{
	if (remote_kind(one) != REMOTE_ROOTYARD)
		return remote_trust(one);
	return one->fingerprint ? one->fingerprint : one->root;
}

static void list_json(
	const struct remotes *r, const struct remote *usual, struct out *out)
{
	auto_buf struct buf text = BUF_INIT(1 << 20);
	struct jsonw w = jsonw_to(&text);

	jsonw_array(&w);
	for (size_t i = 0; i < r->count; i++) {
		const struct remote *one = &r->item[i];

		jsonw_object(&w);
		jsonw_kstr(&w, "name", one->name);
		jsonw_kstr(&w, "url", one->url);
		jsonw_kstr(&w, "kind", one->kind);
		jsonw_kstr(&w, "trust", remote_trust(one));
		if (remote_kind(one) == REMOTE_ROOTYARD)
			jsonw_kstr(&w, one->fingerprint ? "fingerprint" : "root",
				pin_text(one));
		if (one->ca)
			jsonw_kstr(&w, "ca", one->ca);
		jsonw_kbool(&w, "insecure_transport", one->insecure_transport);
		jsonw_kbool(&w, "default", one == usual);
		jsonw_kstr(&w, "file", one->file);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	out_result(out, "%s\n", buf_str(&text));
}

static int list(struct call *c, struct err *e)
{
	const struct remote *usual = NULL;
	struct err none;
	auto_remotes struct remotes r = { 0 };
	auto_fd int config_fd = home_open(PLACE_CONFIG, e);

	if (config_fd < 0 || remotes_load(config_fd, &r, e) < 0)
		return -1;
	(void)!remotes_find(&r, "", &usual, &none);
	if (c->out->json) {
		list_json(&r, usual, c->out);
		return 0;
	}
	if (r.count > 0)
		out_result(c->out, "%-12s  %-13s  %-40s  %s\n", "NAME", "KIND",
			"PINNED BY", "URL");
	for (size_t i = 0; i < r.count; i++)
		out_result(c->out, "%-12s  %-13s  %-40s  %s%s\n", r.item[i].name,
			r.item[i].kind, pin_text(&r.item[i]), r.item[i].url,
			&r.item[i] == usual ? "  (default)" : "");
	return 0;
}

/* ---- the verbs below `remote` */

static const struct command verbs[] = {
	{ .name = "add",
		.args = "NAME URL",
		.summary = "pin a server's root of trust, verify it, and remember it",
		.opts = add_opts,
		.values_size = sizeof(struct add),
		.min_args = 2,
		.max_args = 2,
		.run = add },
	{ .name = "list", .args = "", .summary = "show the remotes", .run = list },
	{ .name = "rm",
		.args = "NAME",
		.summary = "forget a remote; its images stay",
		.min_args = 1,
		.max_args = 1,
		.run = rm },
	{ .name = "default",
		.args = "NAME",
		.summary = "take images without a remote's name from this one",
		.min_args = 1,
		.max_args = 1,
		.run = set_default },
	{ .name = "set-url",
		.args = "NAME URL",
		.summary = "follow a server that moved: it must be the one that is known",
		.min_args = 2,
		.max_args = 2,
		.run = set_url },
	{ .name = NULL },
};

static int run(struct call *c, struct err *e)
{
	static const struct program below = {
		.name = CMD_PROGRAM " remote",
		.summary = "servers that images come from",
		.commands = verbs,
	};
	char name[] = CMD_PROGRAM " remote";
	char **argv = xcalloc((size_t)c->argc + 2, sizeof(*argv));
	int status;

	(void)e;
	argv[0] = name;
	for (int i = 0; i < c->argc; i++)
		argv[i + 1] = c->argv[i];
	status = opt_main(&below, c->argc + 1, argv);
	free(argv);
	return status;
}

const struct command cmd_remote = {
	.name = "remote",
	.args = "add|list|rm|default|set-url ...",
	.summary = "servers that images come from",
	.max_args = -1,
	.raw = true,
	.run = run,
};
