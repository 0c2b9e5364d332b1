/* The half of verify.h about digests: files that are what a verified document said. */
#include "lib/adapt/verify.h"

#include <inttypes.h>
#include <sys/stat.h>

static int hash_rewound(int fd, const char *name, struct verified *out, struct err *e)
{
	struct verified v = { .fd = fd };

	if (digest_of_fd(fd, name, &v.sha256, &v.size, e) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) != 0)
		return err_sys(e, "cannot rewind '%s'", name);
	*out = v;
	return 0;
}

static int check_size(uint64_t have, uint64_t want, const char *name, struct err *e)
{
	if (have == want)
		return 0;
	return err_set(e, ERR_UNTRUSTED,
		"'%s' has %" PRIu64 " bytes, and should have %" PRIu64, name, have, want);
}

int verify_file(int fd, const char *name, uint64_t size, const struct digest *sha256,
	struct verified *out, struct err *e)
{
	char have[DIGEST_HEX], want[DIGEST_HEX];
	struct verified v;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "cannot examine '%s'", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_UNTRUSTED, "'%s' is not a regular file", name);
	if (check_size((uint64_t)st.st_size, size, name, e) < 0)
		return -1;
	if (hash_rewound(fd, name, &v, e) < 0 || check_size(v.size, size, name, e) < 0)
		return -1;
	if (!digest_equal(&v.sha256, sha256)) {
		digest_hex(&v.sha256, have);
		digest_hex(sha256, want);
		return err_set(e, ERR_UNTRUSTED, "'%s' has sha256 %s, and should have %s",
			name, have, want);
	}
	*out = v;
	return 0;
}

int verify_local(int fd, const char *name, struct verified *out, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "cannot examine '%s'", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_USAGE, "'%s' is not a regular file", name);
	return hash_rewound(fd, name, out, e);
}

void verified_release(struct verified *v)
{
	int saved = errno;

	if (v->fd >= 0)
		close(v->fd);
	v->fd = -1;
	errno = saved;
}
