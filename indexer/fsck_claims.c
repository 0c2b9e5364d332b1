#include "indexer/claims.h"
#include "indexer/fsck.h"

#include "lib/base/fs.h"

#define RE_SIGN "run 'fsck --repair', then 'publish', which signs it again"

static int check_claim(const struct catalog_claim *claim, void *ctx, struct err *e)
{
	auto_buf struct buf message = BUF_INIT(SIGNATURE_MAX);
	char path[LAYOUT_PATH_MAX];
	struct fsck *f = ctx;
	struct err why;

	(void)e;
	f->checked++;
	layout_signature(claim->distro, &claim->manifest, claim->number, path);
	if (fs_read_at(f->yard->public_fd, path, &message, &why) == 0 &&
		(f->quick || !f->notary ||
			claims_check(f->notary, buf_bytes(&message), path,
				claim->reference, &claim->manifest, &why) == 0))
		return 0;
	fsck_find(f, "F5", path, "%s%s; " RE_SIGN,
		why.code == ERR_UNTRUSTED ? "untrusted: " : "", why.text);
	fsck_unsign(f, claim);
	return 0;
}

int fsck_claims(struct fsck *f, struct err *e)
{
	struct catalog_generation g;
	int rc = catalog_generation_find(f->yard->catalog, "staged", &g, e);

	/* what is staged may not be written yet */
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	return catalog_claim_walk(f->yard->catalog, "", check_claim, f, e);
}

/* sigs/REPO@sha256=HEX/signature-N */
int fsck_claims_know(struct fsck *f, const char *path, struct err *e)
{
	char repo[IMAGE_PART_MAX + 1], hex[DIGEST_HEX];
	long long number = 0;
	struct err ignored;
	struct digest d;
	int end = 0;

	if (sscanf(path, "sigs/%64[^/@]@sha256=%64[0-9a-f]/signature-%lld%n", repo, hex,
		    &number, &end) != 3 ||
		path[end] || digest_parse(hex, &d, &ignored) < 0)
		return 0;
	return catalog_claim_has(f->yard->catalog, repo, &d, number, e);
}
