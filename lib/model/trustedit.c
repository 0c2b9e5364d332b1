#include "lib/model/trustedit.h"

#define DAY_S INT64_C(86400)

static const char *const role_names[] = { "root", "publish", "timestamp" };

void trust_next(
	const struct trust_root *now, int64_t now_s, int64_t days, struct trust_root *out)
{
	*out = *now;
	out->arena = (struct arena){ 0 };
	out->version = now->version + 1;
	out->created_s = now_s;
	out->expires_s = now_s + days * DAY_S;
}

const struct trust_key *trust_key_find(const struct trust_root *r, const char *fpr)
{
	for (size_t i = 0; i < r->key_count; i++)
		if (strcmp(r->key[i].fpr, fpr) == 0)
			return &r->key[i];
	return NULL;
}

bool trust_role_has(
	const struct trust_root *r, enum trust_role_name role, const char *fpr)
{
	for (size_t i = 0; i < r->role[role].count; i++)
		if (strcmp(r->role[role].fpr[i], fpr) == 0)
			return true;
	return false;
}

bool trust_is_revoked(const struct trust_root *r, const char *fpr)
{
	for (size_t i = 0; i < r->revoked_count; i++)
		if (strcmp(r->revoked[i].fpr, fpr) == 0)
			return true;
	return false;
}

int trust_role_add(struct trust_root *r, enum trust_role_name role,
	const struct trust_key *key, struct err *e)
{
	struct trust_role *t = &r->role[role];

	if (trust_is_revoked(r, key->fpr))
		return err_set(e, ERR_CONFLICT,
			"the key '%s' was revoked: it cannot be trusted again", key->fpr);
	if (!trust_key_find(r, key->fpr)) {
		if (r->key_count == TRUST_KEYS_MAX)
			return err_set(e, ERR_LIMIT, "a root names at most %d keys",
				TRUST_KEYS_MAX);
		r->key[r->key_count++] = *key;
	}
	if (trust_role_has(r, role, key->fpr))
		return 0;
	t->fpr[t->count++] = key->fpr;
	return 0;
}

void trust_role_drop(struct trust_root *r, enum trust_role_name role, const char *fpr)
{
	struct trust_role *t = &r->role[role];
	size_t kept = 0;

	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->fpr[i], fpr) != 0)
			t->fpr[kept++] = t->fpr[i];
	t->count = kept;
}

int trust_revoke(struct trust_root *r, const char *fpr, int64_t since_s,
	const char *reason, struct err *e)
{
	if (trust_is_revoked(r, fpr))
		return 0;
	if (r->revoked_count == ARRAY_COUNT(r->revoked))
		return err_set(e, ERR_LIMIT, "a root lists at most %zu revocations",
			ARRAY_COUNT(r->revoked));
	r->revoked[r->revoked_count++] = (struct trust_revocation){
		.fpr = fpr, .since_s = since_s, .reason = reason
	};
	for (enum trust_role_name role = TRUST_ROOT; role <= TRUST_TIMESTAMP; role++)
		trust_role_drop(r, role, fpr);
	trust_tidy(r);
	return 0;
}

void trust_tidy(struct trust_root *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->key_count; i++) {
		const char *fpr = r->key[i].fpr;

		if (trust_role_has(r, TRUST_ROOT, fpr) ||
			trust_role_has(r, TRUST_PUBLISH, fpr) ||
			trust_role_has(r, TRUST_TIMESTAMP, fpr))
			r->key[kept++] = r->key[i];
	}
	r->key_count = kept;
}

int trust_check(const struct trust_root *r, struct err *e)
{
	for (enum trust_role_name role = TRUST_ROOT; role <= TRUST_TIMESTAMP; role++)
		if (!r->role[role].threshold ||
			r->role[role].count < r->role[role].threshold)
			return err_set(e, ERR_CONFLICT,
				"role '%s' would have %zu keys, but needs %u signatures",
				role_names[role], r->role[role].count,
				r->role[role].threshold);
	return 0;
}
