#include "client/run/instance.h"

#include "client/run/env.h"
#include "client/run/scope.h"
#include "client/run/supervise.h"
#include "lib/base/fs.h"
#include "lib/base/spawn.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define TEMPLATES_MAX (64U << 10) /* the list */
#define FILES_MAX     (1U << 20)  /* those that are made whole */

extern char **environ;

int instance_open(struct instance *i, struct err *e)
{
	if (store_open(&i->store, e) < 0)
		return -1;
	holder_find(&i->holder, i->store.run_fd);
	if (geteuid() == 0 && !i->holder.ids.full)
		return err_set(e, ERR_USAGE,
			"root has no subordinate ids and a container of root's own id is "
			"no container; run it as an ordinary user");
	return 0;
}

int instance_open_stopped(struct instance *i, const char *name, struct arena *a,
	struct container_config *config, struct err *e)
{
	if (!container_name_is_valid(name))
		return err_set(e, ERR_USAGE, "'%s' is no name of a container", name);
	if (instance_open(i, e) < 0 ||
		containers_sweep(&i->store, &i->holder, true, e) < 0)
		return -1;
	if (container_open(&i->store, name, &i->container, e) < 0) {
		if (e->code != ERR_CONFLICT)
			return -1;
		return err_set(
			e, ERR_BUSY, "container '%s' is running; stop it first", name);
	}
	if (config_read(i->container.dir_fd, a, config, e) < 0)
		return err_wrap(e, "container '%s'", name);
	return holder_enter(&i->holder, e);
}

/* ---- the image */

static int pull(const char *text, struct err *e)
{
	const char *const argv[] = { LIBEXECDIR "/rootyard-image", "pull", "-q", text,
		NULL };
	struct spawn s = SPAWN_INIT;
	int status;
	pid_t pid;

	s.argv = argv;
	s.env = (const char *const *)environ;
	s.stdin_fd = 0;
	s.stderr_fd = 2;
	s.die_with_parent = true;
	if (spawn_start(&s, &pid, e) < 0 || spawn_wait(pid, &status, e) < 0)
		return -1;
	/* why was said by the one who knows */
	return status == 0
		       ? 0
		       : err_set(e, ERR_FAILED, "it is not stored, and the pull failed");
}

static int resolve(struct instance *i, const char *text, struct err *e)
{
	int rc = resolve_image(&i->store, text, i->holder.ids.full, &i->image, e);

	if (rc == 0 || e->code != ERR_NOTFOUND)
		return rc;
	if (pull(text, e) < 0)
		return err_wrap(e, "cannot run '%s'", text);
	return resolve_image(&i->store, text, i->holder.ids.full, &i->image, e);
}

