/* s3list.h -- one page of a bucket's listing, as the store writes it.
 * In      the XML of ListObjectsV2
 * Out     key and size of each object, what was escaped made plain; where the next page begins
 * Errors  ERR_PARSE for text that is no such page
 * Source  Amazon S3 API reference, ListObjectsV2 */
#ifndef CLIENT_IMAGE_S3LIST_H
#define CLIENT_IMAGE_S3LIST_H

#include "lib/base/buf.h"

#define S3LIST_MAX (4U << 20)

/* next: "" behind the last page. */
int s3list_parse(struct bytes xml,
	int (*each)(const char *key, uint64_t size, void *ctx, struct err *e), void *ctx,
	struct buf *next, struct err *e) must_check nonnull_args(2, 4, 5);

#endif
