#include "builder/policy.h"

#include "lib/base/atomic.h"
#include "lib/base/fs.h"

#define POLICY_DIR "usr/sbin"
#define POLICY     "policy-rc.d"

static const char text[] = "#!/bin/sh\nexit 101\n";

int policy_set(struct policy *p, int root_dir, struct err *e)
{
	if (!fs_exists_at(root_dir, POLICY_DIR) ||
		fs_exists_at(root_dir, POLICY_DIR "/" POLICY))
		return 0;
	p->dir = fs_open_dir_at(root_dir, POLICY_DIR, e);
	return p->dir < 0
		       ? -1
		       : atomic_write_file(p->dir, POLICY, bytes_of_str(text), 0755, e);
}

void policy_lift(struct policy *p)
{
	int saved = errno;

	if (p->dir >= 0) {
		unlinkat(p->dir, POLICY, 0);
		close(STEAL_FD(p->dir));
	}
	errno = saved;
}
