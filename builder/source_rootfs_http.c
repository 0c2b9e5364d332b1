/* A tree out of one archive: http, https or a local file. */
#include "builder/download.h"
#include "builder/source.h"
#include "builder/unpack.h"

#include "lib/base/fs.h"

#include <fcntl.h>

#define ARCHIVE_MAX (16LL << 30)
#define FILE_SCHEME "file://"

static int open_local(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return err_sys(e, "cannot open '%s'", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(e, ERR_RECIPE, "'%s' is no regular file", path);
	}
	return fd;
}

static int fetch(struct job *j, const char *url, struct err *e)
{
	auto_fd int fd = -1;

	if (strncmp(url, FILE_SCHEME, strlen(FILE_SCHEME)) == 0)
		return open_local(url + strlen(FILE_SCHEME), e);
	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0)
		return err_set(e, ERR_RECIPE,
			"'source.url' must begin with http://, https:// or file://, not "
			"'%s'",
			url);
	fd = fs_open_beneath(j->work_dir, "download", O_RDWR | O_CREAT | O_EXCL, 0600, e);
	if (fd < 0 || download(url, fd, ARCHIVE_MAX, j->log_fd, e) < 0)
		return -1;
	return STEAL_FD(fd);
}

/* The digest that releases.yaml pins for this URL, or NULL. */
static const char *pinned(const struct release *r, const char *url)
{
	for (size_t i = 0; i < r->sha256.count; i++)
		if (strcmp(text_str(&r->sha256.item[i].key), url) == 0)
			return text_str(&r->sha256.item[i].value);
	return NULL;
}

static int verify(struct job *j, const char *url, int fd, struct err *e)
{
	const char *pin = pinned(j->release, url);
	struct digest want, got;
	char hex[DIGEST_HEX];
	uint64_t size;

	if (digest_of_fd(fd, url, &got, &size, e) < 0)
		return -1;
	if (!pin && !j->allow_unverified)
		return err_set(e, ERR_UNTRUSTED,
			"nothing verifies '%s': pin its sha256 in releases.yaml, or say "
			"--allow-unverified",
			url);
	if (pin && digest_parse(pin, &want, e) < 0)
		return -1;
	digest_hex(&got, hex);
	if (pin && !digest_equal(&want, &got))
		return err_set(e, ERR_UNTRUSTED,
			"'%s' has sha256 %s, releases.yaml pins %s", url, hex, pin);
	job_source(j, "tarball", url, &got, pin ? "sha256" : "none");
	return 0;
}

int source_rootfs_http(struct job *j, struct err *e)
{
	auto_buf struct buf url = BUF_INIT(4096);
	auto_fd int fd = -1;
	int64_t newest;

	if (recipe_render(j->recipe, &j->recipe->source.url, "source.url", &url, e) < 0)
		return -1;
	if (!unpack_is_known(buf_str(&url)))
		return err_set(e, ERR_RECIPE,
			"'source.url' must name a .tar, .tar.xz or .tar.zst, not '%s'",
			buf_str(&url));
	fd = fetch(j, buf_str(&url), e);
	if (fd < 0 || verify(j, buf_str(&url), fd, e) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "cannot rewind '%s'", buf_str(&url));
	if (unpack_archive(fd, buf_str(&url), j->root_dir, &newest, e) < 0)
		return -1;
	if (!j->epoch_fixed)
		j->epoch_s = newest;
	return 0;
}
