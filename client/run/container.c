#include "client/run/container.h"

#include "lib/base/fs.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <time.h>

#define TRASH      ".trash-"
#define NAME_TRIES 64

bool container_name_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= NAME_MAX_LEN && name[0] != '.' && name[0] != '-' &&
	       name[0] != '_' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789._-") == len;
}

static int open_named(int dir_fd, const char *name)
{
	return openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* ---- the gate: shared while making, exclusive while sweeping */

static int gate_lock(const struct store *s, int how, struct err *e)
{
	if (flock(s->run_fd, how) < 0)
		return err_sys(e, "cannot lock '%s'", s->run);
	return 0;
}

static void gate_unlock(const struct store *s)
{
	flock(s->run_fd, LOCK_UN);
}

/* ---- making */

static void make_up_name(const char *distro, char out[NAME_MAX_LEN + 1])
{
	unsigned char random[2];
	char stem[32];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		err_abort("no random bytes");
	snprintf(stem, sizeof(stem), "%.31s", *distro ? distro : "image");
	for (char *c = stem; *c; c++)
		if (*c == '+' || *c == '_')
			*c = '-';
	snprintf(out, NAME_MAX_LEN + 1, "%s-%02x%02x", stem, random[0], random[1]);
}

/* 0: the name is ours; 1: it is taken. */
static int claim(
	const struct store *s, int containers, struct container *c, struct err *e)
{
	struct stat st;

	if (fstatat(containers, c->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return 1;
	if (mkdirat(s->run_fd, c->name, 0700) < 0) {
		if (errno == EEXIST)
			return 1;
		return err_sys(e, "cannot make '%s/%s'", s->run, c->name);
	}
	c->run_dir = open_named(s->run_fd, c->name);
	if (c->run_dir < 0)
		return err_sys(e, "cannot open '%s/%s'", s->run, c->name);
	c->lock_fd = state_lock(c->run_dir, e);
	return c->lock_fd < 0 ? -1 : 0;
}

static int taken(const struct store *s, const char *name, struct err *e)
{
	if (state_is_live(s->run_fd, name))
		return err_set(e, ERR_CONFLICT,
			"container '%s' is running; choose another --name", name);
	return err_set(e, ERR_CONFLICT,
		"container '%s' exists; remove it with 'rootyard rm %s' or choose "
		"another --name",
		name, name);
}

static int claim_some_name(const struct store *s, int containers, const char *name,
	const char *distro, struct container *c, struct err *e)
{
	for (int i = 0; i < NAME_TRIES; i++) {
		int rc;

		if (*name)
			snprintf(c->name, sizeof(c->name), "%s", name);
		else
			make_up_name(distro, c->name);
		rc = claim(s, containers, c, e);
		if (rc <= 0)
			return rc;
		if (*name)
			return taken(s, name, e);
	}
	return err_set(e, ERR_CONFLICT, "no free name found; give one with --name");
}

static int make_dirs(int containers, const struct container_config *config,
	struct container *c, struct err *e)
{
	struct container_config dated = *config;
	char now[24];

	if (!c->fleeting && mkdirat(containers, c->name, 0700) < 0)
		return err_sys(e, "cannot make container '%s'", c->name);
	c->dir_fd = c->fleeting ? fcntl(c->run_dir, F_DUPFD_CLOEXEC, 3)
				: open_named(containers, c->name);
	if (c->dir_fd < 0)
		return err_sys(e, "cannot open container '%s'", c->name);
	/* Before the config, whose writing brings the whole directory to disk. */
	if (!c->fleeting && (mkdirat(c->dir_fd, "upper", 0700) < 0 ||
				    mkdirat(c->dir_fd, "work", 0700) < 0))
		return err_sys(
			e, "cannot make the directories of container '%s'", c->name);
	snprintf(now, sizeof(now), "%lld", (long long)time(NULL));
	dated.created = now;
	if (config_write(c->dir_fd, &dated, e) < 0)
		return err_wrap(e, "cannot make container '%s'", c->name);
	return 0;
}

int container_create(const struct store *s, const char *name, const char *stem,
	const struct container_config *config, struct container *out, struct err *e)
{
	auto_fd int containers = store_open_containers(s, e);
	const char *size;
	int rc;

	out->ephemeral = config->ephemeral;
	out->fleeting = config->ephemeral && config->once &&
			config_layer_is_memory(config, &size);
	if (containers < 0 || gate_lock(s, LOCK_SH, e) < 0)
		return -1;
	rc = claim_some_name(s, containers, name, stem, out, e);
	if (rc == 0 && (rc = make_dirs(containers, config, out, e)) < 0)
		out->ephemeral = true; /* what is half made goes with its end */
	gate_unlock(s);
	return rc;
}

/* 1: whoever ended it took the place away while we waited for its lock. */
static int lock_place(const struct store *s, struct container *c, struct err *e)
{
	char path[NAME_MAX_LEN + 8];
	struct stat by_name, by_fd;

	if (mkdirat(s->run_fd, c->name, 0700) < 0 && errno != EEXIST)
		return err_sys(e, "cannot make '%s/%s'", s->run, c->name);
	c->run_dir = open_named(s->run_fd, c->name);
	if (c->run_dir < 0)
		return errno == ENOENT
			       ? 1
			       : err_sys(e, "cannot open '%s/%s'", s->run, c->name);
	c->lock_fd = state_lock(c->run_dir, e);
	if (c->lock_fd < 0)
		return e->sys == ENOENT ? 1 : -1;
	snprintf(path, sizeof(path), "%s/lock", c->name);
	if (fstat(c->lock_fd, &by_fd) == 0 &&
		fstatat(s->run_fd, path, &by_name, AT_SYMLINK_NOFOLLOW) == 0 &&
		by_fd.st_ino == by_name.st_ino)
		return 0;
	return 1;
}

static int lock_existing(
	const struct store *s, int containers, struct container *c, struct err *e)
{
	int rc;

	c->dir_fd = open_named(containers, c->name);
	if (c->dir_fd < 0)
		return errno == ENOENT
			       ? err_set(e, ERR_NOTFOUND, "no container '%s'", c->name)
			       : err_sys(e, "cannot open container '%s'", c->name);
	if (state_is_live(s->run_fd, c->name))
		return err_set(
			e, ERR_CONFLICT, "container '%s' is running already", c->name);
	for (int i = 0; i < NAME_TRIES; i++) {
		rc = lock_place(s, c, e);
		if (rc <= 0)
			return rc;
		auto_fd_cleanup(&c->lock_fd);
		auto_fd_cleanup(&c->run_dir);
		c->lock_fd = c->run_dir = -1;
	}
	return err_set(e, ERR_BUSY, "container '%s' is just ending", c->name);
}

int container_open(
	const struct store *s, const char *name, struct container *out, struct err *e)
{
	auto_fd int containers = store_open_containers(s, e);
	int rc;

	if (containers < 0 || gate_lock(s, LOCK_SH, e) < 0)
		return -1;
	snprintf(out->name, sizeof(out->name), "%s", name);
	rc = lock_existing(s, containers, out, e);
	gate_unlock(s);
	return rc;
}

int container_give(const struct container *c, int rootfs_fd, struct err *e)
{
	struct stat root;

	if (c->fleeting)
		return 0;
	if (fstat(rootfs_fd, &root) < 0)
		return err_sys(e, "cannot look at the image's root");
	if (fchownat(c->dir_fd, "upper", root.st_uid, root.st_gid, 0) < 0 ||
		fchownat(c->dir_fd, "work", root.st_uid, root.st_gid, 0) < 0 ||
		fchmodat(c->dir_fd, "upper", root.st_mode & 07777, 0) < 0)
		return err_sys(e, "cannot give container '%s' its ids", c->name);
	return 0;
}

int container_make_cgroup(struct container *c, uid_t uid, gid_t gid, struct err *e)
{
	char path[CGROUP_PATH_MAX];

	if (c->cgroup.fd >= 0) {
		memcpy(path, c->cgroup.path, sizeof(path));
		auto_fd_cleanup(&c->cgroup.fd);
		c->cgroup.fd = -1;
	} else if (cgroup_place(c->name, path, e) < 0) {
		return -1;
	}
	if (state_write_cgroup(c->run_dir, path, e) < 0 ||
		cgroup_make(path, &c->cgroup, e) < 0)
		return -1;
	return cgroup_give(&c->cgroup, uid, gid, e);
}

void container_release(struct container *c)
{
	auto_fd_cleanup(&c->cgroup.fd);
	c->cgroup.fd = -1;
	auto_fd_cleanup(&c->dir_fd);
	auto_fd_cleanup(&c->lock_fd);
	auto_fd_cleanup(&c->run_dir);
	c->dir_fd = c->lock_fd = c->run_dir = -1;
}

/* ---- taking away */

/* Out of sight by one rename; trash receives the new name. Missing is fine. */
static int to_trash(int containers, const char *name, char trash[64], struct err *e)
{
	unsigned char random[6];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		err_abort("no random bytes");
	snprintf(trash, 64, TRASH "%02x%02x%02x%02x%02x%02x", random[0], random[1],
		random[2], random[3], random[4], random[5]);
	if (renameat(containers, name, containers, trash) < 0) {
		*trash = '\0';
		if (errno != ENOENT)
			return err_sys(e, "cannot remove container '%s'", name);
	}
	return 0;
}

static int empty_trash(int containers, const char *trash, struct err *e)
{
	return *trash ? fs_remove_tree(containers, trash, e) : 0;
}

int container_end(const struct store *s, struct container *c, struct err *e)
{
	bool on_disk = c->ephemeral && !c->fleeting;
	auto_fd int containers = on_disk ? store_open_containers(s, e) : -1;
	char trash[64] = "";

	if (on_disk && (containers < 0 || to_trash(containers, c->name, trash, e) < 0))
		return -1;
	cgroup_remove(c->cgroup.path);
	state_remove(s->run_fd, c->name);
	container_release(c);
	return empty_trash(containers, trash, e);
}

int container_rename(
	const struct store *s, struct container *c, const char *to, struct err *e)
{
	auto_fd int containers = store_open_containers(s, e);
	int rc;

	if (!container_name_is_valid(to))
		return err_set(e, ERR_USAGE, "'%s' is no name of a container", to);
	if (containers < 0 || gate_lock(s, LOCK_EX, e) < 0)
		return -1;
	rc = fs_exists_at(s->run_fd, to)
		     ? (errno = EEXIST, -1)
		     : renameat2(containers, c->name, containers, to, RENAME_NOREPLACE);
	if (rc < 0)
		rc = errno == EEXIST
			     ? err_set(e, ERR_CONFLICT, "container '%s' exists", to)
			     : err_sys(e, "cannot rename container '%s'", c->name);
	gate_unlock(s);
	return rc;
}

int container_remove(const struct store *s, const char *name, struct err *e)
{
	auto_fd int containers = store_open_containers(s, e);
	char trash[64] = "";
	int rc;

	if (containers < 0 || gate_lock(s, LOCK_EX, e) < 0)
		return -1;
	if (state_is_live(s->run_fd, name)) {
		rc = err_set(
			e, ERR_BUSY, "container '%s' is running; end it first", name);
	} else {
		rc = to_trash(containers, name, trash, e);
		if (rc == 0 && !*trash)
			rc = err_set(e, ERR_NOTFOUND, "no container '%s'", name);
		else if (rc == 0)
			state_remove(s->run_fd, name);
	}
	gate_unlock(s);
	return rc < 0 ? -1 : empty_trash(containers, trash, e);
}

/* ---- sweeping */

struct sweep {
	const struct store *store;
	struct holder *holder;
	int containers;
	char (*trash)[64]; /* renamed under the gate, deleted behind it */
	size_t trash_count, trash_room;
};

static bool is_left_over(const struct sweep *w, const char *name)
{
	auto_arena struct arena memory = { 0 };
	auto_fd int dir = open_named(w->containers, name);
	struct container_config config;
	struct err reading;

	if (dir < 0)
		return false;
	if (config_read(dir, &memory, &config, &reading) < 0)
		return reading.code == ERR_NOTFOUND; /* killed before it was made */
	return config.ephemeral;
}

static void remember_trash(struct sweep *w, const char *trash)
{
	if (w->trash_count == w->trash_room) {
		w->trash_room = w->trash_room ? w->trash_room * 2 : 8;
		w->trash = xrealloc(w->trash, w->trash_room * sizeof(*w->trash));
	}
	snprintf(w->trash[w->trash_count++], sizeof(*w->trash), "%s", trash);
}

/* What is below it may be the container's own ids'. */
static int sweep_cgroup(struct sweep *w, const char *name, struct err *e)
{
	char path[CGROUP_PATH_MAX];

	state_read_cgroup(w->store->run_fd, name, path);
	if (!*path)
		return 0;
	if (holder_enter(w->holder, e) < 0)
		return -1;
	cgroup_remove(path);
	return 0;
}

static int sweep_name(struct sweep *w, const char *name, struct err *e)
{
	char trash[64] = "";

	if (strncmp(name, TRASH, strlen(TRASH)) == 0 && strlen(name) < sizeof(trash)) {
		remember_trash(w, name);
		return 0;
	}
	if (!container_name_is_valid(name) || state_is_live(w->store->run_fd, name))
		return 0;
	if (sweep_cgroup(w, name, e) < 0 ||
		(is_left_over(w, name) && to_trash(w->containers, name, trash, e) < 0))
		return -1;
	if (*trash)
		remember_trash(w, trash);
	state_remove(w->store->run_fd, name);
	return 0;
}

static int sweep_dir(struct sweep *w, int dir_fd, struct err *e)
{
	auto_names struct fs_names names = { 0 };

	if (fs_list_dir(dir_fd, ".", &names, e) < 0)
		return -1;
	for (size_t i = 0; i < names.count; i++)
		if (sweep_name(w, names.name[i], e) < 0)
			return -1;
	return 0;
}

static int sweep_trash(struct sweep *w, struct err *e)
{
	if (w->trash_count == 0)
		return 0;
	if (holder_enter(w->holder, e) < 0)
		return -1;
	for (size_t i = 0; i < w->trash_count; i++)
		if (fs_remove_tree(w->containers, w->trash[i], e) < 0)
			return -1;
	return 0;
}

int containers_sweep(const struct store *s, struct holder *h, bool quick, struct err *e)
{
	auto_fd int containers = store_open_containers(s, e);
	struct sweep w = { .store = s, .holder = h, .containers = containers };
	int rc;

	if (containers < 0)
		return -1;
	/* Somebody is just making one: the next command sweeps. */
	if (flock(s->run_fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	rc = sweep_dir(&w, s->run_fd, e);
	if (rc == 0 && !quick)
		rc = sweep_dir(&w, containers, e);
	gate_unlock(s);
	if (rc == 0)
		rc = sweep_trash(&w, e);
	free(w.trash);
	return rc;
}

int container_read(const struct store *s, const char *name, struct arena *a,
	struct container_config *out, struct err *e)
{
	auto_fd int containers = store_open_containers(s, e);
	auto_fd int dir = containers < 0 ? -1 : open_named(containers, name);

	if (containers < 0)
		return -1;
	if (dir < 0 && errno == ENOENT) /* one that is in memory alone */
		dir = open_named(s->run_fd, name);
	if (dir < 0)
		return errno == ENOENT
			       ? err_set(e, ERR_NOTFOUND, "no container '%s'", name)
			       : err_sys(e, "cannot open container '%s'", name);
	if (config_read(dir, a, out, e) < 0)
		return err_wrap(e, "container '%s'", name);
	return 0;
}
