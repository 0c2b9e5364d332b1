/* doctor.h -- tries on this machine, one by one, what a container needs.
 * Rules   each check does the thing itself in a child process and leaves nothing behind;
 *         what it cannot try it reads
 * Shape   `mend` is an exact command or setting, "" when nothing is to be done
 * Source  user_namespaces(7), subuid(5), cgroups(7) */
#ifndef CLIENT_RUN_DOCTOR_H
#define CLIENT_RUN_DOCTOR_H

#include "lib/base/userns.h"

enum finding_level { FINDING_OK, FINDING_WARN, FINDING_FAIL };

struct finding {
	enum finding_level level;
	const char *name;
	char what[600];
	char mend[300];
};

struct examination {
	struct subids ids;
	int data_fd; /* the data place, -1 when it cannot be used */
	char place_error[400];
};

struct doctor_check {
	const char *name;
	void (*examine)(const struct examination *x, struct finding *f);
};

extern const struct doctor_check doctor_checks[];
extern const size_t doctor_check_count;

/* The pure parts, for tests. */

/* The first line of a subid file, of another owner, that shares ids with ours. */
bool subids_overlap(struct bytes text, const char *own_name, uid_t uid,
	unsigned int start, char out[64]) nonnull;

#endif
