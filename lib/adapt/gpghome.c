#include "lib/adapt/gpghome.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/file.h>
#include <time.h>

#define PREFIX "rootyard-gpg"
#define LOCK   "lock"
#define UNLOCKED_S                                                                       \
	60 /* a home without its lock is older than this: nobody makes it any more */

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
	static const char conf[] =
		"no-autostart\n"
		"no-auto-key-retrieve\n"
		"no-auto-key-locate\n"
		"disable-dirmngr\n"
		"trust-model always\n"
		/* the home is one process's alone, and lasts no longer:
				    * three files for each signature say nothing */
		"lock-never\n"
		"no-random-seed-file\n"
		"batch\n";
	auto_free char *name = xasprintf("%s/gpg.conf", h->name);
	auto_fd int fd =
		fs_open_beneath(h->base_fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600, e);

	if (fd < 0)
		return -1;
	return fs_write_all(fd, conf, sizeof(conf) - 1, e);
}

/* Held as long as the maker lives: SIGKILL leaves a home behind, but not its lock. It
 * gets its name when it is locked, so that there is no moment to take it in. */
static int lock_home(struct gpghome *h, struct err *e)
{
	auto_free char *fresh = xasprintf("%s/" LOCK ".new", h->name);
	auto_free char *name = xasprintf("%s/" LOCK, h->name);

	h->lock_fd =
		fs_open_beneath(h->base_fd, fresh, O_RDWR | O_CREAT | O_EXCL, 0600, e);
	if (h->lock_fd < 0)
		return -1;
	if (flock(h->lock_fd, LOCK_EX | LOCK_NB) < 0 ||
		renameat(h->base_fd, fresh, h->base_fd, name) < 0)
		return err_sys(e, "cannot lock '%s'", name);
	return 0;
}

static bool is_abandoned(int base_fd, const char *name)
{
	auto_free char *lock = xasprintf("%s/" LOCK, name);
	auto_fd int fd = -1;
	struct stat st;
	struct err ignored;

	if (fstatat(base_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		!S_ISDIR(st.st_mode) || st.st_uid != geteuid())
		return false;
	fd = fs_open_beneath(base_fd, lock, O_RDONLY, 0, &ignored);
	if (fd < 0)
		return time(NULL) - st.st_mtime > UNLOCKED_S;
	return flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* What killed processes of ours left here. */
static void sweep(int base_fd)
{
	auto_names struct fs_names names = { 0 };
	struct err ignored;

	if (fs_list_dir(base_fd, ".", &names, &ignored) < 0)
		return;
	for (size_t i = 0; i < names.count; i++)
		if (strncmp(names.name[i], PREFIX ".", sizeof(PREFIX)) == 0 &&
			is_abandoned(base_fd, names.name[i]) &&
			fs_remove_tree(base_fd, names.name[i], &ignored) < 0)
			continue; /* the next one may be luckier */
}

int gpghome_make(struct gpghome *h, struct err *e)
{
	const char *base = base_path();

	*h = (struct gpghome)GPGHOME_INIT;
	h->base_fd = fs_open_dir(base, e);
	if (h->base_fd < 0)
		return -1;
	sweep(h->base_fd);
	if (fs_mkdtemp_at(h->base_fd, PREFIX, h->name, sizeof(h->name), e) < 0) {
		h->name[0] = '\0';
		gpghome_remove(h);
		return -1;
	}
	h->path = xasprintf("%s/%s", base, h->name);
	if (lock_home(h, e) < 0 || write_conf(h, e) < 0) {
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
	if (h->lock_fd >= 0)
		close(h->lock_fd);
	if (h->base_fd >= 0)
		close(h->base_fd);
	free(h->path);
	*h = (struct gpghome)GPGHOME_INIT;
}
