/* inflate.h -- what stands in a compressed file, whatever compressed it.
 * Rules   plain, gzip, bzip2, xz, lzma, zstd, lz4 and compress, told by their first bytes;
 *         one layer; no program is run for any of them
 * Errors  ERR_PARSE on damage
 * Owns    the library's state; borrows `in`
 * Source  libarchive's filters, archive_read_filter(3) */
#ifndef LIB_ADAPT_INFLATE_H
#define LIB_ADAPT_INFLATE_H

#include "lib/base/reader.h"

struct inflate;

int inflate_open(
	const struct reader *in, struct inflate **out, struct err *e) must_check nonnull;
struct reader inflate_as_reader(struct inflate *i) nonnull;

/* "gzip", "xz", ... or "none". */
const char *inflate_name(struct inflate *i) nonnull;
void inflate_close(struct inflate **i) nonnull;
#define auto_inflate with_cleanup(inflate_close)

#endif
