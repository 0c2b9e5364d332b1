#include "indexer/keys.h"

#include "indexer/emit.h"

static const char *const roles[] = { "publish", "timestamp" };
static const enum trust_role_name trust_roles[] = { TRUST_PUBLISH, TRUST_TIMESTAMP };

int keys_next(struct yard *y, const char *role, struct catalog_key *out, bool *is_new,
	struct err *e)
{
	char user_id[USER_ID_MAX];
	int rc = catalog_key_find(y->catalog, role, "next", out, e);

	*is_new = rc == 0;
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	*out = (struct catalog_key){ .role = role, .state = "next", .made_s = y->now_s };
	sign_user_id(y->site.name, role, y->facts.repo, user_id);
	if (sign_make_key(y->gnupg, user_id, "", out->fpr, e) < 0)
		return err_wrap(e, "cannot make the next %s key", role);
	return catalog_key_put(y->catalog, out, e);
}

static int has_own_timestamp_key(struct yard *y, struct err *e)
{
	struct catalog_key k;

	return catalog_key_find(y->catalog, "timestamp", "current", &k, e);
}

int keys_propose(struct proposal *p, const struct catalog_key *key, struct err *e)
{
	auto_buf struct buf armor = BUF_INIT(VERIFY_KEY_MAX);
	bool is_publish = strcmp(key->role, "publish") == 0;
	struct trust_key k = { .from_s = p->yard->now_s,
		.until_s = p->yard->now_s + (int64_t)EMIT_PUBLISH_DAYS * DAY_S };
	int rc = has_own_timestamp_key(p->yard, e);

	if (rc < 0 || sign_export(p->yard->gnupg, key->fpr, true, &armor, e) < 0)
		return -1;
	k.fpr = arena_strdup(&p->arena, key->fpr);
	k.armor = bytes_of_str(
		arena_strndup(&p->arena, (const char *)armor.data, armor.len));
	if (is_publish && trust_role_add(&p->next, TRUST_PUBLISH, &k, e) < 0)
		return -1;
	/* one key may do both, until there is one for timestamps alone */
	if (is_publish && rc > 0)
		return 0;
	return trust_role_add(&p->next, TRUST_TIMESTAMP, &k, e);
}

static bool is_trusted(
	const struct trust_root *r, size_t role, const char *fpr, int64_t now_s)
{
	const char *fprs[TRUST_KEYS_MAX];
	struct verify_role v = trust_role_at(r, trust_roles[role], now_s, fprs);

	for (size_t i = 0; i < v.count; i++)
		if (strcmp(fprs[i], fpr) == 0)
			return true;
	return false;
}

/* What the root says of a role's current and next key. */
struct standing {
	struct catalog_key current, next;
	bool has_current, has_next; /* and the root trusts next now */
	bool is_trusted;            /* current */
};

static int look(struct yard *y, const struct trust_root *r, size_t role,
	struct standing *s, struct err *e)
{
	int rc = catalog_key_find(y->catalog, roles[role], "current", &s->current, e);
	int next =
		rc < 0 ? -1
		       : catalog_key_find(y->catalog, roles[role], "next", &s->next, e);

	if (next < 0)
		return -1;
	s->has_current = rc > 0;
	s->is_trusted = s->has_current && is_trusted(r, role, s->current.fpr, y->now_s);
	s->has_next = next > 0 && is_trusted(r, role, s->next.fpr, y->now_s);
	return 0;
}

static int switch_roles(
	struct yard *y, const bool which[2], const char *kind, struct err *e)
{
	struct catalog_event v = {
		.at_s = y->now_s, .kind = kind, .image = "", .serial = "", .message = ""
	};
	int rc = 0;

	if (catalog_begin(y->catalog, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_COUNT(roles) && rc >= 0; i++) {
		v.message = roles[i];
		if (!which[i])
			continue;
		rc = catalog_key_switch(y->catalog, roles[i], e);
		if (rc >= 0)
			rc = catalog_event_add(y->catalog, &v, e);
	}
	if (rc >= 0)
		return catalog_commit(y->catalog, e);
	catalog_rollback(y->catalog);
	return -1;
}

int keys_follow(struct yard *y, struct err *e)
{
	auto_trust_root struct trust_root root = { 0 };
	bool which[2] = { false, false };

	if (yard_read_root(y, &root, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_COUNT(roles); i++) {
		struct standing s;

		if (look(y, &root, i, &s, e) < 0)
			return -1;
		which[i] = s.has_current && !s.is_trusted && s.has_next;
	}
	if (!which[0] && !which[1])
		return 0;
	return switch_roles(y, which, "key-replaced", e) < 0 ? -1 : 1;
}

int keys_may_switch(struct yard *y, struct err *e)
{
	auto_trust_root struct trust_root root = { 0 };
	bool may = false;

	if (yard_read_root(y, &root, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_COUNT(roles); i++) {
		struct standing s;

		if (look(y, &root, i, &s, e) < 0)
			return -1;
		may = may || s.has_next;
	}
	return may;
}

int keys_switch(struct yard *y, const struct resign_report *r, struct err *e)
{
	auto_trust_root struct trust_root root = { 0 };
	bool which[2] = { false, false };
	struct standing publish;

	if (yard_read_root(y, &root, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_COUNT(roles); i++) {
		struct standing s;

		if (look(y, &root, i, &s, e) < 0)
			return -1;
		which[i] = s.has_next;
		if (i == 0)
			publish = s;
	}
	if (which[0] && resign_builds(y, publish.next.fpr, r, e) < 0)
		return -1;
	return switch_roles(y, which, "key-switched", e);
}

int keys_resign(struct yard *y, const struct resign_report *r, struct err *e)
{
	struct catalog_key k;
	int rc = catalog_key_find(y->catalog, "publish", "current", &k, e);

	return rc <= 0 ? rc : resign_builds(y, k.fpr, r, e);
}
