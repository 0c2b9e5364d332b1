#include "lib/base/nss.h"

#include "lib/base/fs.h"
#include "lib/base/spawn.h"

#include <fcntl.h>

#define SWITCH_MAX (1U << 20)
#define ANSWER_MAX (64U << 10)

static bool ask(const char *const *argv, struct buf *out)
{
	struct spawn s = SPAWN_INIT;
	struct err ignored;
	int status;

	s.argv = argv;
	return spawn_capture(&s, out, &status, &ignored) == 0 && status == 0;
}

bool nss_login_name(uid_t uid, char *out, size_t out_size)
{
	auto_buf struct buf text = BUF_INIT(ANSWER_MAX);
	char number[16];
	const char *const argv[] = { "/usr/bin/getent", "passwd", number, NULL };
	size_t len;

	snprintf(number, sizeof(number), "%u", (unsigned int)uid);
	if (!ask(argv, &text))
		return false;
	len = strcspn(buf_str(&text), ":\n");
	if (len == 0 || len >= out_size || buf_str(&text)[len] != ':')
		return false;
	snprintf(out, out_size, "%.*s", (int)len, buf_str(&text));
	return true;
}

bool nss_parse_switch(struct bytes text)
{
	static const char key[] = "subid:";
	const char *at = (const char *)text.data, *end = at + text.len;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = stop ? (size_t)(stop - at) : (size_t)(end - at);
		char line[256];
		const char *word = line + strlen(key);

		snprintf(line, sizeof(line), "%.*s", (int)(len < 255 ? len : 255), at);
		at += len + 1;
		if (strncmp(line, key, strlen(key)) != 0)
			continue;
		word += strspn(word, " \t");
		len = strcspn(word, " \t#");
		return len > 0 && !(len == 5 && strncmp(word, "files", 5) == 0);
	}
	return false;
}

bool nss_has_subids(void)
{
	auto_buf struct buf text = BUF_INIT(SWITCH_MAX);
	auto_fd int fd = open("/etc/nsswitch.conf", O_RDONLY | O_CLOEXEC);
	struct err ignored;

	return fd >= 0 && fs_read_fd(fd, "nsswitch.conf", &text, &ignored) == 0 &&
	       nss_parse_switch(buf_bytes(&text));
}

bool nss_parse_ranges(
	const char *text, const char *name, unsigned int count, unsigned int *start)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		unsigned long long first, many;
		char owner[64], line[160];

		snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
		if (sscanf(line, "%*u: %63s %llu %llu", owner, &first, &many) != 3 ||
			strcmp(owner, name) != 0)
			continue;
		/* Id 0 is the machine's root and 2^32-1 means "no id". */
		if (first == 0 || many < count || first > UINT32_MAX - count)
			continue;
		*start = (unsigned int)first;
		return true;
	}
	return false;
}

bool nss_subids(const char *name, bool groups, unsigned int count, unsigned int *start)
{
	auto_buf struct buf text = BUF_INIT(ANSWER_MAX);
	const char *const argv[] = { "/usr/bin/getsubids", groups ? "-g" : name,
		groups ? name : NULL, NULL };

	return ask(argv, &text) && nss_parse_ranges(buf_str(&text), name, count, start);
}
