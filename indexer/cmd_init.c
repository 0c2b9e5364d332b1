#include "indexer/cmd.h"
#include "indexer/init.h"
#include "indexer/secret.h"
#include "lib/base/jsonw.h"

struct values {
	struct cmd_common common;
	const char *root_home, *name;
	int64_t passphrase_fd;
	struct opt_list releases;
};

static const struct opt opts[] = {
	CMD_DIRECTORY,
	{ "root-home", 0, OPT_STRING, offsetof(struct values, root_home), "DIR",
		"where the root key is made, outside the tree", 0, 0 },
	{ "name", 0, OPT_STRING, offsetof(struct values, name), "NAME",
		"what the site is called (default: the directory's name)", 0, 0 },
	{ "root-passphrase-fd", 0, OPT_INT, offsetof(struct values, passphrase_fd), "N",
		"read the root key's passphrase from descriptor N", 0, 1 << 20 },
	{ "releases", 0, OPT_LIST, offsetof(struct values, releases), "FILE",
		"copy a recipe's releases.yaml in; may be given again", 0, 0 },
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct values defaults = { .passphrase_fd = -1 };

static int find_passphrase(
	struct call *c, const struct values *v, struct secret *out, struct err *e)
{
	int rc;

	if (v->passphrase_fd >= 0)
		return secret_read_fd((int)v->passphrase_fd, out, e);
	rc = secret_ask("the root key", out, e);
	if (rc < 0)
		return -1;
	if (!out->text[0])
		out_warn(c->out, "the root key has no passphrase: keep '%s' offline",
			v->root_home);
	return 0;
}

static int print_json(struct call *c, const struct init_result *r, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(64U << 10);
	struct jsonw w = jsonw_to(&text);

	jsonw_object(&w);
	jsonw_kstr(&w, "tree", r->path);
	jsonw_kstr(&w, "root_home", r->root_home);
	jsonw_kstr(&w, "root_fingerprint", r->root_fpr);
	jsonw_kstr(&w, "publish_fingerprint", r->publish_fpr);
	jsonw_end_object(&w);
	if (buf_check(&text, "the result", e) < 0)
		return -1;
	out_result(c->out, "%s\n", buf_str(&text));
	return 0;
}

static int print(struct call *c, const struct init_result *r, struct err *e)
{
	if (c->out->json)
		return print_json(c, r, e);
	out_result(c->out, "%s\n", r->root_fpr);
	out_note(c->out,
		"made '%s'; above is the root key's fingerprint: tell it to everybody "
		"who pulls "
		"(or hand out %s/public/trust/root.1)",
		r->path, r->path);
	if (r->has_system)
		out_note(c->out,
			"units for systemd, and a cron file, are in '%s/system': look at "
			"them, copy "
			"them to /etc/systemd/system (or /etc/cron.d), enable the timers",
			r->path);
	else
		out_note(c->out,
			"no units were written: the name of '%s' or of this user would "
			"have to be quoted in them",
			r->path);
	out_note(c->out,
		"now take '%s' offline: it is needed to change keys, never to publish",
		r->root_home);
	return 0;
}

/* The last component of the directory, for a name. */
static char *default_name(const char *dir)
{
	auto_free char *path = realpath(dir, NULL);
	const char *slash = path ? strrchr(path, '/') : NULL;

	if (!slash)
		slash = strrchr(dir, '/');
	return xstrdup(slash && slash[1] ? slash + 1 : "rootyard");
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	const char *dir = cmd_directory(&v->common);
	auto_secret struct secret passphrase = { "" };
	auto_init_result struct init_result result = { .path = NULL };
	auto_free char *name = v->name ? xstrdup(v->name) : default_name(dir);
	const struct init in = {
		.dir = dir,
		.root_home = v->root_home,
		.name = name,
		.releases = v->releases.item,
		.release_count = v->releases.count,
		.passphrase = passphrase.text,
	};

	if (cmd_refuse_root(e) < 0)
		return -1;
	if (!v->root_home)
		return err_set(e, ERR_USAGE,
			"option '--root-home' is missing: where shall the root key be "
			"made?");
	if (init_prepare(&in, e) < 0)
		return -1;
	{
		const char *write_dirs[] = { dir, v->root_home };

		if (cmd_confine(write_dirs, 2, v->releases.item, v->releases.count, e) <
				0 ||
			find_passphrase(c, v, &passphrase, e) < 0)
			return -1;
	}
	if (init_run(&in, &result, e) < 0)
		return err_wrap(e, "cannot make '%s'", dir);
	return print(c, &result, e);
}

const struct command cmd_init = {
	.name = "init",
	.args = "",
	.summary = "Make an operator's directory, its keys and the first root of trust",
	.opts = opts,
	.values_size = sizeof(struct values),
	.defaults = &defaults,
	.run = run,
};
