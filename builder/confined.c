#include "builder/confined.h"

#include "builder/helper.h"

#include "lib/base/fs.h"
#include "lib/base/sandbox.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define CAP_LAST 63

static const int kept_caps[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID,
	CAP_SETFCAP };

static int keep_caps(struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { 0 } };

	for (int cap = 0; cap <= CAP_LAST; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0 && errno != EINVAL)
			return err_sys(e, "cannot drop capability %d", cap);
	for (size_t i = 0; i < ARRAY_COUNT(kept_caps); i++) {
		data[0].permitted |= 1U << kept_caps[i];
		data[0].effective |= 1U << kept_caps[i];
	}
	data[0].inheritable = 0;
	if (syscall(SYS_capset, &head, data) < 0)
		return err_sys(e, "cannot give up capabilities");
	return 0;
}

static int enter_tree(int tree_dir, struct err *e)
{
	if (fchdir(tree_dir) < 0 || chroot(".") < 0)
		return err_sys(e, "cannot enter the tree");
	umask(0);
	return keep_caps(e);
}

static int confine(const struct confined *c, struct err *e)
{
	if (unshare(CLONE_NEWNET) < 0)
		return err_sys(e, "cannot do without the network");
	if (sandbox_no_new_privs(e) < 0 || sandbox_no_core(e) < 0)
		return -1;
	if (c->tree_dir >= 0 ? enter_tree(c->tree_dir, e) < 0
			     : sandbox_set_ids(HELPER_USER, HELPER_USER, e) < 0)
		return -1;
	/* A change of ids forgets it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return err_sys(e, "cannot tie a child to its parent");
	return 0;
}

/* First the error, code 0 for success, then the struct. */
__attribute__((noreturn)) static void child(const struct confined *c, int report_fd)
{
	struct err e = { 0 }, ignored;
	bool done = confine(c, &e) == 0 && c->run(c->ctx, c->out, &e) == 0;

	if (done)
		e = (struct err){ 0 };
	_exit(fs_write_all(report_fd, &e, sizeof(e), &ignored) < 0 ||
		fs_write_all(report_fd, c->out, c->out_size, &ignored) < 0);
}

static bool take(int fd, void *out, size_t size)
{
	size_t got = 0;
	ssize_t n;

	while (got < size && (n = read(fd, (char *)out + got, size - got)) != 0) {
		if (n < 0 && errno != EINTR)
			return false;
		got += n > 0 ? (size_t)n : 0;
	}
	return got == size;
}

int confined_run(const struct confined *c, struct err *e)
{
	struct err report = { 0 };
	int fds[2], rc = 0;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "cannot make a pipe");
	pid = fork();
	if (pid == 0)
		child(c, fds[1]);
	close(fds[1]);
	if (pid < 0)
		rc = err_sys(e, "cannot fork");
	else if (!take(fds[0], &report, sizeof(report)) ||
		 !take(fds[0], c->out, c->out_size))
		rc = err_set(e, ERR_FAILED, "the confined process died");
	close(fds[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	if (rc < 0 || report.code == 0)
		return rc;
	report.text[sizeof(report.text) - 1] = '\0';
	return err_set(e,
		report.code < ERR_FAILED || report.code > ERR_INTERRUPTED ? ERR_FAILED
									  : report.code,
		"%s", report.text);
}
