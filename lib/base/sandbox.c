#include "lib/base/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define CAP_LAST_POSSIBLE 63

/* Landlock's numbers, which the oldest headers we build with do not have. */
#define NR_LANDLOCK_CREATE_RULESET 444
#define NR_LANDLOCK_ADD_RULE       445
#define NR_LANDLOCK_RESTRICT_SELF  446
#define LANDLOCK_VERSION           1U
#define LANDLOCK_PATH_BENEATH      1

#define FS_EXECUTE     (1ULL << 0)
#define FS_WRITE_FILE  (1ULL << 1)
#define FS_READ_FILE   (1ULL << 2)
#define FS_READ_DIR    (1ULL << 3)
#define FS_REMOVE_DIR  (1ULL << 4)
#define FS_REMOVE_FILE (1ULL << 5)
#define FS_MAKE_ALL    (0x7fULL << 6) /* char dir reg sock fifo block sym */
#define FS_REFER       (1ULL << 13)   /* ABI 2 */
#define FS_TRUNCATE    (1ULL << 14)   /* ABI 3 */
#define FS_IOCTL_DEV   (1ULL << 15)   /* ABI 5 */

#define FS_OF_FILES                                                                      \
	(FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV)

struct beneath {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

int sandbox_no_new_privs(struct err *e)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_sys(e, "cannot forbid new privileges");
	return 0;
}

int sandbox_no_core(struct err *e)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) < 0)
		return err_sys(e, "cannot forbid core files");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return err_sys(e, "cannot hide the memory of this process");
	return 0;
}

/* ---- capabilities and ids */

/* Without CAP_SETPCAP the bounding set stays; that matters only to id 0, which regains by
 * exec what the set still holds. */
static int drop_bounding(struct err *e)
{
	for (int cap = 0; cap <= CAP_LAST_POSSIBLE; cap++) {
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) != 1)
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EPERM && geteuid() != 0)
			return 0;
		return err_sys(e, "cannot drop capability %d for good", cap);
	}
	return 0;
}

static int clear_sets(struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	/* EINVAL: a kernel without ambient capabilities has none to clear. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 &&
		errno != EINVAL)
		return err_sys(e, "cannot clear the ambient capabilities");
	if (syscall(SYS_capset, &head, data) < 0)
		return err_sys(e, "cannot drop all capabilities");
	if (syscall(SYS_capget, &head, data) < 0)
		return err_sys(e, "cannot read the capabilities left");
	if (data[0].permitted | data[1].permitted | data[0].inheritable |
		data[1].inheritable)
		return err_set(e, ERR_SYS, "cannot drop all capabilities: some are left");
	return 0;
}

int sandbox_drop_caps(struct err *e)
{
	if (drop_bounding(e) < 0)
		return -1;
	return clear_sets(e);
}

static int clear_groups(struct err *e)
{
	if (setgroups(0, NULL) == 0)
		return 0;
	/* Where setgroups is denied an empty list is as good. */
	if (errno == EPERM && getgroups(0, NULL) == 0)
		return 0;
	errno = EPERM;
	return err_sys(e, "cannot leave the supplementary groups");
}

static int check_ids(uid_t uid, gid_t gid, struct err *e)
{
	uid_t ru, eu, su;
	gid_t rg, eg, sg;

	if (getresuid(&ru, &eu, &su) < 0 || getresgid(&rg, &eg, &sg) < 0)
		return err_sys(e, "cannot read the ids of this process");
	if (ru != uid || eu != uid || su != uid || rg != gid || eg != gid || sg != gid)
		return err_set(e, ERR_SYS, "cannot become user %u: an id is left over",
			(unsigned int)uid);
	if (uid != 0 && setresuid((uid_t)-1, 0, (uid_t)-1) == 0)
		return err_set(e, ERR_SYS,
			"cannot become user %u: id 0 can be taken back",
			(unsigned int)uid);
	return 0;
}

int sandbox_set_ids(uid_t uid, gid_t gid, struct err *e)
{
	/* First, because id 0 loses CAP_SETPCAP together with its id. */
	if (drop_bounding(e) < 0 || clear_groups(e) < 0)
		return -1;
	if (setresgid(gid, gid, gid) < 0)
		return err_sys(e, "cannot become group %u", (unsigned int)gid);
	if (setresuid(uid, uid, uid) < 0)
		return err_sys(e, "cannot become user %u", (unsigned int)uid);
	if (clear_sets(e) < 0)
		return -1;
	return check_ids(uid, gid, e);
}

