#include "lib/adapt/gpghome.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <time.h>

/* A run-time directory that is the caller's alone is better than a shared /tmp. */
static const char *base_path(void)
{
	const char *run = getenv("XDG_RUNTIME_DIR"), *tmp = getenv("TMPDIR");
	struct stat st;

	if (run && run[0] == '/' && stat(run, &st) == 0 && S_ISDIR(st.st_mode) &&
		st.st_uid == geteuid() && (st.st_mode & 0777) == 0700)
		return run;
	return tmp && tmp[0] == '/' ? tmp : "/tmp";
}

static int write_conf(const struct gpghome *h, struct err *e)
{
	/* Public keys and signatures need no agent; without autostart none ever runs. */
	static const char conf[] = "no-autostart\n"
				   "no-auto-key-retrieve\n"
				   "no-auto-key-locate\n"
				   "disable-dirmngr\n"
				   "trust-model always\n"
				   "batch\n";
	auto_free char *name = xasprintf("%s/gpg.conf", h->name);
	auto_fd int fd =
		fs_open_beneath(h->base_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600, e);

	if (fd < 0)
		return -1;
	return fs_write_all(fd, conf, sizeof(conf) - 1, e);
}

int gpghome_make(struct gpghome *h, struct err *e)
{
	const char *base = base_path();

	*h = (struct gpghome)GPGHOME_INIT;
	h->base_fd = fs_open_dir(base, e);
	if (h->base_fd < 0)
		return -1;
	if (fs_mkdtemp_at(h->base_fd, "rootyard-gpg", h->name, sizeof(h->name), e) < 0) {
		h->name[0] = '\0';
		gpghome_remove(h);
		return -1;
	}
	h->path = xasprintf("%s/%s", base, h->name);
	if (write_conf(h, e) < 0) {
		gpghome_remove(h);
		return -1;
	}
	return 0;
}

void gpghome_remove(struct gpghome *h)
{
	/* gpg is no child of ours (gpgme forks twice) and may still be taking its lock
	 * files away when its answer is complete. */
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };
	struct err ignored;

	for (int tries = 0; h->name[0] && tries < 50; tries++) {
		if (fs_remove_tree(h->base_fd, h->name, &ignored) == 0)
			break;
		nanosleep(&pause, NULL);
	}
	if (h->base_fd >= 0)
		close(h->base_fd);
	free(h->path);
	*h = (struct gpghome)GPGHOME_INIT;
}
