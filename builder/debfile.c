#include "builder/debfile.h"

#include <string.h>

#define AR_MAGIC     "!<arch>\n"
#define AR_HEADER    60
#define AR_SIZE_AT   48
#define AR_SIZE_SIZE 10
#define AR_END_AT    58
#define AR_MEMBERS   16
#define FORMAT       "debian-binary"
#define VERSION_HEAD "2."

static int no_package(const char *name, struct err *e)
{
	return err_set(e, ERR_UPSTREAM, "'%s' is no Debian package of format 2", name);
}

static bool read_header(int fd, int64_t at, char header[AR_HEADER + 1])
{
	header[AR_HEADER] = '\0';
	return pread(fd, header, AR_HEADER, at) == AR_HEADER &&
	       memcmp(header + AR_END_AT, "`\n", 2) == 0;
}

static int64_t size_in(const char header[AR_HEADER + 1])
{
	char digits[AR_SIZE_SIZE + 1] = "";

	memcpy(digits, header + AR_SIZE_AT, AR_SIZE_SIZE);
	return strtoll(digits, NULL, 10);
}

int debfile_open(int fd, const char *name, const char *member, struct debfile_part *out,
	struct err *e)
{
	int64_t at = (int64_t)strlen(AR_MAGIC), size;
	char header[AR_HEADER + 1], head[sizeof(AR_MAGIC)] = "";

	if (pread(fd, head, strlen(AR_MAGIC), 0) != (ssize_t)strlen(AR_MAGIC) ||
		strcmp(head, AR_MAGIC) != 0)
		return no_package(name, e);
	for (int i = 0; i < AR_MEMBERS && read_header(fd, at, header); i++) {
		char version[sizeof(VERSION_HEAD)] = "";

		size = size_in(header);
		if (size < 0 || (i == 0 && strncmp(header, FORMAT, strlen(FORMAT)) != 0))
			break;
		at += AR_HEADER;
		if (i == 0 && (pread(fd, version, strlen(VERSION_HEAD), at) < 2 ||
				      strcmp(version, VERSION_HEAD) != 0))
			break;
		if (strncmp(header, member, strlen(member)) == 0) {
			*out = (struct debfile_part){
				.fd = fd, .at = at, .end = at + size
			};
			return 0;
		}
		at += size + (size & 1);
	}
	return no_package(name, e);
}

static ssize_t read_part(void *ctx, void *buf, size_t size, struct err *e)
{
	struct debfile_part *p = ctx;
	ssize_t n;

	if ((int64_t)size > p->end - p->at)
		size = (size_t)(p->end - p->at);
	do
		n = size ? pread(p->fd, buf, size, p->at) : 0;
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "cannot read a package");
	p->at += n;
	return n;
}

struct reader debfile_reader(struct debfile_part *p)
{
	return (struct reader){ .read = read_part, .ctx = p };
}
