#include "client/run/tty.h"

#include "client/run/mount.h"
#include "client/run/report.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static int show_as_console(int master, struct err *e)
{
	auto_fd int place = -1, copy = -1;
	char path[32];
	unsigned int number;

	if (ioctl(master, TIOCGPTN, &number) < 0)
		return err_sys(e, "cannot name the terminal");
	snprintf(path, sizeof(path), "/dev/pts/%u", number);
	place = open("/dev/console", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		0600);
	if (place < 0)
		return err_sys(e, "cannot make '/dev/console'");
	copy = mount_clone(AT_FDCWD, path, false, e);
	return copy < 0 ? -1 : mount_attach(copy, AT_FDCWD, "/dev/console", e);
}

/* What lies under this name may be the container's choice: anything else than a terminal
 * maker must neither block us nor be spoken to. */
static int open_ptmx(struct err *e)
{
	auto_fd int fd = open(
		"/dev/pts/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	struct statfs st;

	if (fd < 0 || fstatfs(fd, &st) < 0)
		return err_sys(e, "cannot open '/dev/pts/ptmx'");
	if (st.f_type != DEVPTS_SUPER_MAGIC)
		return err_set(e, ERR_DAMAGED, "'/dev/pts' is no devpts");
	return STEAL_FD(fd);
}

int tty_make(int sock_fd, bool console, const struct winsize *window, struct err *e)
{
	auto_fd int master = open_ptmx(e), slave = -1;
	int unlocked = 0;

	if (master < 0)
		return -1;
	if (ioctl(master, TIOCSPTLCK, &unlocked) < 0 ||
		ioctl(master, TIOCSWINSZ, window) < 0)
		return err_sys(e, "cannot make a terminal");
	slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (slave < 0)
		return err_sys(e, "cannot open the terminal");
	if ((console && show_as_console(master, e) < 0) ||
		report_descriptor(sock_fd, master, e) < 0)
		return -1;
	return STEAL_FD(slave);
}

int tty_raw(int fd, struct tty_saved *saved, struct err *e)
{
	struct termios raw;

	if (tcgetattr(fd, &saved->before) < 0)
		return err_sys(e, "cannot read the terminal's settings");
	raw = saved->before;
	cfmakeraw(&raw);
	if (tcsetattr(fd, TCSADRAIN, &raw) < 0)
		return err_sys(e, "cannot set the terminal");
	saved->fd = fd;
	saved->changed = true;
	return 0;
}

void tty_restore(struct tty_saved *saved)
{
	if (saved->changed)
		tcsetattr(saved->fd, TCSADRAIN, &saved->before);
	saved->changed = false;
}

void tty_copy_size(int from, int to)
{
	struct winsize size;

	if (ioctl(from, TIOCGWINSZ, &size) == 0)
		ioctl(to, TIOCSWINSZ, &size);
}
