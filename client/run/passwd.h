/* passwd.h -- one line of a container's /etc/passwd.
 * Rules   the file is the container's: bounded, and read as text only
 * Source  passwd(5) */
#ifndef CLIENT_RUN_PASSWD_H
#define CLIENT_RUN_PASSWD_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

#define PASSWD_FIELD_MAX 256

struct passwd_entry {
	unsigned int uid, gid;
	char name[PASSWD_FIELD_MAX], home[PASSWD_FIELD_MAX], shell[PASSWD_FIELD_MAX];
};

/* The first line whose name is `name`. */
bool passwd_find(struct bytes text, const char *name, struct passwd_entry *out) nonnull;

/* The same in the /etc/passwd that we see; false when there is none. */
bool passwd_look_up(const char *name, struct passwd_entry *out) nonnull;

#endif
