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
