/* trust.h -- the signed envelope, trust/root.N and meta/2/current as text.
 * Shape   formats chapter sections 1 to 3
 * Bounds  64 KiB each; at most 16 keys, 16 signatures, 64 revocations
 * Owns    each document's arena owns its strings
 * Signatures are checked by lib/adapt/verify.h; here bytes become structs and back. */
#ifndef LIB_MODEL_TRUST_H
#define LIB_MODEL_TRUST_H

#include "lib/adapt/digest.h"
#include "lib/adapt/verify.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"

#define TRUST_DOC_MAX      (64U << 10)
#define TRUST_KEYS_MAX     16
#define TRUST_TYPE_ROOT    "rootyard/root+json;v=1"
#define TRUST_TYPE_CURRENT "rootyard/current+json;v=1"
#define TRUST_TYPE_CATALOG "rootyard/catalog;v=1"

struct trust_signature {
	char fpr[FPR_MAX];
	struct bytes sig; /* binary */
};

struct envelope {
	struct arena arena;
	const char *type;
	struct bytes payload;
	struct trust_signature signature[TRUST_KEYS_MAX];
	size_t signature_count;
};

void envelope_release(struct envelope *v) nonnull;
#define auto_envelope with_cleanup(envelope_release)
int envelope_parse(
	struct bytes json, struct envelope *out, struct err *e) must_check nonnull;
int envelope_format(const char *type, struct bytes payload,
	const struct trust_signature *sigs, size_t count, struct buf *out,
	struct err *e) must_check nonnull_args(1, 5, 6);

/* The bytes that are signed: "DSSEv1 LEN TYPE LEN BODY". */
void trust_pae(const char *type, struct bytes body, struct buf *out) nonnull;

enum trust_role_name { TRUST_ROOT, TRUST_PUBLISH, TRUST_TIMESTAMP };

struct trust_role {
	const char *fpr[TRUST_KEYS_MAX];
	size_t count;
	unsigned int threshold;
};

struct trust_key {
	const char *fpr;
	struct bytes armor;
	int64_t from_s, until_s; /* `valid`; 0 and INT64_MAX when not listed */
};

struct trust_revocation {
	const char *fpr;
	int64_t since_s;
	const char *reason;
};

struct trust_root {
	struct arena arena;
	int64_t version, created_s, expires_s;
	const char *repo; /* 32 hex digits */
	struct trust_key key[TRUST_KEYS_MAX];
	size_t key_count;
	struct trust_role role[3]; /* by enum trust_role_name */
	struct trust_revocation revoked[64];
	size_t revoked_count;
};

void trust_root_release(struct trust_root *r) nonnull;
#define auto_trust_root with_cleanup(trust_root_release)
int trust_root_parse(
	struct bytes json, struct trust_root *out, struct err *e) must_check nonnull;
int trust_root_format(
	const struct trust_root *r, struct buf *out, struct err *e) must_check nonnull;

/* The key of this fingerprint, or NULL. */
const struct trust_key *trust_root_key(
	const struct trust_root *r, const char *fpr) nonnull;

/* The role's keys that count at now_s: listed, not revoked, and for publish and timestamp
 * from <= now < until. fprs holds TRUST_KEYS_MAX. */
struct verify_role trust_role_at(const struct trust_root *r, enum trust_role_name role,
	int64_t now_s, const char **fprs) nonnull;

struct trust_object { /* a document named by content */
	const char *path;
	uint64_t size;
	struct digest sha256;
};

struct current {
	struct arena arena;
	const char *repo;
	int64_t version, generation, created_s, expires_s, root_version;
	const char *prev_sha256; /* 64 hex or "" */
	struct trust_object catalog;
	struct trust_signature catalog_signature[TRUST_KEYS_MAX];
	size_t catalog_signature_count;
	struct trust_object files;
};

void current_release(struct current *c) nonnull;
#define auto_current with_cleanup(current_release)
int current_parse(
	struct bytes json, struct current *out, struct err *e) must_check nonnull;
int current_format(
	const struct current *c, struct buf *out, struct err *e) must_check nonnull;

/* The document `files` names: what legacy clients read in this generation. */
int files_format(const struct trust_object *file, size_t count, struct buf *out,
	struct err *e) must_check nonnull_args(3, 4);
int files_parse(struct bytes json, struct arena *arena, struct trust_object **out,
	size_t *count, struct err *e) must_check nonnull;

#endif
