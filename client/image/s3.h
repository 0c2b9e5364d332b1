/* s3.h -- objects in a bucket. Beside fetch.c the only file that knows libcurl: requests here carry a
 * signature of ours.
 * In      an endpoint (https, or http where that is asked for), a bucket, a prefix; who we are, from
 *         AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if there is one, AWS_SESSION_TOKEN
 * Rules   bucket in the path (every server knows that); a body is sent under its digest, so that the
 *         store refuses one that was damaged on the way; no request depends on what another writer
 *         does, and none on conditions, which not every store honours; what may be repeated is, with
 *         growing pauses. Safe in several threads
 * Errors  ERR_NOTFOUND for a missing object; ERR_USAGE for credentials that are missing or refused;
 *         ERR_NETWORK for all else that the other side did
 * Owns    the connections
 * Source  Amazon S3 API reference; AWS Signature Version 4 */
#ifndef CLIENT_IMAGE_S3_H
#define CLIENT_IMAGE_S3_H

#include "lib/adapt/digest.h"
#include "lib/base/buf.h"

struct s3_settings {
	const char *place;    /* s3://BUCKET[/PREFIX] */
	const char *endpoint; /* NULL: AWS_ENDPOINT_URL, else the region's of Amazon */
	const char *region;   /* NULL: AWS_REGION, else us-east-1 */
	const char *ca;       /* PEM file of the only authority to believe, or NULL */
	bool insecure_transport;
};

struct s3;

int s3_open(
	const struct s3_settings *s, struct s3 **out, struct err *e) must_check nonnull;
void s3_close(struct s3 **s) nonnull;
#define auto_s3 with_cleanup(s3_close)

struct s3_object {
	const char *key; /* beneath the prefix */
	uint64_t size;
	struct digest sha256;
	const char *media_type, *caching; /* what the store shall say of it */
};

#define S3_PUT_MAX (5ULL << 30)

int s3_put_text(struct s3 *s, const struct s3_object *o, struct bytes text,
	struct err *e) must_check nonnull;
int s3_put_fd(struct s3 *s, const struct s3_object *o, int fd,
	struct err *e) must_check nonnull;

/* Within the store. */
int s3_copy(struct s3 *s, const struct s3_object *to, const char *from,
	struct err *e) must_check nonnull;
int s3_get(
	struct s3 *s, const char *key, struct buf *out, struct err *e) must_check nonnull;
int s3_remove(struct s3 *s, const char *key, struct err *e) must_check nonnull;

/* Every object beneath the prefix. */
int s3_list(struct s3 *s,
	int (*each)(const char *key, uint64_t size, void *ctx, struct err *e), void *ctx,
	struct err *e) must_check nonnull_args(1, 2, 4);

#endif
