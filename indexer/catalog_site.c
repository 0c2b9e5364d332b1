#include "indexer/catalog.h"
#include "indexer/query.h"

int catalog_site_put(struct catalog *c, const struct catalog_site *s, struct err *e)
{
	struct digest none = { { 0 } };
	const struct digest *facts = digest_equal(&s->facts, &none) ? NULL : &s->facts;

	return query_run(c, e,
		"INSERT INTO site(id, repo, created, facts) VALUES(1, ?1, ?2, ?3) "
		"ON CONFLICT(id) DO UPDATE SET facts = excluded.facts",
		"tid", s->repo, s->created_s, facts);
}

int catalog_site_get(struct catalog *c, struct catalog_site *out, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e, "SELECT repo, created, facts FROM site", "") < 0)
		return -1;
	rc = query_next(&q, e);
	if (rc <= 0)
		return rc;

	if (query_copy(&q, 0, out->repo, sizeof(out->repo), e) < 0)
		return -1;
	out->created_s = query_int(&q, 1);
	out->facts = query_digest(&q, 2);
	return 1;
}

int catalog_key_put(struct catalog *c, const struct catalog_key *k, struct err *e)
{
	return query_run(c, e,
		"INSERT INTO key(fpr, role, state, made) VALUES(?1, ?2, ?3, ?4) "
		"ON CONFLICT(fpr) DO UPDATE SET state = ?3",
		"ttti", k->fpr, k->role, k->state, k->made_s);
}

static int walk_keys(struct query *q,
	int (*each)(const struct catalog_key *k, void *ctx, struct err *e), void *ctx,
	struct err *e)
{
	int rc;

	while ((rc = query_next(q, e)) > 0) {
		struct catalog_key k = { .role = query_text(q, 1),
			.state = query_text(q, 2),
			.made_s = query_int(q, 3) };

		if (query_copy(q, 0, k.fpr, sizeof(k.fpr), e) < 0 || each(&k, ctx, e) < 0)
			return -1;
	}
	return rc;
}

int catalog_key_walk(struct catalog *c,
	int (*each)(const struct catalog_key *k, void *ctx, struct err *e), void *ctx,
	struct err *e)
{
	auto_query struct query q = { 0 };

	if (query_begin(&q, c, e,
		    "SELECT fpr, role, state, made FROM key ORDER BY role, state, made, "
		    "fpr",
		    "") < 0)
		return -1;
	return walk_keys(&q, each, ctx, e);
}

int catalog_key_find(struct catalog *c, const char *role, const char *state,
	struct catalog_key *out, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT fpr, made FROM key WHERE role = ?1 AND state = ?2", "tt",
		    role, state) < 0)
		return -1;
	rc = query_next(&q, e);
	if (rc <= 0)
		return rc;

	*out = (struct catalog_key){
		.role = role, .state = state, .made_s = query_int(&q, 1)
	};
	return query_copy(&q, 0, out->fpr, sizeof(out->fpr), e) < 0 ? -1 : 1;
}

int catalog_key_switch(struct catalog *c, const char *role, struct err *e)
{
	struct catalog_key next;
	int rc = catalog_key_find(c, role, "next", &next, e);

	if (rc <= 0)
		return rc;
	if (query_run(c, e,
		    "UPDATE key SET state = 'past' WHERE role = ?1 AND state = 'current'",
		    "t", role) < 0)
		return -1;
	return query_run(
		c, e, "UPDATE key SET state = 'current' WHERE fpr = ?1", "t", next.fpr);
}

/* What is met again with every run, and told once. */
static bool is_told_once(const char *kind)
{
	static const char *const once[] = { "admitted", "failed", "held" };

	for (size_t i = 0; i < ARRAY_COUNT(once); i++)
		if (strcmp(once[i], kind) == 0)
			return true;
	return false;
}

int catalog_event_add(struct catalog *c, const struct catalog_event *v, struct err *e)
{
	int64_t known = 0;
	int rc = 0;

	if (v->serial[0] && is_told_once(v->kind))
		rc = query_one_int(c, &known, e,
			"SELECT 1 FROM event WHERE kind = ?1 AND image = ?2 AND serial = "
			"?3",
			"ttt", v->kind, v->image, v->serial);
	if (rc != 0)
		return rc < 0 ? -1 : 0;

	if (query_run(c, e,
		    "INSERT INTO event(at, kind, image, serial, message) VALUES(?1, ?2, "
		    "?3, "
		    "?4, ?5)",
		    "itttt", v->at_s, v->kind, v->image, v->serial, v->message) < 0)
		return -1;
	return 1;
}

int catalog_event_walk(struct catalog *c, int64_t since_s,
	int (*each)(const struct catalog_event *v, void *ctx, struct err *e), void *ctx,
	struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e,
		    "SELECT at, kind, image, serial, message FROM event WHERE at >= ?1 "
		    "ORDER "
		    "BY id DESC",
		    "i", since_s) < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0) {
		struct catalog_event v = {
			.at_s = query_int(&q, 0),
			.kind = query_text(&q, 1),
			.image = query_text(&q, 2),
			.serial = query_text(&q, 3),
			.message = query_text(&q, 4),
		};

		if (each(&v, ctx, e) < 0)
			return -1;
	}
	return rc;
}

int catalog_intent_put(struct catalog *c, const char *path, struct err *e)
{
	return query_run(
		c, e, "INSERT OR IGNORE INTO intent(path) VALUES(?1)", "t", path);
}

int catalog_intent_drop(struct catalog *c, const char *path, struct err *e)
{
	return query_run(c, e, "DELETE FROM intent WHERE path = ?1", "t", path);
}

int catalog_intent_walk(struct catalog *c,
	int (*each)(const char *path, void *ctx, struct err *e), void *ctx, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e, "SELECT path FROM intent", "") < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0)
		if (each(query_text(&q, 0), ctx, e) < 0)
			return -1;
	return rc;
}

static int examine(struct catalog *c, const char *pragma, bool foreign_keys,
	int (*each)(const char *sentence, void *ctx), void *ctx, struct err *e)
{
	auto_query struct query q = { 0 };
	int rc;

	if (query_begin(&q, c, e, pragma, "") < 0)
		return -1;
	while ((rc = query_next(&q, e)) > 0) {
		char text[256];

		if (!foreign_keys && strcmp(query_text(&q, 0), "ok") == 0)
			continue;
		if (foreign_keys)
			snprintf(text, sizeof(text),
				"a row of '%s' names a missing row of '%s'",
				query_text(&q, 0), query_text(&q, 2));
		else
			snprintf(text, sizeof(text), "%s", query_text(&q, 0));
		if (each(text, ctx) < 0)
			return err_set(e, ERR_FAILED, "stopped");
	}
	return rc;
}

int catalog_examine(struct catalog *c, int (*each)(const char *sentence, void *ctx),
	void *ctx, struct err *e)
{
	if (examine(c, "PRAGMA integrity_check(20)", false, each, ctx, e) < 0)
		return -1;
	return examine(c, "PRAGMA foreign_key_check", true, each, ctx, e);
}

int catalog_intent_clear(struct catalog *c, struct err *e)
{
	return query_run(c, e, "DELETE FROM intent", "");
}
