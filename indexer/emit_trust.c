#include "indexer/emit.h"

int emit_first_root(const struct emit_root *r, struct buf *out, struct err *e)
{
	struct trust_root root = {
		.version = 1,
		.created_s = r->now_s,
		.expires_s = r->now_s + (int64_t)EMIT_ROOT_DAYS * DAY_S,
		.repo = r->repo,
		.key = { { .fpr = r->root_fpr,
				 .armor = r->root_armor,
				 .from_s = 0,
				 .until_s = INT64_MAX },
			{ .fpr = r->publish_fpr,
				.armor = r->publish_armor,
				.from_s = r->now_s,
				.until_s =
					r->now_s + (int64_t)EMIT_PUBLISH_DAYS * DAY_S } },
		.key_count = 2,
	};

	root.role[TRUST_ROOT] =
		(struct trust_role){ .fpr = { r->root_fpr }, .count = 1, .threshold = 1 };
	root.role[TRUST_PUBLISH] = (struct trust_role){
		.fpr = { r->publish_fpr }, .count = 1, .threshold = 1
	};
	root.role[TRUST_TIMESTAMP] = root.role[TRUST_PUBLISH];
	return trust_root_format(&root, out, e);
}

static const struct trust_key *find_key(const struct trust_root *r, const char *fpr)
{
	for (size_t i = 0; i < r->revoked_count; i++)
		if (strcmp(r->revoked[i].fpr, fpr) == 0)
			return NULL;
	for (size_t i = 0; i < r->key_count; i++)
		if (strcmp(r->key[i].fpr, fpr) == 0)
			return &r->key[i];
	return NULL;
}

void emit_lookup(const struct trust_root *root, struct buf *out)
{
	const struct trust_role *publish = &root->role[TRUST_PUBLISH];

	for (size_t i = 0; i < publish->count; i++) {
		const struct trust_key *k = find_key(root, publish->fpr[i]);

		if (k)
			buf_add(out, k->armor.data, k->armor.len);
	}
}
