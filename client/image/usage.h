/* usage.h -- how much disk stored images take, files that several share counted right. Runs in
 * the confined child only.
 * In      images/ and the names beneath it that count; which of them are doomed
 * Out     per image what it takes and what it alone takes; over all, what is taken once, and
 *         what removing the doomed ones would free
 * Shape   bytes as allocated on disk, directories and metadata included */
#ifndef CLIENT_IMAGE_USAGE_H
#define CLIENT_IMAGE_USAGE_H

#include "lib/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct usage_image {
	const char *name;
	bool doomed;
};

struct usage_row {
	uint64_t total; /* of all rows together: each inode once */
	uint64_t alone; /* of all rows together: what the doomed ones would free */
};

/* rows: count + 1, the last one is over all. */
int usage_count(int images_fd, const struct usage_image *images, size_t count,
	struct usage_row *rows, struct err *e) must_check nonnull;

#endif
