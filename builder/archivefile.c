/* The two file formats of a Debian archive that need no archive: .deb and armour. */
#include "builder/archive.h"

#define AR_MAGIC     "!<arch>\n"
#define AR_HEADER    60
#define AR_TIME_AT   16
#define AR_TIME_SIZE 12
#define AR_SIZE_AT   48
#define AR_SIZE_SIZE 10
#define AR_MEMBERS   16
#define KEY_MAX      (64U << 10)
#define BEGIN_KEY    "-----BEGIN PGP PUBLIC KEY BLOCK-----"
#define END_KEY      "-----END PGP PUBLIC KEY BLOCK-----"

static int64_t decimal(const char *field, size_t size)
{
	int64_t value = 0;

	for (size_t i = 0; i < size && field[i] >= '0' && field[i] <= '9'; i++)
		value = value * 10 + (field[i] - '0');
	return value;
}

int archive_deb_time(int fd, const char *name, int64_t *newest_s, struct err *e)
{
	char header[AR_HEADER];
	int64_t newest = 0;
	off_t at = (off_t)strlen(AR_MAGIC);

	if (pread(fd, header, strlen(AR_MAGIC), 0) != (ssize_t)strlen(AR_MAGIC) ||
		memcmp(header, AR_MAGIC, strlen(AR_MAGIC)) != 0)
		return err_set(e, ERR_UPSTREAM, "'%s' is no Debian package", name);
	for (int i = 0; i < AR_MEMBERS; i++) {
		ssize_t n = pread(fd, header, sizeof(header), at);
		int64_t time, size;

		if (n < (ssize_t)sizeof(header))
			break;
		time = decimal(header + AR_TIME_AT, AR_TIME_SIZE);
		size = decimal(header + AR_SIZE_AT, AR_SIZE_SIZE);
		if (time > newest)
			newest = time;
		at += AR_HEADER + size + (size & 1);
	}
	*newest_s = newest;
	return 0;
}

/* One block: behind its header lines and the blank one, up to the checksum or the end. */
static int dearmor_block(
	const char *start, const char *end, struct buf *out, struct err *e)
{
	auto_buf struct buf text = BUF_INIT(KEY_MAX);
	const char *body = strstr(start, "\n\n");
	const char *crlf = strstr(start, "\r\n\r\n");

	if (crlf && (!body || crlf < body))
		body = crlf + 2;
	if (!body || body > end)
		return err_set(e, ERR_RECIPE, "an armoured key has no blank line");
	for (const char *p = body; p < end; p += strcspn(p, "\n") + 1) {
		size_t len = strcspn(p, "\r\n");

		if (p[0] == '=' || p[0] == '-')
			break;
		buf_add(&text, p, len);
	}
	return buf_decode_base64(buf_bytes(&text), out, e);
}

int archive_dearmor(const char *armor, struct buf *out, struct err *e)
{
	const char *start = strstr(armor, BEGIN_KEY);

	if (!start)
		return err_set(e, ERR_RECIPE, "this is no armoured public key");
	for (; start; start = strstr(start, BEGIN_KEY)) {
		const char *end = strstr(start, END_KEY);

		if (!end)
			return err_set(e, ERR_RECIPE, "an armoured key does not end");
		if (dearmor_block(start, end, out, e) < 0)
			return err_wrap(e, "cannot read an armoured key");
		start = end;
	}
	return buf_check(out, "the keyring", e);
}
