#include "builder/nosync.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#define ARCH 0 /* matches nothing: all calls go through */
#endif

#define LOAD(member)                                                                     \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define SYNC(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (number), 0, 1)
#define ANSWER_ZERO  BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO)

int nosync_enter(void)
{
	struct sock_filter filter[] = {
		LOAD(arch),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		LOAD(nr),
		SYNC(SYS_fsync),
		ANSWER_ZERO,
		SYNC(SYS_fdatasync),
		ANSWER_ZERO,
		SYNC(SYS_sync_file_range),
		ANSWER_ZERO,
		SYNC(SYS_syncfs),
		ANSWER_ZERO,
		SYNC(SYS_sync),
		ANSWER_ZERO,
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = { .len = ARRAY_COUNT(filter),
		.filter = filter };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 ? errno : 0;
}
