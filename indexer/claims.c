#include "indexer/claims.h"

#include "indexer/worker.h"

#define CLAIM_MAX (4U << 10)

struct claim {
	const char *path, *reference;
	struct digest manifest;
};

static void wait_for(struct claims *c, const struct catalog_claim *row)
{
	char path[LAYOUT_PATH_MAX];

	if (c->count == c->room) {
		c->room = c->room ? c->room * 2 : 64;
		c->claim = xrealloc(c->claim, c->room * sizeof(*c->claim));
	}
	layout_signature(row->distro, &row->manifest, row->number, path);
	c->claim[c->count++] = (struct claim){ .path = arena_strdup(&c->arena, path),
		.reference = arena_strdup(&c->arena, row->reference),
		.manifest = row->manifest };
}

int claims_add(struct claims *c, const char *distro, const struct digest *manifest,
	const char *reference, struct err *e)
{
	struct catalog_claim row = {
		.distro = distro, .reference = reference, .manifest = *manifest
	};
	int rc = catalog_claim_put(c->yard->catalog, &row, c->notary->asc_fpr, e);

	if (rc > 0)
		wait_for(c, &row);
	return rc < 0 ? -1 : 0;
}

static int take_old(const struct catalog_claim *row, void *ctx, struct err *e)
{
	(void)e;
	wait_for(ctx, row);
	return 0;
}

int claims_renew(struct claims *c, struct err *e)
{
	const char *fpr = c->notary->asc_fpr;

	if (catalog_claim_walk(c->yard->catalog, fpr, take_old, c, e) < 0)
		return -1;
	return catalog_claim_set_signer(c->yard->catalog, fpr, e);
}

static int write_claim(const char *reference, const struct digest *manifest,
	int64_t now_s, struct buf *out, struct err *e)
{
	oci_write_claim(out, reference, manifest, now_s);
	return buf_check(out, "a signed claim", e);
}

int claims_check(struct notary *n, struct bytes message, const char *path,
	const char *reference, const struct digest *manifest, struct err *e)
{
	auto_buf struct buf said = BUF_INIT(CLAIM_MAX), want = BUF_INIT(CLAIM_MAX);
	const char *end;
	size_t len;

	if (notary_check_message(n, message, path, &said, e) < 0 ||
		write_claim(reference, manifest, 0, &want, e) < 0)
		return -1;
	/* when it was made comes last */
	end = strstr(buf_str(&want), ",\"optional\":");
	len = (size_t)(end - buf_str(&want)) + strlen(",\"optional\":");
	if (said.len < len || memcmp(said.data, want.data, len) != 0)
		return err_set(
			e, ERR_UNTRUSTED, "'%s' was made for something else", path);
	return 0;
}

static int sign_one(size_t i, void *ctx, struct buf *out, struct err *e)
{
	struct claims *c = ctx;
	const struct claim *claim = &c->claim[i];
	auto_buf struct buf text = BUF_INIT(CLAIM_MAX);
	struct notary *n = c->notary;

	if (write_claim(claim->reference, &claim->manifest, n->now_s, &text, e) < 0 ||
		signer_sign_message(n->signer, n->asc_fpr, buf_bytes(&text), out, e) < 0)
		return err_wrap(e, "'%s'", claim->path);
	return claims_check(
		n, buf_bytes(out), claim->path, claim->reference, &claim->manifest, e);
}

static int stage_one(size_t i, struct bytes result, void *ctx, struct err *e)
{
	struct claims *c = ctx;
	struct staged_file f = {
		.path = c->claim[i].path, .phase = STAGED_BEFORE, .text = &result
	};

	return catalog_staged_put(c->yard->catalog, &f, e);
}

int claims_sign(struct claims *c, struct err *e)
{
	static const struct worker_ops ops = { .what = "sign",
		.result_max = SIGNATURE_MAX,
		.work = sign_one,
		.done = stage_one };
	size_t count = c->count;

	c->count = 0;
	return worker_run(0, count, &ops, c, e);
}

void claims_release(struct claims *c)
{
	free(STEAL(c->claim));
	arena_release(&c->arena);
}
