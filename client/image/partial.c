#include "client/image/partial.h"

#include "client/image/httphead.h"
#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/file.h>

#define BASE_MAX 2048

int partial_open(int dir_fd, const char *name, struct partial *out, struct err *e)
{
	auto_fd int fd = openat(dir_fd, name,
		O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0)
		return err_sys(e, "cannot open the partial download '%s'", name);
	if (flock(fd, LOCK_EX) < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "cannot lock the partial download '%s'", name);
	if (!S_ISREG(st.st_mode))
		return err_set(
			e, ERR_DAMAGED, "the partial download '%s' is no file", name);
	out->dir_fd = dir_fd;
	out->fd = STEAL_FD(fd);
	out->etag_name = xasprintf("%s.etag", name);
	return 0;
}

void partial_release(struct partial *p)
{
	auto_fd_cleanup(&p->fd);
	free(p->etag_name);
	p->fd = -1;
	p->etag_name = NULL;
}

int partial_restart(const struct partial *p, uint64_t bytes, struct err *e)
{
	if (ftruncate(p->fd, (off_t)bytes) < 0)
		return err_sys(e, "cannot shorten a partial download");
	return 0;
}

int partial_keep_etag(
	const struct partial *p, const char *etag, const char *base, struct err *e)
{
	auto_free char *text = xasprintf("%s\n%s\n", etag, base);
	auto_fd int fd = -1;

	if (!*etag) {
		unlinkat(p->dir_fd, p->etag_name, 0);
		return 0;
	}
	fd = openat(p->dir_fd, p->etag_name,
		O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "cannot open '%s'", p->etag_name);
	return fs_write_all(fd, text, strlen(text), e);
}

bool partial_etag(const struct partial *p, const char *base, char *out, size_t out_size)
{
	auto_fd int fd =
		openat(p->dir_fd, p->etag_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	auto_free char *sender = xasprintf("%s\n", base);
	char text[HTTPHEAD_ETAG_MAX + BASE_MAX], line[HTTPHEAD_ETAG_MAX + 8];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	struct httphead head = { 0 };
	char *end;

	out[0] = '\0';
	text[n > 0 ? n : 0] = '\0';
	end = strchr(text, '\n');
	if (!end)
		return false;
	*end++ = '\0';
	/* The file may hold anything: it counts if a server could have sent it. */
	snprintf(line, sizeof(line), "etag: %.*s", HTTPHEAD_ETAG_MAX, text);
	httphead_line(&head, bytes_of_str(line));
	snprintf(out, out_size, "%s", strcmp(head.etag, text) == 0 ? text : "");
	return strcmp(end, sender) == 0;
}

void partial_forget(int dir_fd, const char *name)
{
	auto_free char *etag_name = xasprintf("%s.etag", name);

	unlinkat(dir_fd, name, 0);
	unlinkat(dir_fd, etag_name, 0);
}
