/* cond.h -- what If-Match, If-None-Match, If-Modified-Since and friends decide.
 * In      header texts as they came (data NULL: absent); the entity tag with its quotes;
 *         the file's mtime in Unix seconds
 * Shape   dates are IMF-fixdate when written; RFC 850 and asctime are also read
 * Rules   a date that does not parse is as if absent; If-Range takes strong tags only
 * Owns    nothing
 * Source  RFC 9110 5.6.7, 8.8.3, 13.1, 13.2.2 */
#ifndef HTTPD_COND_H
#define HTTPD_COND_H

#include "lib/base/auto.h"
#include "lib/base/bytes.h"

#define COND_DATE_SIZE 30

struct cond {
	struct bytes if_match;
	struct bytes if_none_match;
	struct bytes if_modified_since;
	struct bytes if_unmodified_since;
	struct bytes if_range;
};

enum cond_verdict {
	COND_PROCEED,
	COND_NOT_MODIFIED, /* 304 */
	COND_FAILED,       /* 412 */
};

enum cond_verdict cond_evaluate(
	const struct cond *c, const char *etag, int64_t mtime_s) nonnull;

/* May a Range be honoured under this If-Range? */
bool cond_range_applies(struct bytes if_range, const char *etag) nonnull;

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
void cond_date_format(int64_t time_s, char out[COND_DATE_SIZE]) nonnull;
bool cond_date_parse(struct bytes text, int64_t *out) nonnull;

#endif
