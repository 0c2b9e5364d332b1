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
static bool take_line(struct bytes line, struct passwd_entry *out)
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
	return take_text(field[0], out->name) && take_id(field[2], &out->uid) &&
	       take_id(field[3], &out->gid) && take_text(field[5], out->home) &&
	       take_text(field[6], out->shell);
}

/* The text's first line, without its end; false when there is none. */
static bool next_line(struct bytes *text, struct bytes *line)
{
	const unsigned char *end = text->len ? memchr(text->data, '\n', text->len) : NULL;
	size_t len = end ? (size_t)(end - text->data) : text->len;

	if (text->len == 0)
		return false;
	*line = bytes_of(text->data, len);
	len += end ? 1 : 0;
	*text = bytes_of(text->data + len, text->len - len);
	return true;
}

bool passwd_find(struct bytes text, const char *who, struct passwd_entry *out)
{
	bool is_id, found = false;
	struct passwd_entry entry;
	struct bytes line;
	unsigned int id = 0;

	is_id = take_id(bytes_of_str(who), &id);
	while (next_line(&text, &line)) {
		if (!take_line(line, &entry))
			continue;
		if (strcmp(entry.name, who) == 0) {
			*out = entry;
			return true;
		}
		if (is_id && entry.uid == id && !found) {
			*out = entry;
			found = true;
		}
	}
	return found;
}

/* name:password:gid:member,member */
static bool take_group(struct bytes line, const char *name, unsigned int *gid)
{
	const unsigned char *end = line.data + line.len, *at = line.data, *stop;
	struct bytes id = bytes_of("", 0);

	for (int i = 0; i < 3; i++) {
		stop = at < end ? memchr(at, ':', (size_t)(end - at)) : NULL;
		if (!stop)
			return false;
		id = bytes_of(at, (size_t)(stop - at));
		at = stop + 1;
	}
	for (; at <= end; at = stop + 1) {
		stop = at < end ? memchr(at, ',', (size_t)(end - at)) : NULL;
		stop = stop ? stop : end;
		if (bytes_equal_str(bytes_of(at, (size_t)(stop - at)), name))
			return take_id(id, gid);
	}
	return false;
}

size_t passwd_groups(
	struct bytes text, const char *name, unsigned int gid[PASSWD_GROUPS_MAX])
{
	struct bytes line;
	size_t count = 0;

	while (count < PASSWD_GROUPS_MAX && next_line(&text, &line))
		count += take_group(line, name, &gid[count]);
	return count;
}

static bool read_file(const char *path, struct buf *text)
{
	struct open_how how = {
		.flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS,
	};
	auto_fd int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	struct stat st;
	struct err ignored;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       fs_read_fd(fd, path, text, &ignored) == 0;
}

bool passwd_look_up(const char *who, struct passwd_entry *out)
{
	auto_buf struct buf text = BUF_INIT(PASSWD_MAX);

	return read_file("/etc/passwd", &text) && passwd_find(buf_bytes(&text), who, out);
}

/* One that no line names is who has that number, and has no home. */
int passwd_become(const char *who, struct passwd_user *user, struct passwd_entry *entry,
	struct err *e)
{
	auto_buf struct buf text = BUF_INIT(PASSWD_MAX);

	*user = (struct passwd_user){ 0 };
	if (!passwd_look_up(who, entry)) {
		*entry = (struct passwd_entry){ .home = "/" };
		if (!take_id(bytes_of_str(who), &entry->uid))
			return err_set(e, ERR_USAGE,
				"option '--user': the container has no user '%s'", who);
	}
	user->uid = entry->uid;
	user->gid = entry->gid;
	if (*entry->name && read_file("/etc/group", &text))
		user->groups = passwd_groups(buf_bytes(&text), entry->name, user->group);
	return 0;
}
