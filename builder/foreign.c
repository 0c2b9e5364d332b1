#include "builder/foreign.h"

#include "lib/base/fs.h"
#include "lib/model/image.h"

#include <fcntl.h>

#define HANDLERS    "/proc/sys/fs/binfmt_misc"
#define HANDLER_MAX 4096

/* Where qemu's name of a machine is not the kernel's. */
static const char *qemu_name(const char *arch)
{
	static const char *const names[][2] = { { "armhf", "arm" }, { "armel", "arm" },
		{ "i386", "i386" }, { "ppc64el", "ppc64le" } };

	for (size_t i = 0; i < ARRAY_COUNT(names); i++)
		if (strcmp(names[i][0], arch) == 0)
			return names[i][1];
	return arch_to_kernel(arch);
}

bool foreign_handler_works(const char *text)
{
	const char *flags = strstr(text, "\nflags:");

	return strncmp(text, "enabled\n", 8) == 0 && flags &&
	       memchr(flags + 7, 'F', strcspn(flags + 7, "\n"));
}

static bool has_handler(const char *arch)
{
	const char *name = qemu_name(arch);
	auto_free char *path = xasprintf(HANDLERS "/qemu-%s", name ? name : arch);
	auto_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[HANDLER_MAX];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	return foreign_handler_works(text);
}

bool foreign_runs_here(const char *arch)
{
	const char *own = arch_of_this_machine();

	return strcmp(arch, own) == 0 ||
	       (strcmp(arch, "i386") == 0 && strcmp(own, "amd64") == 0) ||
	       has_handler(arch);
}

int foreign_check(const char *arch, struct err *e)
{
	if (foreign_runs_here(arch))
		return 0;
	return err_set(e, ERR_FAILED,
		"this machine (%s) cannot run %s programs: build there, or install "
		"qemu-user-static and binfmt-support",
		arch_of_this_machine(), arch);
}
