/* lxcindex.h -- meta/1.0/index-*: what lxc-download reads.
 * Shape   dist;release;arch;variant;build_id;/images/.../ one line an image, LF, final
 *         newline required
 * Source  protocols chapter section 1.4 */
#ifndef LIB_MODEL_LXCINDEX_H
#define LIB_MODEL_LXCINDEX_H

#include "lib/base/buf.h"
#include "lib/model/image.h"

void lxcindex_line(
	struct buf *out, const struct image *image, const char *serial) nonnull;

/* Reads the next line of *text (advances it): 1 a line, 0 the end, -1 ERR_PARSE. Lines
 * that name no image of ours in shape (empty path) are skipped. path borrows from text.
 */
struct lxcindex_entry {
	struct image image;
	char serial[SERIAL_MAX];
	struct bytes path;
};
int lxcindex_next(
	struct bytes *text, struct lxcindex_entry *out, struct err *e) must_check nonnull;

#endif
