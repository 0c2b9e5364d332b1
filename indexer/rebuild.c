#include "indexer/rebuild.h"

#include "indexer/proof.h"

static int within(
	struct rebuild *r, int (*part)(struct rebuild *r, struct err *e), struct err *e)
{
	struct catalog *c = r->yard->catalog;

	if (catalog_begin(c, e) < 0)
		return -1;
	if (part(r, e) == 0)
		return catalog_commit(c, e);
	catalog_rollback(c);
	return -1;
}

static int put_site(struct rebuild *r, struct err *e)
{
	return catalog_site_put(r->yard->catalog, &r->yard->facts, e);
}

static void differs(const char *path, const char *sentence, void *ctx)
{
	rebuild_find(ctx, path, "%s", sentence);
}

/* Words of an image follow from site.yaml, releases/ and the day, and from its builds. */
static void compare_words(struct rebuild *r, const struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct plan_image *p = &plan->image[i];
		char name[IMAGE_NAME_MAX];

		if (p->kind == PLAN_SAME)
			continue;
		image_format(&p->listed.image, name);
		rebuild_find(r, name,
			"would be published as '%s' with build '%s', and is published "
			"otherwise",
			p->listed.state, p->listed.serial);
	}
	if (plan->dropped)
		rebuild_find(r, "meta/2/current", "lists %lld images that have no build",
			(long long)plan->dropped);
}

static int prove_at(struct rebuild *r, struct err *e)
{
	auto_plan struct plan plan = { 0 };

	if (plan_make(r->yard, &plan, e) < 0)
		return -1;
	plan.generation = r->live;
	compare_words(r, &plan);
	if (proof_documents(r->yard, &plan, &r->catalog_id, differs, r, e) < 0)
		return -1;
	return proof_indexes(r->yard, &plan, differs, r, e);
}

/* As it was when the generation was made: what is over by now was not over then. */
static int prove(struct rebuild *r, struct err *e)
{
	struct yard *y = r->yard;
	int64_t now_s = y->now_s;
	size_t before = r->findings;
	int rc;

	if (r->site_changed)
		return 0;
	y->now_s = r->published_s;
	y->facts.facts = site_facts(&y->site, y->now_s);
	rc = prove_at(r, e);
	y->now_s = now_s;
	if (rc == 0 && r->findings > before)
		r->warn("if site.yaml or releases/ changed since the last publication, "
			"put the old ones back for now, or say so with --site-changed",
			r->ctx);
	return rc < 0 ? -1 : within(r, put_site, e);
}

static int put_event(struct rebuild *r, struct err *e)
{
	struct catalog_event v = { .at_s = r->yard->now_s,
		.kind = "rebuilt",
		.image = "",
		.serial = "",
		.message = "from what was published" };

	return catalog_event_add(r->yard->catalog, &v, e) < 0 ? -1 : 0;
}

static int read_all(struct rebuild *r, struct err *e)
{
	if (rebuild_trust(r, e) < 0 || within(r, put_site, e) < 0 ||
		within(r, rebuild_documents, e) < 0 || rebuild_builds(r, false, e) < 0 ||
		within(r, rebuild_generations, e) < 0 ||
		within(r, rebuild_signings, e) < 0 || within(r, rebuild_keys, e) < 0)
		return -1;
	return rebuild_oci(r, e);
}

int rebuild_run(struct rebuild *r, struct err *e)
{
	if (read_all(r, e) < 0)
		return -1;
	/* what is missing already would only be said again */
	if (r->findings)
		return 0;
	if (prove(r, e) < 0)
		return -1;
	if (r->findings)
		return 0;
	return rebuild_builds(r, true, e) < 0 ? -1 : within(r, put_event, e);
}
