#include "indexer/cmd.h"
#include "indexer/keys.h"
#include "indexer/plan.h"
#include "lib/base/fs.h"
#include "lib/base/jsonw.h"

#define KEY_WARNING_S (60 * 86400)
#define REFRESH_S     (12 * 3600)
#define NIGHTLY_S     (2 * 86400)
#define EVENTS_S      (7 * 86400)
#define WARNINGS_MAX  16
#define FREE_MIN      (UINT64_C(512) << 20)

struct values {
	struct cmd_common common;
	bool monitor;
};

static const struct opt opts[] = {
	CMD_DIRECTORY,
	{ "monitor", 0, OPT_FLAG, offsetof(struct values, monitor), NULL,
		"exit with status 1 when something is due", 0, 0 },
	{ NULL, 0, 0, 0, NULL, NULL, 0, 0 },
};

struct status {
	struct yard *yard;
	struct plan plan;
	int64_t live; /* generation by .live, 0 for none */
	struct catalog_signing signing;
	bool is_signed;
	struct trust_root root;
	char root_fpr[FPR_MAX];
	struct catalog_key publish;
	int64_t publish_until_s, timestamp_until_s;
	int64_t unsigned_builds; /* whose .asc are not by the current key */
	bool may_switch;         /* a next key is trusted already */
	int64_t published_s;     /* 0: never */
	uint64_t free_bytes;
	size_t builds, held, failures;
	int64_t last_build_s; /* that was built here and came in, or failed; 0: none */
	char warning[WARNINGS_MAX][200];
	size_t warning_count;
};

