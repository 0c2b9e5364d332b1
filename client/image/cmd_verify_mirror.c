#include "client/image/cmd.h"
#include "client/image/home.h"
#include "client/image/mirrorcheck.h"
#include "client/image/url.h"
#include "client/image/words.h"
#include "lib/base/jsonw.h"

#include <inttypes.h>

#define HOUR_S     3600
#define OUTPUT_MAX (1U << 20)

struct values {
	const char *remote;
	struct opt_list match;
	bool full;
	int64_t sample, max_lag_h;
};

static const struct values defaults = { .remote = "", .sample = 20, .max_lag_h = 24 };

static const struct opt opts[] = {
	{ "remote", 0, OPT_STRING, offsetof(struct values, remote), "NAME",
		"the source it is a mirror of", 0, 0 },
	{ "match", 0, OPT_LIST, offsetof(struct values, match), "PATTERN",
		"it has but these images, and no indexes of other clients", 0, 0 },
	{ "full", 0, OPT_FLAG, offsetof(struct values, full), NULL,
		"fetch every file of it", 0, 0 },
	{ "sample", 0, OPT_INT, offsetof(struct values, sample), "N",
		"fetch a file of N images (20)", 0, 1000000 },
	{ "max-lag", 0, OPT_INT, offsetof(struct values, max_lag_h), "HOURS",
		"how far it may be behind (24)", 0, 87600 },
	{ .name = NULL },
};

/* The worst of several mirrors is the command's result. */
static const struct {
	enum err_code code;
	const char *text;
} verdict[MIRROR_STATES] = {
	[MIRROR_LAGGING] = { ERR_AGAIN, "is behind its source" },
	[MIRROR_DAMAGED] = { ERR_DAMAGED, "does not serve what it names" },
	[MIRROR_UNTRUSTED] = { ERR_UNTRUSTED, "serves what its source has not signed" },
	[MIRROR_UNREACHABLE] = { ERR_NETWORK, "cannot be reached" },
};

struct checking_all {
	struct call *call;
	struct repo repo;
	struct buf json;
	struct jsonw w;
	enum mirror_state worst;
	const char *worst_url;
};

static void release(struct checking_all *x)
{
	repo_release(&x->repo);
	buf_release(&x->json);
}

static void progress(void *ctx, uint64_t done, uint64_t total)
{
	struct checking_all *x = ctx;

	out_step(x->call->out, "verify", done, total, "");
}

/* ---- what is said */

