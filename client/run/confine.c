#include "client/run/confine.h"

#include "client/run/plan.h"
#include "lib/base/profile.h"
#include "lib/base/sandbox.h"

#include "seccomp.h"

#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define CAP_LAST_POSSIBLE 63

static uint64_t app_set(void)
{
	uint64_t set = 0;

	for (size_t i = 0; i < profile_cap_count; i++)
		set |= 1ULL << profile_caps[i].number;
	return set;
}

static int limit_caps(uint64_t keep, struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	for (int cap = 0; cap <= CAP_LAST_POSSIBLE; cap++) {
		if (keep >> cap & 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL)
			break; /* behind the last one */
		return err_sys(e, "cannot drop capability %d", cap);
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return err_sys(e, "cannot clear the ambient capabilities");
	data[0].permitted = data[0].effective = (uint32_t)keep;
	data[1].permitted = data[1].effective = (uint32_t)(keep >> 32);
	if (syscall(SYS_capset, &head, data) < 0)
		return err_sys(e, "cannot limit the capabilities");
	return 0;
}

int confine_processes(unsigned int most, struct err *e)
{
	struct rlimit now;

	if (most == 0)
		return 0;
	if (getrlimit(RLIMIT_NPROC, &now) < 0)
		return err_sys(e, "cannot read the limit of processes");
	if (now.rlim_max > most)
		now.rlim_max = most;
	now.rlim_cur = now.rlim_max;
	return setrlimit(RLIMIT_NPROC, &now) < 0
		       ? err_sys(e, "cannot limit the processes to %u", most)
		       : 0;
}

int confine_rights(bool is_system, struct err *e)
{
	const struct rlimit none = { 0, 0 };

	/* Best effort: without keys in the kernel, or over its quota, there is none to
	 * make, and the filter refuses keyctl anyway. */
	(void)syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL, 0, 0, 0);
	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return err_sys(e, "cannot forbid core files");
	/* Its capabilities end at the user namespace, and su and sudo gain by setuid. */
	if (is_system)
		return 0;
	if (limit_caps(app_set(), e) < 0)
		return -1;
	return sandbox_no_new_privs(e);
}

int confine_filter(unsigned int flags, struct err *e)
{
	if (!(flags & PLAN_FULL_MAP) &&
		sandbox_seccomp(seccomp_single, ARRAY_COUNT(seccomp_single), e) < 0)
		return -1;
	if (flags & PLAN_SYSTEM)
		return sandbox_seccomp(seccomp_system, ARRAY_COUNT(seccomp_system), e);
	return sandbox_seccomp(seccomp_app, ARRAY_COUNT(seccomp_app), e);
}
