#include "builder/gpgv.h"

#include "builder/helper.h"

#include "lib/base/fs.h"
#include "lib/base/spawn.h"

#include <sys/mman.h>

#define GPGV       "/usr/bin/gpgv"
#define STATUS_MAX (64U << 10)
#define OUTPUT_MAX 4096
#define FPR_LEN    40
#define KEY_ID_MAX 64

/* ---- status lines */

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

/* Why the only signatures there are do not count, the first of them. */
static const struct {
	const char *word, *why;
} faults[] = {
	{ "BADSIG ", "has a bad signature: it was changed, or the signature was" },
	{ "EXPKEYSIG ", "is signed by a key that has expired" },
	{ "REVKEYSIG ", "is signed by a key that was revoked" },
	{ "EXPSIG ", "has a signature that has expired" },
	{ "ERRSIG ", "is signed by a key that is none of the recipe's" },
	{ "NODATA ", "carries no signature" },
};

/* GOODSIG alone means a key neither expired nor revoked; VALIDSIG comes for those too. */
static bool find_good(const char *status, char fpr[FPR_MAX])
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

static int explain(const char *status, const char *name, struct err *e)
{
	for (size_t i = 0; i < ARRAY_COUNT(faults); i++)
		for (const char *line = status; *line;) {
			size_t len = strcspn(line, "\n");
			char key[KEY_ID_MAX] = "";

			if (begins(line, faults[i].word)) {
				/* The key stands behind mark and word. */
				if (sscanf(line, "%*s %*s %63s", key) != 1 ||
					strlen(key) < 16)
					key[0] = '\0';
				return err_set(e, ERR_UNTRUSTED, "'%s' %s%s%s%s", name,
					faults[i].why, *key ? " (" : "", key,
					*key ? ")" : "");
			}
			line += len + (line[len] == '\n');
		}
	return err_set(e, ERR_UNTRUSTED,
		"'%s' carries no good signature by a key of the recipe", name);
}

int gpgv_judge(const char *status, const char *name, char fpr[FPR_MAX], struct err *e)
{
	return find_good(status, fpr) ? 0 : explain(status, name, e);
}

/* ---- the program */

/* `operands` follow the keyring; the data is gpgv's stdin. */
static int run(const struct gpgv *g, int data_fd, const char *const operands[4],
	int signature_fd, int status_fd, struct buf *text, struct err *e)
{
	char keyring[64], status[16];
	const char *argv[10] = { GPGV, "--status-fd", status, "--keyring", keyring };
	const int keep[] = { g->keys_fd, status_fd, signature_fd };
	struct spawn s = SPAWN_INIT;
	size_t argc = 5;
	int code;

	snprintf(keyring, sizeof(keyring), "/proc/self/fd/%d", g->keys_fd);
	snprintf(status, sizeof(status), "%d", status_fd);
	for (size_t i = 0; i < 4 && operands[i]; i++)
		argv[argc++] = operands[i];
	s.argv = argv;
	s.stdin_fd = data_fd;
	s.stderr_fd = g->log_fd;
	s.keep_fds = keep;
	s.keep_count = signature_fd >= 0 ? 3 : 2;
	s.in_child = helper_become_user;
	if (lseek(data_fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot rewind what is to be verified");
	return spawn_capture(&s, text, &code, e);
}

static int verify(const struct gpgv *g, int data_fd, const char *name,
	const char *const operands[4], int signature_fd, struct buf *text,
	char fpr[FPR_MAX], struct err *e)
{
	auto_buf struct buf status = BUF_INIT(STATUS_MAX);
	auto_fd int status_fd = memfd_create("status", MFD_CLOEXEC);

	if (status_fd < 0)
		return err_sys(e, "cannot make a memory file");
	if (run(g, data_fd, operands, signature_fd, status_fd, text, e) < 0)
		return err_wrap(e, "cannot verify '%s'", name);
	if (lseek(status_fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot rewind a memory file");
	if (fs_read_fd(status_fd, "gpgv's status", &status, e) < 0)
		return -1;
	return gpgv_judge(buf_str(&status), name, fpr, e);
}

int gpgv_message(const struct gpgv *g, int fd, const char *name, struct buf *text,
	char fpr[FPR_MAX], struct err *e)
{
	static const char *const operands[4] = { "--output", "-", "-" };

	return verify(g, fd, name, operands, -1, text, fpr, e);
}

int gpgv_detached(const struct gpgv *g, int data_fd, const char *name, int signature_fd,
	char fpr[FPR_MAX], struct err *e)
{
	auto_buf struct buf nothing = BUF_INIT(OUTPUT_MAX);
	char signature[64];
	const char *const operands[4] = { signature, "-" };

	snprintf(signature, sizeof(signature), "/proc/self/fd/%d", signature_fd);
	return verify(g, data_fd, name, operands, signature_fd, &nothing, fpr, e);
}