printf_like(2, 3) static void warn(struct status *s, const char *fmt, ...)
{
	va_list ap;

	if (s->warning_count == WARNINGS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(s->warning[s->warning_count++], sizeof(s->warning[0]), fmt, ap);
	va_end(ap);
}

static int count_build(const struct catalog_build *b, void *ctx, struct err *e)
{
	struct status *s = ctx;

	(void)e;
	s->builds++;
	s->held += strcmp(b->state, "held") == 0;
	if (strcmp(b->origin, "rootyard") == 0 && b->admitted_s > s->last_build_s)
		s->last_build_s = b->admitted_s;
	return 0;
}

static int count_failure(const struct catalog_event *v, void *ctx, struct err *e)
{
	struct status *s = ctx;

	(void)e;
	if (strcmp(v->kind, "failed") != 0)
		return 0;
	s->failures++;
	if (v->at_s > s->last_build_s)
		s->last_build_s = v->at_s;
	return 0;
}

/* 0 for a key that the root does not list: long over. */
static int64_t until_of(const struct status *s, const char *fpr)
{
	const struct trust_key *k = trust_key_find(&s->root, fpr);

	return k ? k->until_s : 0;
}

static int gather_trust(struct status *s, struct err *e)
{
	struct yard *y = s->yard;
	struct catalog_key timestamp;
	int rc;

	if (yard_read_root(y, &s->root, e) < 0)
		return -1;
	if (s->root.role[TRUST_ROOT].count)
		snprintf(s->root_fpr, sizeof(s->root_fpr), "%s",
			s->root.role[TRUST_ROOT].fpr[0]);
	rc = catalog_key_find(y->catalog, "publish", "current", &s->publish, e);
	if (rc == 0)
		return err_set(e, ERR_DAMAGED, "the catalog names no publish key");
	if (rc < 0)
		return -1;
	s->publish_until_s = until_of(s, s->publish.fpr);
	rc = catalog_key_find(y->catalog, "timestamp", "current", &timestamp, e);
	if (rc < 0)
		return -1;
	s->timestamp_until_s = rc ? until_of(s, timestamp.fpr) : s->publish_until_s;
	rc = keys_may_switch(y, e);
	s->may_switch = rc > 0;
	if (rc < 0)
		return -1;
	return catalog_build_count_unsigned(
		y->catalog, s->publish.fpr, &s->unsigned_builds, e);
}

static int gather_disk(struct status *s, struct err *e)
{
	struct catalog_generation live;
	int rc = catalog_generation_find(s->yard->catalog, "live", &live, e);

	s->published_s = rc > 0 ? live.created_s : 0;
	if (rc < 0)
		return -1;
	return fs_free_bytes(s->yard->public_fd, &s->free_bytes, e);
}

static int gather(struct status *s, struct err *e)
{
	struct yard *y = s->yard;
	int rc;

	if (plan_make(y, &s->plan, e) < 0 || yard_live(y, &s->live, e) < 0 ||
		catalog_build_walk(y->catalog, NULL, count_build, s, e) < 0 ||
		catalog_event_walk(y->catalog, y->now_s - EVENTS_S, count_failure, s, e) <
			0)
		return -1;
	rc = catalog_signing_find(y->catalog, "live", &s->signing, NULL, e);
	s->is_signed = rc > 0;
	if (rc < 0 || gather_trust(s, e) < 0)
		return -1;
	return gather_disk(s, e);
}

static void warn_key(
	struct status *s, const char *what, int64_t until_s, const char *mend)
{
	int64_t left = until_s - s->yard->now_s;

	if (left <= 0)
		warn(s, "%s has expired: %s", what, mend);
	else if (left < KEY_WARNING_S)
		warn(s, "%s expires in %lld days: %s", what, (long long)(left / 86400),
			mend);
}

static void judge_keys(struct status *s)
{
	const char *mend = s->may_switch ? "run 'key rotate --switch'"
					 : "run 'key rotate', and sign the root";

	warn_key(s, "the root document", s->root.expires_s,
		"run 'key root rotate', and sign it");
	warn_key(s, "the publish key", s->publish_until_s, mend);
	if (s->timestamp_until_s != s->publish_until_s)
		warn_key(s, "the timestamp key", s->timestamp_until_s,
			s->may_switch
				? mend
				: "run 'key rotate --timestamp', and sign the root");
	if (s->unsigned_builds)
		warn(s,
			"%lld builds carry signatures of another key: run 'key rotate "
			"--switch'",
			(long long)s->unsigned_builds);
}

static int judge(struct status *s, struct err *e)
{
	struct yard *y = s->yard;
	struct catalog_generation g;
	int rc = catalog_generation_find(y->catalog, "staged", &g, e);

	if (rc < 0)
		return -1;
	if (rc > 0)
		warn(s, "generation %lld was interrupted: run 'publish'",
			(long long)g.number);
	if (!plan_is_empty(&s->plan))
		warn(s, "%zu images changed since the last publication: run 'publish'",
			s->plan.changed);
	if (s->last_build_s && y->now_s - s->last_build_s > NIGHTLY_S)
		warn(s,
			"no build came in for %lld days, not even a failed one: is "
			"rootyard-nightly.timer running?",
			(long long)((y->now_s - s->last_build_s) / 86400));
	if (s->held)
		warn(s,
			"%zu builds are held back: look at them, and release them with "
			"'add --force'",
			s->held);
	if (s->is_signed && s->signing.expires_s <= y->now_s)
		warn(s, "the signed metadata has expired, clients refuse it: run "
			"'refresh --clock-is-right', if the clock is");
	else if (s->is_signed && y->now_s - s->signing.created_s > 2 * REFRESH_S)
		warn(s, "the signed metadata missed two refreshes: is "
			"rootyard-refresh.timer running?");
	judge_keys(s);
	if (s->free_bytes < FREE_MIN)
		warn(s, "%llu MB are free for the next builds: run 'prune', or make room",
			(unsigned long long)(s->free_bytes / 1000000));
	return 0;
}

static void print(struct status *s, struct out *o)
{
	char when[32];

	out_result(o, "site         %s\n", s->yard->site.name);
	out_result(o, "repository   %s\n", s->yard->facts.repo);
	if (s->live)
		out_result(o, "live         generation %lld\n", (long long)s->live);
	else
		out_result(o, "live         nothing yet\n");
	if (s->published_s) {
		cmd_time(s->published_s, when);
		out_result(o, "published    %s\n", when);
	}
	out_result(o, "free         %s\n", out_size(s->free_bytes, when, sizeof(when)));
	out_result(o, "images       %zu with %zu builds\n", s->plan.count, s->builds);
	if (s->is_signed) {
		cmd_time(s->signing.expires_s, when);
		out_result(o, "signed       version %lld, good until %s\n",
			(long long)s->signing.version, when);
	}
	cmd_time(s->root.expires_s, when);
	out_result(o, "root         version %lld, good until %s, key %s\n",
		(long long)s->root.version, when, s->root_fpr);
	cmd_time(s->publish_until_s, when);
	out_result(o, "publish key  %s, good until %s\n", s->publish.fpr, when);
	out_result(o, "failures     %zu in the last seven days\n", s->failures);
	for (size_t i = 0; i < s->warning_count; i++)
		out_result(o, "warning      %s\n", s->warning[i]);
	if (s->root.role[TRUST_ROOT].count == 1)
		out_note(o,
			"there is one root key: 'key root init' makes a second, so that "
			"losing one does not end the chain");
}

static void print_json(struct status *s, struct out *o)
{
	auto_buf struct buf text = BUF_INIT(64U << 10);
	struct jsonw w = jsonw_to(&text);

	jsonw_object(&w);
	jsonw_kstr(&w, "site", s->yard->site.name);
	jsonw_kstr(&w, "repo", s->yard->facts.repo);
	jsonw_kint(&w, "generation", s->live);
	jsonw_kint(&w, "images", (int64_t)s->plan.count);
	jsonw_kint(&w, "builds", (int64_t)s->builds);
	jsonw_kint(&w, "held", (int64_t)s->held);
	jsonw_kint(&w, "version", s->is_signed ? s->signing.version : 0);
	jsonw_kint(&w, "expires", s->is_signed ? s->signing.expires_s : 0);
	jsonw_kint(&w, "root_version", s->root.version);
	jsonw_kint(&w, "root_expires", s->root.expires_s);
	jsonw_kstr(&w, "root_fingerprint", s->root_fpr);
	jsonw_kstr(&w, "publish_fingerprint", s->publish.fpr);
	jsonw_kint(&w, "publish_until", s->publish_until_s);
	jsonw_kint(&w, "timestamp_until", s->timestamp_until_s);
	jsonw_kint(&w, "root_keys", (int64_t)s->root.role[TRUST_ROOT].count);
	jsonw_kint(&w, "published", s->published_s);
	jsonw_kint(&w, "free_bytes", (int64_t)s->free_bytes);
	jsonw_kint(&w, "failures", (int64_t)s->failures);
	jsonw_key(&w, "warnings");
	jsonw_array(&w);
	for (size_t i = 0; i < s->warning_count; i++)
		jsonw_str(&w, s->warning[i]);
	jsonw_end_array(&w);
	jsonw_end_object(&w);
	out_result(o, "%s\n", buf_str(&text));
}

static int run(struct call *c, struct err *e)
{
	const struct values *v = c->values;
	auto_yard struct yard y = YARD_INIT;
	auto_free struct status *s = xcalloc(1, sizeof(*s));
	int rc;

	if (cmd_open(&v->common, &y, e) < 0)
		return -1;
	s->yard = &y;
	rc = gather(s, e);
	if (rc == 0)
		rc = judge(s, e);
	if (rc == 0) {
		if (c->out->json)
			print_json(s, c->out);
		else
			print(s, c->out);
		rc = v->monitor && s->warning_count ? 1 : 0;
	}
	plan_release(&s->plan);
	trust_root_release(&s->root);
	return rc;
}

const struct command cmd_status = {
	.name = "status",
	.args = "",
	.summary = "Say what is live, until when it is good, and what is due",
	.opts = opts,
	.values_size = sizeof(struct values),
	.run = run,
};
