/* policy.h -- no service is started while packages are installed.
 * Shape   usr/sbin/policy-rc.d answers 101, if the tree has none of its own
 * Owns    struct policy a descriptor, until policy_lift
 * Source  Debian policy 9.3.3, invoke-rc.d(8) */
#ifndef BUILDER_POLICY_H
#define BUILDER_POLICY_H

#include "lib/base/err.h"

struct policy {
	int dir; /* -1: the tree's own stays */
};

#define POLICY_INIT                                                                      \
	{                                                                                \
		.dir = -1                                                                \
	}

int policy_set(struct policy *p, int root_dir, struct err *e) must_check nonnull;
void policy_lift(struct policy *p) nonnull;
#define auto_policy with_cleanup(policy_lift)

#endif
