#include "indexer/catalog_oci.h"
#include "indexer/query.h"

int catalog_oci_signature_put(struct catalog *c, const char *distro,
	const struct digest *d, const char *reference, int64_t number, const char *signer,
	struct err *e)
{
	return query_run(c, e,
		"INSERT OR REPLACE INTO oci_signature(distro, sha256, reference, number, "
		"signer) VALUES(?1, ?2, ?3, ?4, ?5)",
		"tdtit", distro, d, reference, number, signer);
}

int catalog_claim_put(
	struct catalog *c, struct catalog_claim *claim, const char *signer, struct err *e)
{
	int rc = query_one_int(c, &claim->number, e,
		"SELECT number FROM oci_signature WHERE distro = ?1 AND sha256 = ?2 AND "
		"reference = ?3 AND signer = ?4",
		"tdtt", claim->distro, &claim->manifest, claim->reference, signer);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (query_one_int(c, &claim->number, e,
		    "SELECT ifnull((SELECT number FROM oci_signature WHERE distro = ?1 "
		    "AND sha256 = ?2 AND reference = ?3), (SELECT ifnull(max(number), 0) "
		    "+ 1 FROM oci_signature WHERE distro = ?1 AND sha256 = ?2))",
		    "tdt", claim->distro, &claim->manifest, claim->reference) < 0)
		return -1;
	return catalog_oci_signature_put(c, claim->distro, &claim->manifest,
		       claim->reference, claim->number, signer, e) < 0
		       ? -1
		       : 1;
}

int catalog_claim_walk(struct catalog *c, const char *but, catalog_claim_each *each,
	void *ctx, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT distro, sha256, reference, number FROM oci_signature WHERE "
		    "signer <> ?1 OR ?1 = '' ORDER BY distro, sha256, number",
		    "t", but) < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0) {
		struct catalog_claim claim = { .distro = query_text(&q, 0),
			.manifest = query_digest(&q, 1),
			.reference = query_text(&q, 2),
			.number = query_int(&q, 3) };

		if (each(&claim, ctx, e) < 0)
			return -1;
	}
	return rc;
}

int catalog_claim_count(struct catalog *c, const char *but, int64_t *out, struct err *e)
{
	return query_one_int(c, out, e,
		       "SELECT count(*) FROM oci_signature WHERE signer <> ?1", "t",
		       but) < 0
		       ? -1
		       : 0;
}

int catalog_claim_set_signer(struct catalog *c, const char *signer, struct err *e)
{
	return query_run(c, e, "UPDATE oci_signature SET signer = ?1 WHERE signer <> ?1",
		"t", signer);
}

int catalog_claim_unsign(
	struct catalog *c, const struct catalog_claim *claim, struct err *e)
{
	return query_run(c, e,
		"UPDATE oci_signature SET signer = '' WHERE distro = ?1 AND sha256 = ?2 "
		"AND number = ?3",
		"tdi", claim->distro, &claim->manifest, claim->number);
}

int catalog_claim_has(struct catalog *c, const char *distro, const struct digest *d,
	int64_t number, struct err *e)
{
	int64_t one;

	return query_one_int(c, &one, e,
		"SELECT 1 FROM oci_signature WHERE distro = ?1 AND sha256 = ?2 AND "
		"number = ?3",
		"tdi", distro, d, number);
}
