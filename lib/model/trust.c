#include "lib/model/trust.h"

#include "lib/base/jsonw.h"
#include "lib/model/field.h"

#define REVOKED_MAX ARRAY_COUNT(((struct trust_root *)NULL)->revoked)

static const char *const role_names[] = { "root", "publish", "timestamp" };

/* Fingerprints are 40 or 64 upper-case hex digits. */
static int check_fpr(const char *fpr, struct err *e)
{
	size_t len = strlen(fpr);

	if ((len != 40 && len != 64) || strspn(fpr, "0123456789ABCDEF") != len)
		return err_set(e, ERR_PARSE, "'%s' is no key fingerprint", fpr);
	return 0;
}

/* ---- signatures and the envelope */

static int parse_signatures(const struct json *o, struct arena *a,
	struct trust_signature *out, size_t *count, struct err *e)
{
	const struct json *array, *item;
	size_t n;

	if (field_array(o, "signatures", TRUST_KEYS_MAX, &array, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		auto_buf struct buf sig = BUF_INIT(SIGNATURE_MAX);
		const char *fpr, *text;

		if (field_object_at(array, i, &item, e) < 0 ||
			json_get_str(item, "fpr", &fpr, e) < 0 || check_fpr(fpr, e) < 0 ||
			json_get_str(item, "sig", &text, e) < 0 ||
			buf_decode_base64(bytes_of_str(text), &sig, e) < 0)
			return err_wrap(e, "'signatures'");
		memcpy(out[i].fpr, fpr, strlen(fpr) + 1);
		out[i].sig = bytes_of(arena_strndup(a, buf_str(&sig), sig.len), sig.len);
	}
	*count = n;
	return 0;
}

static void write_signatures(
	struct jsonw *w, const struct trust_signature *sigs, size_t count)
{
	jsonw_key(w, "signatures");
	jsonw_array(w);
	for (size_t i = 0; i < count; i++) {
		auto_buf struct buf text = BUF_INIT(2 * SIGNATURE_MAX);

		buf_add_base64(&text, sigs[i].sig);
		jsonw_object(w);
		jsonw_kstr(w, "fpr", sigs[i].fpr);
		jsonw_kstr(w, "sig", buf_str(&text));
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

void envelope_release(struct envelope *v)
{
	arena_release(&v->arena);
}

int envelope_parse(struct bytes json, struct envelope *out, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	auto_envelope struct envelope v = { .type = "" };
	auto_buf struct buf payload = BUF_INIT(TRUST_DOC_MAX);
	const struct json *o;
	const char *text;

	if (json.len > TRUST_DOC_MAX)
		return err_set(
			e, ERR_LIMIT, "envelope is larger than %u bytes", TRUST_DOC_MAX);
	if (json_open(json, &doc, e) < 0 || json_root(doc, &o, e) < 0 ||
		field_str(o, "payloadType", &v.arena, &v.type, e) < 0 ||
		json_get_str(o, "payload", &text, e) < 0 ||
		buf_decode_base64(bytes_of_str(text), &payload, e) < 0 ||
		parse_signatures(o, &v.arena, v.signature, &v.signature_count, e) < 0)
		return err_wrap(e, "envelope");
	v.payload = bytes_of(
		arena_strndup(&v.arena, buf_str(&payload), payload.len), payload.len);
	*out = v;
	v.arena.head = NULL;
	return 0;
}

int envelope_format(const char *type, struct bytes payload,
	const struct trust_signature *sigs, size_t count, struct buf *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(2 * TRUST_DOC_MAX);
	struct jsonw w = jsonw_to(out);

	buf_add_base64(&text, payload);
	jsonw_object(&w);
	jsonw_kstr(&w, "payloadType", type);
	jsonw_kstr(&w, "payload", buf_str(&text));
	write_signatures(&w, sigs, count);
	jsonw_end_object(&w);
	buf_add_byte(out, '\n');
	if (out->len > TRUST_DOC_MAX)
		return err_set(
			e, ERR_LIMIT, "envelope is larger than %u bytes", TRUST_DOC_MAX);
	return buf_check(out, "envelope", e);
}

void trust_pae(const char *type, struct bytes body, struct buf *out)
{
	buf_printf(out, "DSSEv1 %zu %s %zu ", strlen(type), type, body.len);
	buf_add(out, body.data, body.len);
}

/* ---- root */

void trust_root_release(struct trust_root *r)
{
	arena_release(&r->arena);
}

const struct trust_key *trust_root_key(const struct trust_root *r, const char *fpr)
{
	for (size_t i = 0; i < r->key_count; i++)
		if (strcmp(r->key[i].fpr, fpr) == 0)
			return &r->key[i];
	return NULL;
}

static int parse_keys(const struct json *o, struct trust_root *r, struct err *e)
{
	const struct json *keys, *value;
	const char *fpr, *armor;

	if (json_get_object(o, "keys", &keys, e) < 0)
		return -1;
	for (void *i = json_next(keys, NULL, &fpr, &value); i;
		i = json_next(keys, i, &fpr, &value)) {
		struct trust_key *k = &r->key[r->key_count];

		if (r->key_count == TRUST_KEYS_MAX)
			return err_set(e, ERR_LIMIT, "'keys' has more than %d keys",
				TRUST_KEYS_MAX);
		if (check_fpr(fpr, e) < 0 || json_str(value, &armor, e) < 0)
			return err_wrap(e, "'keys'");
		if (strlen(armor) > VERIFY_KEY_MAX)
			return err_set(e, ERR_LIMIT,
				"the key '%s' is larger than %d bytes", fpr,
				VERIFY_KEY_MAX);
		k->fpr = arena_strdup(&r->arena, fpr);
		k->armor = bytes_of_str(arena_strdup(&r->arena, armor));
		k->until_s = INT64_MAX;
		r->key_count++;
	}
	return 0;
}

static int parse_role(const struct json *roles, enum trust_role_name name,
	struct trust_root *r, struct err *e)
{
	struct trust_role *role = &r->role[name];
	const struct json *o;
	const char **fprs;
	int64_t threshold;

	if (json_get_object(roles, role_names[name], &o, e) < 0 ||
		field_strings(o, "keys", TRUST_KEYS_MAX, &r->arena, &fprs, &role->count,
			e) < 0 ||
		json_get_int(o, "threshold", 1, TRUST_KEYS_MAX, &threshold, e) < 0)
		return err_wrap(e, "role '%s'", role_names[name]);
	role->threshold = (unsigned int)threshold;
	if ((size_t)threshold > role->count)
		return err_set(e, ERR_PARSE, "role '%s': threshold %lld of %zu keys",
			role_names[name], (long long)threshold, role->count);
	for (size_t i = 0; i < role->count; i++) {
		role->fpr[i] = fprs[i];
		if (!trust_root_key(r, fprs[i]))
			return err_set(e, ERR_PARSE,
				"role '%s': the key '%s' is not among 'keys'",
				role_names[name], fprs[i]);
		for (size_t k = 0; k < i; k++)
			if (strcmp(fprs[k], fprs[i]) == 0)
				return err_set(e, ERR_PARSE,
					"role '%s': the key '%s' stands twice",
					role_names[name], fprs[i]);
	}
	return 0;
}

static int parse_valid(const struct json *o, struct trust_root *r, struct err *e)
{
	const struct json *valid, *span;
	const char *fpr;

	if (json_get_object(o, "valid", &valid, e) < 0)
		return -1;
	for (void *i = json_next(valid, NULL, &fpr, &span); i;
		i = json_next(valid, i, &fpr, &span)) {
		struct trust_key *k = NULL;

		for (size_t n = 0; n < r->key_count; n++)
			if (strcmp(r->key[n].fpr, fpr) == 0)
				k = &r->key[n];
		if (!k)
			return err_set(e, ERR_PARSE,
				"'valid': the key '%s' is not among 'keys'", fpr);
		if (json_is_object(span, e) < 0 ||
			json_get_int(span, "from", 0, FIELD_INT_MAX, &k->from_s, e) < 0 ||
			json_get_int(span, "until", 0, FIELD_INT_MAX, &k->until_s, e) < 0)
			return err_wrap(e, "'valid'");
	}
	return 0;
}

static int parse_revoked(const struct json *o, struct trust_root *r, struct err *e)
{
	const struct json *array, *item;

	if (field_array(o, "revoked", REVOKED_MAX, &array, &r->revoked_count, e) < 0)
		return -1;
	for (size_t i = 0; i < r->revoked_count; i++) {
		struct trust_revocation *v = &r->revoked[i];

		if (field_object_at(array, i, &item, e) < 0 ||
			field_str(item, "fpr", &r->arena, &v->fpr, e) < 0 ||
			check_fpr(v->fpr, e) < 0 ||
			json_get_int(item, "since", 0, FIELD_INT_MAX, &v->since_s, e) <
				0 ||
			field_str(item, "reason", &r->arena, &v->reason, e) < 0)
			return err_wrap(e, "'revoked'");
	}
	return 0;
}

static int parse_repo(
	const struct json *o, struct arena *a, const char **out, struct err *e)
{
	if (field_str(o, "repo", a, out, e) < 0)
		return -1;
	if (strlen(*out) != 32 || strspn(*out, "0123456789abcdef") != 32)
		return err_set(e, ERR_PARSE, "'repo': '%s' is not 32 hex digits", *out);
	return 0;
}

int trust_root_parse(struct bytes json, struct trust_root *out, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	auto_trust_root struct trust_root r = { .repo = "" };
	const struct json *o, *roles;

	if (json.len > TRUST_DOC_MAX)
		return err_set(
			e, ERR_LIMIT, "root is larger than %u bytes", TRUST_DOC_MAX);
	if (json_open(json, &doc, e) < 0 || json_root(doc, &o, e) < 0 ||
		field_schema(o, e) < 0 ||
		json_get_int(o, "version", 1, FIELD_INT_MAX, &r.version, e) < 0 ||
		json_get_int(o, "created", 0, FIELD_INT_MAX, &r.created_s, e) < 0 ||
		json_get_int(o, "expires", 0, FIELD_INT_MAX, &r.expires_s, e) < 0 ||
		parse_repo(o, &r.arena, &r.repo, e) < 0 || parse_keys(o, &r, e) < 0 ||
		json_get_object(o, "roles", &roles, e) < 0)
		return err_wrap(e, "root");
	for (enum trust_role_name role = TRUST_ROOT; role <= TRUST_TIMESTAMP; role++)
		if (parse_role(roles, role, &r, e) < 0)
			return err_wrap(e, "root");
	if (parse_valid(o, &r, e) < 0 || parse_revoked(o, &r, e) < 0)
		return err_wrap(e, "root");
	*out = r;
	r.arena.head = NULL;
	return 0;
}

static void write_roles(struct jsonw *w, const struct trust_root *r)
{
	jsonw_key(w, "roles");
	jsonw_object(w);
	for (enum trust_role_name role = TRUST_ROOT; role <= TRUST_TIMESTAMP; role++) {
		jsonw_key(w, role_names[role]);
		jsonw_object(w);
		jsonw_key(w, "keys");
		jsonw_array(w);
		for (size_t i = 0; i < r->role[role].count; i++)
			jsonw_str(w, r->role[role].fpr[i]);
		jsonw_end_array(w);
		jsonw_kint(w, "threshold", r->role[role].threshold);
		jsonw_end_object(w);
	}
	jsonw_end_object(w);
}

static void write_valid(struct jsonw *w, const struct trust_root *r)
{
	jsonw_key(w, "valid");
	jsonw_object(w);
	for (size_t i = 0; i < r->key_count; i++) {
		if (r->key[i].until_s == INT64_MAX)
			continue;
		jsonw_key(w, r->key[i].fpr);
		jsonw_object(w);
		jsonw_kint(w, "from", r->key[i].from_s);
		jsonw_kint(w, "until", r->key[i].until_s);
		jsonw_end_object(w);
	}
	jsonw_end_object(w);
	jsonw_key(w, "revoked");
	jsonw_array(w);
	for (size_t i = 0; i < r->revoked_count; i++) {
		jsonw_object(w);
		jsonw_kstr(w, "fpr", r->revoked[i].fpr);
		jsonw_kint(w, "since", r->revoked[i].since_s);
		jsonw_kstr(w, "reason", r->revoked[i].reason);
		jsonw_end_object(w);
	}
	jsonw_end_array(w);
}

int trust_root_format(const struct trust_root *r, struct buf *out, struct err *e)
{
	struct jsonw w = jsonw_to(out);

	jsonw_object(&w);
	jsonw_kint(&w, "schema", 1);
	jsonw_kint(&w, "version", r->version);
	jsonw_kint(&w, "created", r->created_s);
	jsonw_kint(&w, "expires", r->expires_s);
	jsonw_kstr(&w, "repo", r->repo);
	jsonw_key(&w, "keys");
	jsonw_object(&w);
	for (size_t i = 0; i < r->key_count; i++) {
		jsonw_key(&w, r->key[i].fpr);
		jsonw_bytes(&w, r->key[i].armor);
	}
	jsonw_end_object(&w);
	write_roles(&w, r);
	write_valid(&w, r);
	jsonw_end_object(&w);
	buf_add_byte(out, '\n');
	return buf_check(out, "root", e);
}

static bool is_revoked(const struct trust_root *r, const char *fpr)
{
	for (size_t i = 0; i < r->revoked_count; i++)
		if (strcmp(r->revoked[i].fpr, fpr) == 0)
			return true;
	return false;
}

struct verify_role trust_role_at(const struct trust_root *r, enum trust_role_name role,
	int64_t now_s, const char **fprs)
{
	const struct trust_role *t = &r->role[role];
	size_t n = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct trust_key *k = trust_root_key(r, t->fpr[i]);

		if (!k || is_revoked(r, k->fpr))
			continue;
		if (role != TRUST_ROOT && (now_s < k->from_s || now_s >= k->until_s))
			continue;
		fprs[n++] = k->fpr;
	}
	return (struct verify_role){
		.fprs = fprs, .count = n, .threshold = t->threshold
	};
}

/* ---- current */

void current_release(struct current *c)
{
	arena_release(&c->arena);
}

static int parse_object(
	const struct json *o, struct arena *a, struct trust_object *out, struct err *e)
{
	if (field_path(o, "path", a, &out->path, e) < 0 ||
		field_size(o, "size", &out->size, e) < 0)
		return -1;
	return field_digest(o, "sha256", &out->sha256, e);
}

static void write_object(struct jsonw *w, const struct trust_object *o)
{
	char hex[DIGEST_HEX];

	digest_hex(&o->sha256, hex);
	jsonw_kstr(w, "path", o->path);
	jsonw_kint(w, "size", (int64_t)o->size);
	jsonw_kstr(w, "sha256", hex);
}

static int parse_prev(const struct json *o, struct current *c, struct err *e)
{
	struct digest d;

	if (field_str(o, "prev_sha256", &c->arena, &c->prev_sha256, e) < 0)
		return -1;
	if (c->prev_sha256[0] == '\0')
		return 0;
	return digest_parse(c->prev_sha256, &d, e) < 0 ? err_wrap(e, "'prev_sha256'") : 0;
}

int current_parse(struct bytes json, struct current *out, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	auto_current struct current c = { .repo = "" };
	const struct json *o, *catalog, *files;

	if (json.len > TRUST_DOC_MAX)
		return err_set(
			e, ERR_LIMIT, "current is larger than %u bytes", TRUST_DOC_MAX);
	if (json_open(json, &doc, e) < 0 || json_root(doc, &o, e) < 0 ||
		field_schema(o, e) < 0 || parse_repo(o, &c.arena, &c.repo, e) < 0 ||
		json_get_int(o, "version", 1, FIELD_INT_MAX, &c.version, e) < 0 ||
		json_get_int(o, "generation", 1, FIELD_INT_MAX, &c.generation, e) < 0 ||
		json_get_int(o, "created", 0, FIELD_INT_MAX, &c.created_s, e) < 0 ||
		json_get_int(o, "expires", 0, FIELD_INT_MAX, &c.expires_s, e) < 0 ||
		json_get_int(o, "root_version", 1, FIELD_INT_MAX, &c.root_version, e) <
			0 ||
		parse_prev(o, &c, e) < 0)
		return err_wrap(e, "current");
	if (json_get_object(o, "catalog", &catalog, e) < 0 ||
		parse_object(catalog, &c.arena, &c.catalog, e) < 0 ||
		parse_signatures(catalog, &c.arena, c.catalog_signature,
			&c.catalog_signature_count, e) < 0)
		return err_wrap(e, "current: 'catalog'");
	if (json_get_object(o, "files", &files, e) < 0 ||
		parse_object(files, &c.arena, &c.files, e) < 0)
		return err_wrap(e, "current: 'files'");
	*out = c;
	c.arena.head = NULL;
	return 0;
}

int current_format(const struct current *c, struct buf *out, struct err *e)
{
	struct jsonw w = jsonw_to(out);

	jsonw_object(&w);
	jsonw_kint(&w, "schema", 1);
	jsonw_kstr(&w, "repo", c->repo);
	jsonw_kint(&w, "version", c->version);
	jsonw_kint(&w, "generation", c->generation);
	jsonw_kint(&w, "created", c->created_s);
	jsonw_kint(&w, "expires", c->expires_s);
	jsonw_kint(&w, "root_version", c->root_version);
	jsonw_kstr(&w, "prev_sha256", c->prev_sha256);
	jsonw_key(&w, "catalog");
	jsonw_object(&w);
	write_object(&w, &c->catalog);
	write_signatures(&w, c->catalog_signature, c->catalog_signature_count);
	jsonw_end_object(&w);
	jsonw_key(&w, "files");
	jsonw_object(&w);
	write_object(&w, &c->files);
	jsonw_end_object(&w);
	jsonw_end_object(&w);
	buf_add_byte(out, '\n');
	return buf_check(out, "current", e);
}

int files_format(
	const struct trust_object *file, size_t count, struct buf *out, struct err *e)
{
	struct jsonw w = jsonw_to(out);

	jsonw_array(&w);
	for (size_t i = 0; i < count; i++) {
		jsonw_object(&w);
		write_object(&w, &file[i]);
		jsonw_end_object(&w);
	}
	jsonw_end_array(&w);
	buf_add_byte(out, '\n');
	return buf_check(out, "files document", e);
}

int files_parse(struct bytes json, struct arena *arena, struct trust_object **out,
	size_t *count, struct err *e)
{
	auto_json struct json_doc *doc = NULL;
	const struct json *array, *item;
	struct trust_object *file;
	size_t n;

	if (json_open(json, &doc, e) < 0)
		return err_wrap(e, "files document");
	if (json.data[0] != '[')
		return err_set(e, ERR_PARSE, "files document: not an array");
	array = json_any(doc);
	n = json_count(array);
	file = arena_array(arena, n, sizeof(*file));
	for (size_t i = 0; i < n; i++)
		if (field_object_at(array, i, &item, e) < 0 ||
			parse_object(item, arena, &file[i], e) < 0)
			return err_wrap(e, "files document");
	*out = file;
	*count = n;
	return 0;
}
