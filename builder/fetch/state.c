#include "builder/fetch/state.h"

#include "lib/base/fs.h"

#define LINE_MAX (ETAG_MAX + 32)

static void read_line(int fd, struct state *t, int64_t size)
{
	char line[LINE_MAX] = "", word[16] = "", etag[ETAG_MAX] = "";
	ssize_t n = pread(fd, line, sizeof(line) - 1, 0);

	if (n <= 0)
		return;
	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%15s", word) != 1)
		return;
	snprintf(etag, sizeof(etag), "%s",
		line + strlen(word) + (line[strlen(word)] == ' '));
	if (etag[0] != '"')
		return;
	if (strcmp(word, "partial") == 0 && size > 0) {
		t->have = size;
		memcpy(t->etag, etag, sizeof(etag));
	}
	if (strcmp(word, "whole") == 0 && size == 0)
		memcpy(t->known, etag, sizeof(etag));
}

int state_read(int fd, struct state *t, struct err *e)
{
	off_t size = lseek(STDOUT_FILENO, 0, SEEK_END);

	if (size < 0)
		return err_sys(e, "cannot see how much there is");
	if (fd >= 0)
		read_line(fd, t, (int64_t)size);
	if (t->have == 0 && (ftruncate(STDOUT_FILENO, 0) < 0 ||
				    lseek(STDOUT_FILENO, 0, SEEK_SET) < 0))
		return err_sys(e, "cannot start anew");
	return 0;
}

int state_write(int fd, const char *word, const char *etag, struct err *e)
{
	char line[LINE_MAX];
	int len = snprintf(line, sizeof(line), "%s%s%s%s", word, *etag ? " " : "", etag,
		*word ? "\n" : "");

	if (fd < 0)
		return 0;
	if (ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot note how far it is");
	return fs_write_all(fd, line, (size_t)len, e);
}
