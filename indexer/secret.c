#include "indexer/secret.h"

#include <fcntl.h>
#include <string.h>
#include <termios.h>

void secret_release(struct secret *s)
{
	explicit_bzero(s->text, sizeof(s->text));
}

static int read_line(int fd, struct secret *out, struct err *e)
{
	size_t len = 0;
	ssize_t n;
	char c;

	while ((n = read(fd, &c, 1)) == 1 && c != '\n') {
		if (len + 1 >= sizeof(out->text) || (unsigned char)c < 0x20 || c == 0x7f)
			return err_set(e, ERR_USAGE,
				"a passphrase is one line of at most 255 bytes without "
				"control "
				"characters");
		out->text[len++] = c;
	}
	if (n < 0)
		return err_sys(e, "cannot read the passphrase");
	out->text[len] = '\0';
	return 0;
}

int secret_read_fd(int fd, struct secret *out, struct err *e)
{
	if (read_line(fd, out, e) < 0)
		return -1;
	if (!out->text[0])
		return err_set(
			e, ERR_USAGE, "the passphrase on descriptor %d is empty", fd);
	return 0;
}

static int ask_once(int tty, const char *prompt, struct secret *out, struct err *e)
{
	struct termios was, quiet;
	ssize_t ignored;
	int rc;

	if (tcgetattr(tty, &was) < 0)
		return err_sys(e, "cannot ask for the passphrase");
	quiet = was;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	ignored = write(tty, prompt, strlen(prompt));
	tcsetattr(tty, TCSAFLUSH, &quiet);
	rc = read_line(tty, out, e);
	tcsetattr(tty, TCSAFLUSH, &was);
	ignored = write(tty, "\n", 1);
	(void)ignored;
	return rc;
}

static int open_tty(void)
{
	return isatty(STDIN_FILENO) ? open("/dev/tty", O_RDWR | O_CLOEXEC) : -1;
}

static int ask_first(int tty, const char *what, struct secret *out, struct err *e)
{
	char prompt[128];

	snprintf(prompt, sizeof(prompt), "Passphrase for %s (empty for none): ", what);
	return ask_once(tty, prompt, out, e);
}

int secret_ask(const char *what, struct secret *out, struct err *e)
{
	auto_secret struct secret again = { "" };
	auto_fd int tty = open_tty();

	if (tty < 0)
		return 0;
	if (ask_first(tty, what, out, e) < 0)
		return -1;
	if (!out->text[0])
		return 1;
	if (ask_once(tty, "Once more: ", &again, e) < 0)
		return -1;
	if (strcmp(out->text, again.text) != 0)
		return err_set(e, ERR_USAGE, "the two passphrases differ");
	return 1;
}

int secret_ask_known(const char *what, struct secret *out, struct err *e)
{
	auto_fd int tty = open_tty();

	if (tty < 0)
		return 0;
	return ask_first(tty, what, out, e) < 0 ? -1 : 1;
}
