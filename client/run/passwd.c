#include "client/run/passwd.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>

#define PASSWD_MAX (1U << 20)
#define FIELDS     7
#define ID_MAX     65535U

static bool take_text(struct bytes field, char out[PASSWD_FIELD_MAX])
{
	if (field.len >= PASSWD_FIELD_MAX || memchr(field.data, '\0', field.len))
		return false;
	memcpy(out, field.data, field.len);
	out[field.len] = '\0';
	return true;
}

static bool take_id(struct bytes field, unsigned int *out)
{
	unsigned int value = 0;

	for (size_t i = 0; i < field.len; i++) {
		if (field.data[i] < '0' || field.data[i] > '9')
			return false;
		value = value * 10 + (field.data[i] - '0');
		if (value > ID_MAX)
			return false;
	}
	*out = value;
	return field.len > 0;
}

/* name:password:uid:gid:comment:home:shell */
static bool take_line(struct bytes line, const char *name, struct passwd_entry *out)
{
	struct bytes field[FIELDS];

	for (size_t i = 0; i < FIELDS; i++) {
		const unsigned char *end =
			line.len ? memchr(line.data, ':', line.len) : NULL;
		size_t len = end ? (size_t)(end - line.data) : line.len;

		if (!end && i + 1 < FIELDS)
			return false;
		field[i] = bytes_of(line.data, len);
		line = end ? bytes_of(end + 1, line.len - len - 1) : bytes_of("", 0);
	}
	return bytes_equal_str(field[0], name) && take_text(field[0], out->name) &&
	       take_id(field[2], &out->uid) && take_id(field[3], &out->gid) &&
	       take_text(field[5], out->home) && take_text(field[6], out->shell);
}

bool passwd_find(struct bytes text, const char *name, struct passwd_entry *out)
{
	while (text.len > 0) {
		const unsigned char *end = memchr(text.data, '\n', text.len);
		size_t len = end ? (size_t)(end - text.data) : text.len;
		struct passwd_entry entry;

		if (take_line(bytes_of(text.data, len), name, &entry)) {
			*out = entry;
			return true;
		}
		len += end ? 1 : 0;
		text = bytes_of(text.data + len, text.len - len);
	}
	return false;
}

bool passwd_look_up(const char *name, struct passwd_entry *out)
{
	auto_buf struct buf text = BUF_INIT(PASSWD_MAX);
	struct open_how how = {
		.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	auto_fd int fd =
		(int)syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof(how));
	struct stat st;
	struct err ignored;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       fs_read_fd(fd, "/etc/passwd", &text, &ignored) == 0 &&
	       passwd_find(buf_bytes(&text), name, out);
}