/* ---- a view of a tree */

int sandbox_read_only_view(int dir, int *out, struct err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
					       MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
		.propagation = MS_PRIVATE };
	auto_fd int fd = open_tree(dir, "",
		OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE);

	if (fd < 0)
		return errno == EPERM || errno == ENOSYS
			       ? 1
			       : err_sys(e, "cannot copy the mount of a directory");
	if (mount_setattr(fd, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)) < 0)
		return errno == ENOSYS
			       ? 1
			       : err_sys(e,
					 "cannot make a view of a directory read-only");
	*out = STEAL_FD(fd);
	return 0;
}

/* ---- Landlock */

static uint64_t rights_of(unsigned int access)
{
	uint64_t rights = 0;

	if (access & SANDBOX_READ)
		rights |= FS_READ_FILE | FS_READ_DIR;
	if (access & SANDBOX_WRITE)
		rights |= FS_WRITE_FILE | FS_REMOVE_DIR | FS_REMOVE_FILE | FS_MAKE_ALL |
			  FS_REFER | FS_TRUNCATE | FS_IOCTL_DEV;
	if (access & SANDBOX_EXEC)
		rights |= FS_EXECUTE;
	return rights;
}

/* What this version of the interface knows; a later one adds nothing we name. */
static uint64_t known_to(long abi)
{
	uint64_t known = (1ULL << 13) - 1;

	if (abi >= 2)
		known |= FS_REFER;
	if (abi >= 3)
		known |= FS_TRUNCATE;
	if (abi >= 5)
		known |= FS_IOCTL_DEV;
	return known;
}

static int add_rule(
	int ruleset, const struct sandbox_rule *rule, uint64_t known, struct err *e)
{
	struct beneath b = { .parent_fd = rule->fd };
	struct stat st;

	if (fstat(rule->fd, &st) < 0)
		return err_sys(e, "cannot look at descriptor %d", rule->fd);
	b.allowed = rights_of(rule->access) & known;
	if (!S_ISDIR(st.st_mode))
		b.allowed &= FS_OF_FILES;
	if (b.allowed == 0)
		return 0;
	if (syscall(NR_LANDLOCK_ADD_RULE, ruleset, LANDLOCK_PATH_BENEATH, &b, 0) < 0)
		return err_sys(e, "cannot allow descriptor %d in Landlock", rule->fd);
	return 0;
}

int sandbox_files_version(void)
{
	long abi = syscall(NR_LANDLOCK_CREATE_RULESET, NULL, 0, LANDLOCK_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

int sandbox_files(const struct sandbox_rule *rules, size_t count, struct err *e)
{
	long abi = syscall(NR_LANDLOCK_CREATE_RULESET, NULL, 0, LANDLOCK_VERSION);
	uint64_t handled;
	int ruleset auto_fd = -1;

	if (abi < 0 && (errno == ENOSYS || errno == EOPNOTSUPP))
		return 1;
	if (abi < 0)
		return err_sys(e, "cannot ask for Landlock");
	handled = known_to(abi);
	ruleset = (int)syscall(NR_LANDLOCK_CREATE_RULESET, &handled, sizeof(handled), 0);
	if (ruleset < 0)
		return err_sys(e, "cannot make a Landlock ruleset");
	for (size_t i = 0; i < count; i++)
		if (add_rule(ruleset, &rules[i], handled, e) < 0)
			return -1;
	if (syscall(NR_LANDLOCK_RESTRICT_SELF, ruleset, 0) < 0)
		return err_sys(e, "cannot restrict this process by Landlock");
	return 0;
}

int sandbox_seccomp(const struct sock_filter *program, size_t count, struct err *e)
{
	struct sock_fprog prog = {
		.len = (unsigned short)count,
		.filter = (struct sock_filter *)(uintptr_t)program,
	};

	if (count == 0 || count > BPF_MAXINSNS)
		return err_set(e, ERR_LIMIT,
			"cannot load a seccomp filter of %zu instructions", count);
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) < 0)
		return err_sys(e, "cannot load the seccomp filter");
	return 0;
}
