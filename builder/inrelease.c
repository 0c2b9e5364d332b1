#include "builder/inrelease.h"

#include "builder/stanza.h"

#include "lib/base/fs.h"
#include "lib/base/sandbox.h"
#include "lib/base/spawn.h"

#include <sys/mman.h>
#include <time.h>

#define GPGV       "/usr/bin/gpgv"
#define NOBODY     65534
#define STATUS_MAX (64U << 10)
#define FPR_LEN    40

static int become_nobody(void *ctx)
{
	struct err e;

	(void)ctx;
	return sandbox_set_ids(NOBODY, NOBODY, &e) < 0 ? (e.sys ? e.sys : EPERM) : 0;
}

static bool begins(const char *line, const char *word)
{
	static const char mark[] = "[GNUPG:] ";

	return strncmp(line, mark, sizeof(mark) - 1) == 0 &&
	       strncmp(line + sizeof(mark) - 1, word, strlen(word)) == 0;
}

/* The last word of a VALIDSIG line is the primary key's fingerprint. */
static bool take_primary(const char *line, size_t len, char out[FPR_MAX])
{
	const char *end = line + len, *last = end;

	while (last > line && last[-1] != ' ')
		last--;
	if (end - last < FPR_LEN || end - last >= FPR_MAX)
		return false;
	snprintf(out, FPR_MAX, "%.*s", (int)(end - last), last);
	return true;
}

/* GOODSIG alone means a key neither expired nor revoked; VALIDSIG comes for those too. */
bool inrelease_signer(const char *status, char fpr[FPR_MAX])
{
	bool good = false, found = false;

	for (const char *line = status; *line;) {
		size_t len = strcspn(line, "\n");

		if (begins(line, "BADSIG "))
			return false;
		if (begins(line, "NEWSIG"))
			good = false;
		else if (begins(line, "GOODSIG "))
			good = true;
		else if (begins(line, "VALIDSIG ") && good && !found)
			found = take_primary(line, len, fpr);
		line += len + (line[len] == '\n');
	}
	return found;
}

static int run_gpgv(
	int fd, int keys_fd, int status_fd, int log_fd, struct buf *text, struct err *e)
{
	char keyring[64], status[16];
	const char *const argv[] = { GPGV, "--status-fd", status, "--output", "-",
		"--keyring", keyring, "-", NULL };
	const int keep[] = { keys_fd, status_fd };
	struct spawn s = SPAWN_INIT;
	int code;

	snprintf(keyring, sizeof(keyring), "/proc/self/fd/%d", keys_fd);
	snprintf(status, sizeof(status), "%d", status_fd);
	s.argv = argv;
	s.stdin_fd = fd;
	s.stderr_fd = log_fd;
	s.keep_fds = keep;
	s.keep_count = ARRAY_COUNT(keep);
	s.in_child = become_nobody;
	return spawn_capture(&s, text, &code, e);
}

int inrelease_verify(int fd, const char *name, int keys_fd, int log_fd, struct buf *text,
	char fpr[FPR_MAX], struct err *e)
{
	auto_buf struct buf status = BUF_INIT(STATUS_MAX);
	auto_fd int status_fd = memfd_create("status", MFD_CLOEXEC);

	if (status_fd < 0)
		return err_sys(e, "cannot make a memory file");
	if (run_gpgv(fd, keys_fd, status_fd, log_fd, text, e) < 0)
		return err_wrap(e, "cannot verify '%s'", name);
	if (lseek(status_fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot rewind a memory file");
	if (fs_read_fd(status_fd, "gpgv's status", &status, e) < 0)
		return -1;
	if (!inrelease_signer(buf_str(&status), fpr))
		return err_set(e, ERR_UNTRUSTED,
			"'%s' carries no good signature by a key of the recipe", name);
	return 0;
}

bool inrelease_lists(struct bytes text, const char *path, struct digest *out)
{
	struct bytes lines = stanza_get_lines(text, "SHA256");
	auto_free char *copy = xasprintf(
		"%.*s", (int)lines.len, lines.data ? (const char *)lines.data : "");
	char hex[65], name[512];
	char *rest = copy;
	unsigned long long size;
	struct err ignored;

	for (char *line; (line = strsep(&rest, "\n"));)
		if (sscanf(line, " %64s %llu %511s", hex, &size, name) == 3 &&
			strcmp(name, path) == 0)
			return digest_parse(hex, out, &ignored) == 0;
	return false;
}

int inrelease_is_fresh(struct bytes text, const char *name, int64_t now_s,
	int64_t grace_s, struct err *e)
{
	struct bytes until = stanza_get(text, "Valid-Until");
	auto_free char *copy = xasprintf(
		"%.*s", (int)until.len, until.data ? (const char *)until.data : "");
	struct tm tm = { 0 };

	if (until.len == 0)
		return 0;
	if (!strptime(copy, "%a, %d %b %Y %H:%M:%S", &tm))
		return err_set(e, ERR_UPSTREAM,
			"'%s' is valid until '%s', which is no date", name, copy);
	if ((int64_t)timegm(&tm) + grace_s >= now_s)
		return 0;
	return err_set(e, ERR_UPSTREAM,
		"'%s' expired on %s; set accept_expired_release_days to go on", name,
		copy);
}