static void say_json(struct checking_all *x, const char *url, const struct mirrorcheck *c)
{
	struct jsonw *w = &x->w;

	jsonw_object(w);
	jsonw_kstr(w, "url", url);
	jsonw_kstr(w, "state", mirror_state_name[c->state]);
	jsonw_kint(w, "checked", x->repo.trust.now_s);
	jsonw_kint(w, "generation", c->generation);
	jsonw_kint(w, "source_generation", x->repo.current.generation);
	jsonw_kint(w, "version", c->version);
	jsonw_kint(w, "source_version", x->repo.current.version);
	jsonw_kint(w, "lag_s", c->lag_s);
	jsonw_kbool(w, "expired", c->expired);
	jsonw_kint(w, "files", (int64_t)c->checked);
	jsonw_kint(w, "bytes", (int64_t)c->checked_bytes);
	jsonw_kint(w, "damaged", (int64_t)c->findings);
	jsonw_key(w, "damage");
	jsonw_array(w);
	for (size_t i = 0; i < c->findings && i < MIRROR_FINDINGS_MAX; i++) {
		jsonw_object(w);
		jsonw_kstr(w, "path", c->finding[i].path);
		jsonw_kstr(w, "what", c->finding[i].what);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
	jsonw_end_object(w);
}

static void say(struct checking_all *x, const char *url, const struct mirrorcheck *c)
{
	struct out *out = x->call->out;
	const struct current *now = &x->repo.current;
	char size[32];

	out_result(out, "%s: %s", url, mirror_state_name[c->state]);
	if (c->version)
		out_result(out, ", generation %" PRId64 " of %" PRId64, c->generation,
			now->generation);
	if (c->version && c->version < now->version)
		out_result(out, ", %" PRId64 " h %" PRId64 " min behind",
			c->lag_s / HOUR_S, c->lag_s % HOUR_S / 60);
	out_result(out, "; %" PRIu64 " files checked (%s)\n", c->checked,
		out_size(c->checked_bytes, size, sizeof(size)));
	for (size_t i = 0; i < c->findings && i < MIRROR_FINDINGS_MAX; i++) {
		auto_arena struct arena arena = { 0 };

		out_result(out, "  %s: %s\n", words_safe(&arena, c->finding[i].path),
			words_safe(&arena, c->finding[i].what));
	}
	if (c->findings > MIRROR_FINDINGS_MAX)
		out_result(
			out, "  ... and %zu more\n", c->findings - MIRROR_FINDINGS_MAX);
}

/* ---- one after the other */

static int check(struct checking_all *x, const char *url, struct err *e)
{
	const struct values *v = x->call->values;
	struct mirrorcheck_options o = { .pattern = v->match.item,
		.pattern_count = v->match.count,
		.full = v->full,
		.sample = v->sample,
		.lag_max_s = v->max_lag_h * HOUR_S,
		.progress = progress,
		.ctx = x };
	auto_mirrorcheck struct mirrorcheck c = { 0 };
	size_t len = strlen(url);
	auto_free char *base =
		xasprintf("%.*s", (int)(len && url[len - 1] == '/' ? len - 1 : len), url);

	if (url_check(base, x->repo.remote->insecure_transport, e) < 0 ||
		mirrorcheck_run(&x->repo, base, &o, &c, e) < 0)
		return err_wrap(e, "cannot verify the mirror '%s'", url);
	out_step_done(x->call->out, "verify", "%" PRIu64 " files", c.checked);
	if (c.state > x->worst || !x->worst_url) {
		x->worst = c.state;
		x->worst_url = url;
	}
	if (x->call->out->json)
		say_json(x, url, &c);
	else if (x->call->out->level >= 0 || c.state != MIRROR_GOOD)
		say(x, url, &c);
	return 0;
}

static int check_all(struct checking_all *x, struct err *e)
{
	const struct catdoc *catalog = &x->repo.catalog;

	for (int i = 0; i < x->call->argc; i++)
		if (check(x, x->call->argv[i], e) < 0)
			return -1;
	for (size_t i = 0; x->call->argc == 0 && i < catalog->mirror_count; i++)
		if (check(x, catalog->mirror[i], e) < 0)
			return -1;
	return x->worst_url ? 0
			    : err_set(e, ERR_USAGE,
				      "'%s' names no mirrors: say which one to verify",
				      x->repo.remote->name);
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	with_cleanup(release) struct checking_all x = {
		.call = c, .repo = REPO_INIT, .json = BUF_INIT(OUTPUT_MAX * OPT_LIST_MAX)
	};
	auto_remotes struct remotes remotes = { 0 };
	auto_fd int config_fd = home_open(PLACE_CONFIG, e);
	const struct remote *remote;

	if (config_fd < 0 || remotes_load(config_fd, &remotes, e) < 0 ||
		remotes_find(&remotes, v->remote, &remote, e) < 0)
		return -1;
	if (remote_kind(remote) != REMOTE_ROOTYARD)
		return err_set(e, ERR_USAGE,
			"'%s' signs nothing that its mirrors could be held to",
			remote->name);
	if (repo_open(remote, NULL, &x.repo, e) < 0 || repo_catalog(&x.repo, e) < 0)
		return err_wrap(e, "cannot ask the source '%s'", remote->name);
	x.w = jsonw_to(&x.json);
	jsonw_array(&x.w);
	if (check_all(&x, e) < 0)
		return -1;
	jsonw_end_array(&x.w);
	if (c->out->json)
		out_result(c->out, "%s\n", buf_str(&x.json));
	if (x.worst == MIRROR_GOOD)
		return 0;
	return err_set(e, verdict[x.worst].code, "the mirror '%s' %s", x.worst_url,
		verdict[x.worst].text);
}

const struct command cmd_verify_mirror = {
	.name = "verify-mirror",
	.args = "[URL...]",
	.summary = "how far mirrors are behind, and whether they serve what was signed",
	.opts = opts,
	.values_size = sizeof(struct values),
	.defaults = &defaults,
	.max_args = -1,
	.run = run,
};
