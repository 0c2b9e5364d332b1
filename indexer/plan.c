#include "indexer/plan.h"

#include "indexer/catalog_oci.h"

struct planning {
	struct plan *plan;
	struct yard *yard;
	int64_t live; /* generation, 0 when there is none */
	int64_t listed;
};

/* state: what the image is called from now on */
static int kind_of(struct planning *p, const struct catalog_image *i, const char *state,
	enum plan_kind *out, struct err *e)
{
	struct digest none = { { 0 } }, document;
	int64_t build = 0;
	int rc = p->live ? catalog_listing_find(
				   p->yard->catalog, p->live, i->id, &build, &document, e)
			 : 0;

	if (rc < 0)
		return -1;
	if (rc == 0)
		*out = PLAN_NEW;
	else if (build != i->build)
		*out = PLAN_UPDATED;
	else if (i->is_dirty || p->plan->site_changed || strcmp(state, i->state) != 0 ||
		 digest_equal(&i->document, &none))
		*out = PLAN_REWORDED;
	else
		*out = PLAN_SAME;
	p->listed += rc;
	return 0;
}

static int add_image(const struct catalog_image *i, void *ctx, struct err *e)
{
	struct planning *p = ctx;
	struct plan *plan = p->plan;
	struct plan_image *slot;

	if (plan->count == plan->room) {
		plan->room = plan->room ? plan->room * 2 : 64;
		plan->image = xrealloc(plan->image, plan->room * sizeof(*plan->image));
	}
	slot = &plan->image[plan->count++];
	*slot = (struct plan_image){
		.listed = { .image = i->image,
			.image_id = i->id,
			.build = i->build,
			.state = emit_image_state(&p->yard->site, i, p->yard->now_s),
			.document = i->document,
			.document_size = i->document_size },
	};
	memcpy(slot->listed.serial, i->serial, sizeof(slot->listed.serial));
	if (kind_of(p, i, slot->listed.state, &slot->kind, e) < 0)
		return -1;
	plan->changed += slot->kind != PLAN_SAME;
	return 0;
}

/* Indexes by a key that has handed over are signed anew. */
static int compare_signer(
	struct planning *p, const struct catalog_generation *live, struct err *e)
{
	struct catalog_key key;
	int64_t claims = 0;
	int rc = catalog_key_find(p->yard->catalog, "publish", "current", &key, e);

	p->plan->signer_changed = rc > 0 && strcmp(key.fpr, live->signer) != 0;
	if (rc <= 0 || p->plan->signer_changed || !(p->yard->site.clients & CLIENT_OCI))
		return rc < 0 ? -1 : 0;
	if (catalog_claim_count(p->yard->catalog, key.fpr, &claims, e) < 0)
		return -1;
	p->plan->signer_changed = claims > 0;
	return 0;
}

static int next_numbers(struct planning *p, struct err *e)
{
	struct catalog_generation g;
	struct catalog_signing s;
	int rc = catalog_generation_find(p->yard->catalog, "live", &g, e);

	if (rc < 0 || (rc > 0 && compare_signer(p, &g, e) < 0))
		return -1;
	p->live = rc ? g.number : 0;
	p->plan->is_first = !rc;
	p->plan->generation = p->live + 1;

	rc = catalog_signing_find(p->yard->catalog, "live", &s, NULL, e);
	if (rc < 0)
		return -1;
	p->plan->version = rc ? s.version + 1 : 1;
	return 0;
}

int plan_make(struct yard *y, struct plan *out, struct err *e)
{
	auto_plan struct plan plan = { 0 };
	struct planning p = { .plan = &plan, .yard = y };
	int64_t was = 0;

	if (next_numbers(&p, e) < 0)
		return -1;
	plan.facts = site_facts(&y->site, y->now_s);
	plan.site_changed = !digest_equal(&plan.facts, &y->facts.facts);
	if (catalog_image_walk(y->catalog, add_image, &p, e) < 0)
		return -1;
	if (p.live && catalog_listing_count(y->catalog, p.live, &was, e) < 0)
		return -1;
	plan.dropped = was - p.listed;

	*out = plan;
	plan = (struct plan){ 0 };
	return 0;
}

void plan_release(struct plan *p)
{
	free(p->image);
	p->image = NULL;
}

bool plan_is_empty(const struct plan *p)
{
	if (p->is_first)
		return p->count == 0;
	return !p->changed && !p->dropped && !p->site_changed && !p->signer_changed;
}

void plan_describe(const struct plan_image *i, struct buf *out)
{
	static const char *const words[] = {
		[PLAN_SAME] = "same",
		[PLAN_NEW] = "new",
		[PLAN_UPDATED] = "updated",
		[PLAN_REWORDED] = "described anew",
	};
	char name[IMAGE_NAME_MAX];

	image_format(&i->listed.image, name);
	buf_printf(out, "%s %s@%s", words[i->kind], name, i->listed.serial);
}

void plan_catalog(const struct plan *p, const struct site *site, struct buf *out)
{
	auto_free struct emit_listed *listed = xcalloc(p->count + 1, sizeof(*listed));

	emit_catalog_header(out, site, p->generation, p->count);
	for (size_t i = 0; i < p->count; i++) {
		listed[i] = p->image[i].listed;
		emit_catalog_line(out, &listed[i]);
	}
	emit_catalog_aliases(out, site, listed, p->count);
}
