/* passwd.h -- users of a container, by its /etc/passwd and /etc/group.
 * Rules   the files are the container's: bounded, and read as text only
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

#define PASSWD_GROUPS_MAX 32

/* Who a command is to be. */
struct passwd_user {
	unsigned int uid, gid;
	size_t groups;
	unsigned int group[PASSWD_GROUPS_MAX];
};

/* The first line with this name, else the first with this number. */
bool passwd_find(struct bytes text, const char *who, struct passwd_entry *out) nonnull;

/* The groups that list the name as a member, by the text of a group(5); their number. */
size_t passwd_groups(
	struct bytes text, const char *name, unsigned int gid[PASSWD_GROUPS_MAX]) nonnull;

/* passwd_find in the /etc/passwd that we see; false when there is none. */
bool passwd_look_up(const char *who, struct passwd_entry *out) nonnull;

/* The user that a name or number means in the files that we see. ERR_USAGE: nobody. */
int passwd_become(const char *who, struct passwd_user *user, struct passwd_entry *entry,
	struct err *e) must_check nonnull;

#endif