static int open_image(struct instance *i, struct err *e)
{
	char path[128];

	snprintf(path, sizeof(path), "images/%s", i->image.id);
	i->image_fd = openat(
		i->store.data_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (i->image_fd < 0)
		return err_sys(e, "cannot open '%s/%s'", i->store.data, path);
	if (flock(i->image_fd, LOCK_SH | LOCK_NB) < 0)
		return err_set(e, ERR_BUSY, "image '%s' is being removed", i->image.ref);
	i->rootfs_fd = openat(
		i->image_fd, "rootfs", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (i->rootfs_fd < 0)
		return err_sys(e, "cannot open '%s/%s/rootfs'", i->store.data, path);
	return 0;
}

/* Files of ids that are not in our map would be nobody's inside. */
static int check_owner(const struct instance *i, struct err *e)
{
	struct stat st;

	if (fstat(i->rootfs_fd, &st) < 0)
		return err_sys(e, "cannot look at the image's root");
	if (i->image.single_id ||
		(st.st_uid >= i->holder.ids.uid_start &&
			st.st_uid - i->holder.ids.uid_start < USERNS_IDS))
		return 0;
	return err_set(e, ERR_DAMAGED,
		"image '%s' belongs to id %u, outside of your subordinate ids %u to %u: "
		"they changed since it was pulled; remove '%s/images/%s' and pull it "
		"again",
		i->image.ref, (unsigned int)st.st_uid,
		(unsigned int)i->holder.ids.uid_start,
		(unsigned int)i->holder.ids.uid_start + USERNS_IDS - 1, i->store.data,
		i->image.id);
}

static int check_image(struct instance *i, struct err *e)
{
	if (open_image(i, e) < 0 || check_owner(i, e) < 0)
		return -1;
	if (i->image.single_id) {
		out_warn(i->out,
			"this container has one id: its users cannot be changed to, and "
			"chown does nothing%s%s",
			i->holder.ids.full ? "" : "; ",
			i->holder.ids.full ? "" : i->holder.ids.why);
		i->holder.ids.full = false;
	}
	return 0;
}

int instance_find_image(struct instance *i, const char *text, struct err *e)
{
	return resolve(i, text, e) < 0 ? -1 : check_image(i, e);
}

int instance_use_image(struct instance *i, const char *id, const char *ref, struct err *e)
{
	char path[128];

	snprintf(i->image.id, sizeof(i->image.id), "%s", id);
	snprintf(i->image.ref, sizeof(i->image.ref), "%s", ref);
	i->image.single_id = strlen(id) > 64;
	snprintf(path, sizeof(path), "images/%.72s/rootfs", id);
	if (faccessat(i->store.data_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set(e, ERR_NOTFOUND,
			"its image '%s' (%.12s) is no longer stored; pull "
			"'%s@sha256:%.64s'",
			ref, id, ref, id);
	if (!i->image.single_id && !i->holder.ids.full)
		return err_set(e, ERR_USAGE,
			"it was made with 65,536 ids, which you no longer have: %s",
			i->holder.ids.why);
	return check_image(i, e);
}

/* ---- the process */

int instance_begin_net(
	struct instance *i, const struct container_config *c, struct err *e)
{
	if (strcmp(c->net, "host") == 0)
		out_warn(i->out,
			"with '--net host' the container reaches whatever listens on "
			"this host's localhost, and its abstract sockets (a desktop's "
			"session among them)");
	if (strcmp(c->net, "user") != 0 || i->net.sock_fd >= 0)
		return 0;
	if (i->holder.entered)
		return err_set(
			e, ERR_AGAIN, "a killed container was just tidied up; try again");
	return net_begin(&i->net, i->store.run, c->publish, e);
}

/* A limit of processes alone can be kept in another way; any other is refused. */
static int do_without_cgroup(struct instance *i, const struct limits *l, struct err *e)
{
	char why[600];

	snprintf(why, sizeof(why), "%.*s", (int)sizeof(why) - 1, e->text);
	if (!limits_only_pids(l, &i->nproc))
		return limits_refuse(l, why, e);
	out_warn(i->out, "%s: '--pids' holds for each user of the container by itself",
		why);
	return 0;
}

static int apply_limits(struct instance *i, const struct limits *l, struct err *e)
{
	if (limits_apply(l, i->container.cgroup.fd, e) == 0)
		return 0;
	return e->code == ERR_USAGE && limits_only_pids(l, &i->nproc)
		       ? do_without_cgroup(i, l, e)
		       : -1;
}

/* In a place that is delegated already, else in one that systemd gives where one is needed.
 * ERR_NOTFOUND: there is none, and e says why. */
static int place_cgroup(
	struct instance *i, const struct container_config *c, struct err *e)
{
	uid_t uid = i->holder.ids.full ? i->holder.ids.uid_start : geteuid();
	gid_t gid = i->holder.ids.full ? i->holder.ids.gid_start : getegid();
	struct err scope;

	if (container_make_cgroup(&i->container, uid, gid, e) == 0)
		return 0;
	if (e->code != ERR_NOTFOUND || (!limits_any(&c->limits) && !config_is_system(c)))
		return -1;
	if (scope_enter(i->container.name, &scope) == 0)
		return container_make_cgroup(&i->container, uid, gid, e);
	return scope.code == ERR_NOTFOUND
		       ? -1
		       : err_set(e, ERR_NOTFOUND,
				 "no cgroup is delegated to you (%.300s)", scope.text);
}

int instance_make_cgroup(
	struct instance *i, const struct container_config *c, struct err *e)
{
	if (place_cgroup(i, c, e) == 0)
		return apply_limits(i, &c->limits, e);
	if (e->code != ERR_NOTFOUND)
		return -1;
	if (limits_any(&c->limits))
		return do_without_cgroup(i, &c->limits, e);
	if (config_is_system(c))
		out_warn(i->out,
			"%s: an init that needs one (systemd) will not come up; with "
			"systemd on this host: systemd-run --user --scope -p "
			"Delegate=yes rootyard start %s",
			e->text, i->container.name);
	return 0;
}

static const char **copy_list(struct arena *a, const char *const *list, size_t spare)
{
	const char **out;
	size_t count = 0;

	while (list[count])
		count++;
	out = arena_array(a, count + spare + 1, sizeof(*out));
	for (size_t n = 0; n < count; n++)
		out[n] = arena_strdup(a, list[n]);
	for (size_t n = count; n <= count + spare; n++)
		out[n] = NULL;
	return out;
}

/* A system is told its machine id. */
static const char *const *make_env(struct instance *i, const struct container_config *c)
{
	const char **env = copy_list(&i->strings, c->env, 1);
	size_t count = 0;

	while (env[count])
		count++;
	if (config_is_system(c) && *c->uuid) {
		snprintf(
			i->uuid_line, sizeof(i->uuid_line), "container_uuid=%s", c->uuid);
		env[count] = i->uuid_line;
	}
	return env;
}

static const char *read_meta(struct instance *i, const char *name, size_t ceiling)
{
	auto_buf struct buf text = BUF_INIT(ceiling);
	struct err ignored;

	return fs_read_at(i->image_fd, name, &text, &ignored) == 0
		       ? arena_strdup(&i->strings, buf_str(&text))
		       : NULL;
}

/* What waits for the container's name. The list for containers of users goes before the
 * other. What is damaged is left out: the name in a file is no reason not to start. */
static void read_templates(struct instance *i, struct plan *p)
{
	struct stat st;

	p->templates = p->files = NULL;
	if (fstatat(i->image_fd, "meta", &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	p->templates = read_meta(i, "meta/templates-user", TEMPLATES_MAX);
	if (!p->templates)
		p->templates = read_meta(i, "meta/templates", TEMPLATES_MAX);
	p->files = read_meta(i, "meta/files", FILES_MAX);
}

static void describe(struct instance *i, const struct container_config *c, bool tty)
{
	struct plan *p = &i->plan;

	snprintf(i->rootfs, sizeof(i->rootfs), "images/%s/rootfs", i->image.id);
	snprintf(i->upper, sizeof(i->upper), "containers/%s/upper", i->container.name);
	snprintf(i->work, sizeof(i->work), "containers/%s/work", i->container.name);
	snprintf(i->hostname, sizeof(i->hostname), "%s",
		*c->hostname ? c->hostname : i->container.name);
	p->flags = (i->holder.ids.full ? PLAN_FULL_MAP : 0U) |
		   (c->ephemeral ? PLAN_VOLATILE : 0U) |
		   (config_layer_is_memory(c, &p->layer_size) ? PLAN_MEMORY : 0U) |
		   (strcmp(c->net, "host") == 0 ? PLAN_HOST_NET : 0U) |
		   (config_is_system(c) ? PLAN_SYSTEM : 0U) | (tty ? PLAN_TTY : 0U);
	p->uid_start = i->holder.ids.full ? i->holder.ids.uid_start : geteuid();
	p->gid_start = i->holder.ids.full ? i->holder.ids.gid_start : getegid();
	p->rootfs = i->rootfs;
	p->upper = i->upper;
	p->work = i->work;
	if (tty) /* before the command asks for it */
		ioctl(0, TIOCGWINSZ, &p->window);
	p->hostname = i->hostname;
	read_templates(i, p);
	p->workdir = arena_strdup(&i->strings, c->workdir);
	p->argv = (char *const *)(uintptr_t)copy_list(
		&i->strings, (const char *const *)c->argv, 0);
	p->env = make_env(i, c);
	if (p->layer_size)
		p->layer_size = arena_strdup(&i->strings, p->layer_size);
	p->uuid = c->uuid;
	p->volumes = &i->volumes;
	p->net = i->net.sock_fd >= 0 ? &i->net : NULL;
	p->resolv_conf = i->net.resolv_conf;
	p->map_me = (unsigned int)atoi(c->map_me);
	p->user_name = *c->user ? arena_strdup(&i->strings, c->user) : NULL;
	p->nproc = i->nproc;
	p->cgroup_fd = i->container.cgroup.fd;
	p->scrub_len = env_own_block(&p->scrub);
}

static int make_volumes(
	struct instance *i, const struct container_config *c, struct err *e)
{
	volumes_release(&i->volumes); /* of the start before a reboot */
	i->volumes.root_read_only = c->read_only;
	if (volumes_add(&i->volumes, VOLUME_TMPFS, c->tmpfs, e) < 0 ||
		volumes_add(&i->volumes, VOLUME_BIND, c->volume, e) < 0)
		return -1;
	return volumes_add(&i->volumes, VOLUME_DEVICE, c->device, e);
}

static int write_state(const struct instance *i, struct err *e)
{
	struct run_state s = {
		.init.pid = i->launched.pid,
		.userns = i->launched.userns,
		.pidns = i->launched.pidns,
		.created = time(NULL),
	};

	snprintf(s.id, sizeof(s.id), "%s", i->image.id);
	snprintf(s.ref, sizeof(s.ref), "%s", i->image.ref);
	return state_write(i->container.run_dir, &s, e);
}

int instance_launch(struct instance *i, const struct container_config *c, bool tty,
	struct launch_result *result, struct err *e)
{
	if (*c->user && config_is_system(c))
		return err_set(e, ERR_USAGE,
			"option '--user' is for a command: an init is root");
	if (*c->map_me && !i->holder.ids.full)
		return err_set(e, ERR_USAGE,
			"option '--map-me' needs subordinate ids, of which you have "
			"none");
	if (make_volumes(i, c, e) < 0)
		return -1;
	describe(i, c, tty);
	if (fchdir(i->store.data_fd) < 0)
		return err_sys(e, "cannot enter '%s'", i->store.data);
	if (launch_start(&i->plan, &i->launched, e) < 0 || write_state(i, e) < 0 ||
		launch_wait(&i->launched, result, e) < 0)
		return -1;
	auto_fd_cleanup(&i->launched.sock_fd);
	i->launched.sock_fd = -1;
	if (result->status == 0) {
		i->started = true;
	} else {
		auto_fd_cleanup(&result->master_fd);
		result->master_fd = -1;
	}
	return 0;
}

int instance_end(struct instance *i, struct err *e)
{
	int rc = 0;

	supervise_kill(&i->launched);
	net_end(&i->net);
	volumes_release(&i->volumes);
	if (i->container.lock_fd >= 0)
		rc = container_end(&i->store, &i->container, e);
	auto_fd_cleanup(&i->launched.pid_fd);
	auto_fd_cleanup(&i->launched.sock_fd);
	auto_fd_cleanup(&i->rootfs_fd);
	auto_fd_cleanup(&i->image_fd);
	i->launched.pid_fd = i->launched.sock_fd = i->rootfs_fd = i->image_fd = -1;
	arena_release(&i->strings);
	store_close(&i->store);
	return rc;
}
