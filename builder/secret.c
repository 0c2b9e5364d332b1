#include "builder/secret.h"

#include "lib/base/buf.h"
#include "lib/base/fs.h"

#include <ctype.h>
#include <fcntl.h>

#define SECRET_MAX   (64U << 10)
#define SECRET_LEAST 8
#define NAME_LONGEST 64
#define LOG_MAX      (64U << 20)

/* ---- from the command line */

static bool name_is_valid(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '_' && name[i] != '-')
			return false;
	return len > 0 && len <= NAME_LONGEST;
}

static int read_secret(int fd, struct secret *s, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(SECRET_MAX);
	ssize_t n = 1;

	while (n > 0 && !text.over) {
		unsigned char part[4096];

		n = read(fd, part, sizeof(part));
		if (n > 0)
			buf_add(&text, part, (size_t)n);
		explicit_bzero(part, sizeof(part));
	}
	if (n < 0)
		return err_sys(e, "cannot read descriptor %d", fd);
	if (buf_check(&text, "a secret", e) < 0)
		return -1;
	s->len = text.len;
	if (s->len && text.data[s->len - 1] == '\n')
		s->len--;
	if (s->len < SECRET_LEAST)
		return err_set(e, ERR_USAGE,
			"a secret of less than %d bytes cannot be proven absent",
			SECRET_LEAST);
	s->data = xmalloc(s->len);
	memcpy(s->data, text.data, s->len);
	explicit_bzero(text.data, text.len);
	return 0;
}

static int take_one(struct secrets *s, const char *option, struct err *e)
{
	const char *equals = strchr(option, '=');
	size_t len = equals ? (size_t)(equals - option) : 0;
	struct secret *item = &s->item[s->count];
	char *end;
	long fd = equals ? strtol(equals + 1, &end, 10) : -1;

	if (!equals || !name_is_valid(option, len) ||
		!isdigit((unsigned char)equals[1]) || *end || fd > INT32_MAX)
		return err_set(e, ERR_USAGE,
			"option '--secret': '%s' is not NAME=FD (the number of an open "
			"descriptor)",
			option);
	item->name = option;
	item->name_len = len;
	if (read_secret((int)fd, item, e) < 0)
		return err_wrap(e, "secret '%.*s'", (int)len, option);
	s->count++;
	return 0;
}

int secrets_take(
	struct secrets *s, const char *const *options, size_t count, struct err *e)
{
	if (count > SECRETS_MAX)
		return err_set(e, ERR_USAGE, "more than %d secrets", SECRETS_MAX);
	for (size_t i = 0; i < count; i++)
		if (take_one(s, options[i], e) < 0)
			return -1;
	return 0;
}

void secrets_release(struct secrets *s)
{
	for (size_t i = 0; i < s->count; i++) {
		explicit_bzero(s->item[i].data, s->item[i].len);
		free(s->item[i].data);
	}
	*s = (struct secrets){ .count = 0 };
}

/* ---- for an action */

int secrets_write(const struct secrets *s, int dir)
{
	auto_fd int below = -1;

	if (s->count == 0)
		return 0;
	if (mkdirat(dir, "secrets", 0700) < 0)
		return errno;
	below = openat(dir, "secrets", O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (below < 0)
		return errno;
	for (size_t i = 0; i < s->count; i++) {
		char name[NAME_LONGEST + 1];
		auto_fd int fd = -1;

		snprintf(name, sizeof(name), "%.*s", (int)s->item[i].name_len,
			s->item[i].name);
		fd = openat(below, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
		if (fd < 0 || write(fd, s->item[i].data, s->item[i].len) !=
				      (ssize_t)s->item[i].len)
			return errno ? errno : EIO;
	}
	return 0;
}

/* ---- afterwards */

int secrets_redact(const struct secrets *s, int fd, size_t *hits, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(LOG_MAX);
	size_t count = 0;

	*hits = 0;
	if (s->count == 0)
		return 0;
	if (lseek(fd, 0, SEEK_SET) < 0 || fs_read_fd(fd, "build.log", &text, e) < 0)
		return err_wrap(e, "cannot look for secrets in the log");
	for (size_t i = 0; i < s->count; i++) {
		unsigned char *at = text.data, *end = text.data + text.len;

		while (at && (at = memmem(at, (size_t)(end - at), s->item[i].data,
				      s->item[i].len))) {
			memset(at, '*', s->item[i].len);
			at += s->item[i].len;
			count++;
		}
	}
	*hits = count;
	if (count == 0)
		return 0;
	/* The log is open for appending: what is written goes behind what is cut off. */
	if (ftruncate(fd, 0) < 0)
		return err_sys(e, "cannot rewrite the log");
	return fs_write_all(fd, buf_str(&text), text.len, e);
}
