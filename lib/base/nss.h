/* nss.h -- what the name services know that the files do not, asked through their own
 * programs: a static program has no name services.
 * Rules   asked only where a file has no answer; a program that is missing, fails or says
 *         nonsense counts as no answer
 * Source  getent(1), getsubids(1), nsswitch.conf(5) */
#ifndef LIB_BASE_NSS_H
#define LIB_BASE_NSS_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

#include <sys/types.h>

/* The login name of uid; false: none. */
bool nss_login_name(uid_t uid, char *out, size_t out_size) nonnull;

/* Do subordinate ids come from elsewhere than /etc/subuid and /etc/subgid? */
bool nss_has_subids(void);

/* The first range of at least `count` ids of this user. */
bool nss_subids(
	const char *name, bool groups, unsigned int count, unsigned int *start) nonnull;

/* The pure parts, for tests: text of nsswitch.conf; what getsubids prints
 * ("0: alice 100000 65536"). */
bool nss_parse_switch(struct bytes text) nonnull;
bool nss_parse_ranges(const char *text, const char *name, unsigned int count,
	unsigned int *start) nonnull;

#endif
