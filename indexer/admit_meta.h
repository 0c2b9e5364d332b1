/* admit_meta.h -- are both metadata archives what LXC and Incus will believe?
 * Rules   meta.tar.xz: flat names of the fixed list, config and config-user present,
 * every file ends in a newline, configuration keys of the allow-list, expiry a time;
 *         incus.tar.xz: metadata.yaml (no "./"), templates/NAME, all rules of its table
 * Errors  ERR_PARSE; each sentence names archive, member and line
 * Source  protocols chapter sections 1.6 and 3; SEC-42 to SEC-45 */
#ifndef INDEXER_ADMIT_META_H
#define INDEXER_ADMIT_META_H

#include "lib/model/image.h"

#define META_DESCRIPTION_MAX  200
#define META_REQUIREMENTS_MAX 512

struct meta_facts {
	int64_t expires_s; /* 0: no expiry */
	char stop_signal[32];
	char description[META_DESCRIPTION_MAX + 1];
	char requirements[META_REQUIREMENTS_MAX]; /* "key=value\n" lines, sorted */
};

/* fd: meta.tar.xz. Fills expires_s and stop_signal (left as it is when not said). */
int admit_lxc_meta(int fd, struct meta_facts *out, struct err *e) must_check nonnull;

/* fd: incus.tar.xz of this image. Fills description and requirements. */
int admit_incus_meta(int fd, const struct image *image, struct meta_facts *out,
	struct err *e) must_check nonnull;

#endif
