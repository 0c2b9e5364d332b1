/* range.h -- one HTTP Range header into byte offsets.
 * In      header text, not NUL-terminated; size of the file in bytes
 * Out     first..last inclusive, first <= last < size
 * Errors  ERR_PARSE: ignore the header (also when it asks for several ranges);
 *         ERR_LIMIT: answer 416
 * Owns    nothing; borrows text during the call
 * Source  RFC 9110 14.1.2 */
#ifndef HTTPD_RANGE_H
#define HTTPD_RANGE_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

struct range {
	uint64_t first;
	uint64_t last;
};

int range_parse(struct bytes text, uint64_t size, struct range *out,
	struct err *e) must_check nonnull;

#endif
