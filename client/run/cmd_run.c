#include "client/run/commands.h"

#include "client/run/container.h"
#include "client/run/env.h"
#include "client/run/holder.h"
#include "client/run/supervise.h"
#include "lib/base/spawn.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define STATUS_OURS       125
#define HOST_NAME_MAX_LEN 64

extern char **environ;

/* One run, from its options to its end. */
struct run {
	const struct run_options *options;
	struct out *out;
	const char *image_text;
	char **argv;
	struct store store;
	struct subids ids;
	struct stored_image image;
	int image_fd;  /* holds a shared lock on the image as long as we run */
	int rootfs_fd; /* to see whose it is */
	struct container container;
	struct relay relay;
	struct launched launched;
	struct plan plan;
	struct env env;
	char hostname[HOST_NAME_MAX_LEN + 1];
	char rootfs[128], upper[128], work[128];
	int signal_fd;
	bool started; /* the command was executed */
};

/* ---- what was asked for */

static bool hostname_is_valid(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= HOST_NAME_MAX_LEN && name[0] != '-' && name[0] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789.-") == len;
}

static int check_options(const struct run_options *o, struct err *e)
{
	if (o->name && !container_name_is_valid(o->name))
		return err_set(e, ERR_USAGE,
			"option '--name': '%s' is not a letter or digit and up to %d of "
			"letters, digits, '.', '_', '-'",
			o->name, NAME_MAX_LEN - 1);
	if (o->hostname && !hostname_is_valid(o->hostname))
		return err_set(e, ERR_USAGE, "option '--hostname': '%s' is no host name",
			o->hostname);
	if (o->workdir[0] != '/')
		return err_set(e, ERR_USAGE, "option '--workdir': '%s' is not absolute",
			o->workdir);
	if (strcmp(o->net, "none") != 0 && strcmp(o->net, "host") != 0)
		return err_set(
			e, ERR_USAGE, "option '--net': '%s' is not none or host", o->net);
	return 0;
}

/* ---- the image */

static int pull(const struct run *r, struct err *e)
{
	const char *const argv[] = { LIBEXECDIR "/rootyard-image", "pull", "-q",
		r->image_text, NULL };
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

static int find_image(struct run *r, struct err *e)
{
	int rc = resolve_image(&r->store, r->image_text, r->ids.full, &r->image, e);

	if (rc == 0 || e->code != ERR_NOTFOUND)
		return rc;
	if (pull(r, e) < 0)
		return err_wrap(e, "cannot run '%s'", r->image_text);
	return resolve_image(&r->store, r->image_text, r->ids.full, &r->image, e);
}

static int open_image(struct run *r, struct err *e)
{
	char path[128];

	snprintf(path, sizeof(path), "images/%s", r->image.id);
	r->image_fd = openat(
		r->store.data_fd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r->image_fd < 0)
		return err_sys(e, "cannot open '%s/%s'", r->store.data, path);
	if (flock(r->image_fd, LOCK_SH | LOCK_NB) < 0)
		return err_set(e, ERR_BUSY, "image '%s' is being removed", r->image.ref);
	r->rootfs_fd = openat(
		r->image_fd, "rootfs", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (r->rootfs_fd < 0)
		return err_sys(e, "cannot open '%s/%s/rootfs'", r->store.data, path);
	return 0;
}

/* Files of ids that are not in our map would be nobody's inside. */
static int check_owner(const struct run *r, struct err *e)
{
	struct stat st;

	if (fstat(r->rootfs_fd, &st) < 0)
		return err_sys(e, "cannot look at the image's root");
	if (r->image.single_id || (st.st_uid >= r->ids.uid_start &&
					  st.st_uid - r->ids.uid_start < USERNS_IDS))
		return 0;
	return err_set(e, ERR_DAMAGED,
		"image '%s' belongs to id %u, outside of your subordinate ids %u to %u: "
		"they "
		"changed since it was pulled; remove '%s/images/%s' and pull it again",
		r->image.ref, (unsigned int)st.st_uid, (unsigned int)r->ids.uid_start,
		(unsigned int)r->ids.uid_start + USERNS_IDS - 1, r->store.data,
		r->image.id);
}

static int prepare_image(struct run *r, struct err *e)
{
	subids_find(geteuid(), &r->ids);
	if (geteuid() == 0 && !r->ids.full)
		return err_set(e, ERR_USAGE,
			"root has no subordinate ids and a container of root's own id is "
			"no "
			"container; run it as an ordinary user");
	if (store_open(&r->store, e) < 0 || find_image(r, e) < 0 ||
		open_image(r, e) < 0 || check_owner(r, e) < 0)
		return -1;
	if (r->image.single_id) {
		out_warn(r->out,
			"this container has one id: installing packages, changing users "
			"and "
			"chown will not work%s%s",
			r->ids.full ? "" : "; ", r->ids.full ? "" : r->ids.why);
		r->ids.full = false;
	}
	return 0;
}

/* ---- the container */

static int prepare_container(struct run *r, struct err *e)
{
	const struct run_options *o = r->options;
	const struct container_config config = {
		.image = &r->image,
		.hostname = o->hostname ? o->hostname : "",
		.net = o->net,
		.workdir = o->workdir,
		.argv = r->argv,
		.env = r->env.item,
		.ephemeral = o->rm,
	};
	struct holder holder;
	bool entered = false;

	if (containers_sweep(&r->store, &r->ids, true, &entered, e) < 0)
		return err_wrap(e, "cannot tidy up after a killed container");
	/* newuidmap works while we make the directories. */
	if (!entered && holder_begin(&holder, &r->ids, e) < 0)
		return -1;
	if (container_create(
		    &r->store, o->name ? o->name : "", &config, &r->container, e) < 0)
		return -1;
	if (!entered && holder_finish(&holder, e) < 0)
		return -1;
	return container_give(&r->container, r->rootfs_fd, e);
}

/* From the first argument of ours to the last variable: one block on the stack. */
static void find_own_block(struct plan *p)
{
	char *end = NULL;

	for (char **env = environ; *env; env++)
		end = *env + strlen(*env);
	p->scrub = program_invocation_name;
	p->scrub_len = end > p->scrub ? (size_t)(end - p->scrub)
				      : strlen(program_invocation_name);
}

static void describe(struct run *r)
{
	const struct run_options *o = r->options;
	struct plan *p = &r->plan;

	snprintf(r->rootfs, sizeof(r->rootfs), "images/%s/rootfs", r->image.id);
	snprintf(r->upper, sizeof(r->upper), "containers/%s/upper", r->container.name);
	snprintf(r->work, sizeof(r->work), "containers/%s/work", r->container.name);
	snprintf(r->hostname, sizeof(r->hostname), "%s",
		o->hostname ? o->hostname : r->container.name);
	p->flags = (r->ids.full ? PLAN_FULL_MAP : 0U) | (o->rm ? PLAN_VOLATILE : 0U) |
		   (strcmp(o->net, "host") == 0 ? PLAN_HOST_NET : 0U) |
		   (r->relay.wants_tty ? PLAN_TTY : 0U);
	p->uid_start = r->ids.full ? r->ids.uid_start : geteuid();
	p->gid_start = r->ids.full ? r->ids.gid_start : getegid();
	p->rootfs = r->rootfs;
	p->upper = r->upper;
	p->work = r->work;
	p->hostname = r->hostname;
	p->workdir = o->workdir;
	p->argv = r->argv;
	p->env = r->env.item;
	find_own_block(p);
}

static int write_state(const struct run *r, struct err *e)
{
	struct run_state s = { .init = r->launched.pid, .created = time(NULL) };

	snprintf(s.id, sizeof(s.id), "%s", r->image.id);
	snprintf(s.ref, sizeof(s.ref), "%s", r->image.ref);
	return state_write(r->container.run_dir, &s, e);
}

/* Returns the exit status, or -1. */
static int run_command(struct run *r, struct err *e)
{
	struct launch_result result;
	int status;

	if (fchdir(r->store.data_fd) < 0)
		return err_sys(e, "cannot enter '%s'", r->store.data);
	if (launch_start(&r->plan, &r->launched, e) < 0 || write_state(r, e) < 0 ||
		launch_wait(&r->launched, &result, e) < 0)
		return -1;
	auto_fd_cleanup(&r->launched.sock_fd);
	r->launched.sock_fd = -1;
	if (result.status != 0) {
		auto_fd_cleanup(&result.master_fd);
		out_error(r->out, e);
		return result.status;
	}
	r->started = true;
	if (relay_begin(&r->relay, result.master_fd, e) < 0 ||
		supervise(&r->launched, &r->relay, r->signal_fd, &status, e) < 0)
		return -1;
	r->launched.pid = -1;
	return status;
}

static int run_all(struct run *r, struct err *e)
{
	if (check_options(r->options, e) < 0)
		return -1;
	if (prepare_image(r, e) < 0)
		return -1;
	r->signal_fd = supervise_signals(e);
	if (r->signal_fd < 0 || relay_plan(&r->relay, r->plan.stdio, e) < 0 ||
		env_make(&r->options->env, environ, r->relay.wants_tty, &r->env, e) < 0 ||
		prepare_container(r, e) < 0)
		return -1;
	describe(r);
	return run_command(r, e);
}

/* Whatever happened, nothing stays behind but a container that was to stay. */
static int finish(struct run *r, struct err *e)
{
	int rc = 0;

	supervise_kill(&r->launched);
	relay_end(&r->relay);
	if (!r->started)
		r->container.ephemeral = true;
	if (r->container.lock_fd >= 0)
		rc = container_end(&r->store, &r->container, e);
	auto_fd_cleanup(&r->launched.pid_fd);
	auto_fd_cleanup(&r->launched.sock_fd);
	auto_fd_cleanup(&r->signal_fd);
	auto_fd_cleanup(&r->rootfs_fd);
	auto_fd_cleanup(&r->image_fd);
	store_close(&r->store);
	return rc;
}

int cmd_run(struct call *c, struct err *e)
{
	static char shell[] = "/bin/sh";
	static char *default_argv[] = { shell, NULL };
	struct run r = {
		.options = c->values,
		.out = c->out,
		.image_text = c->argv[0],
		.argv = c->argc > 1 ? c->argv + 1 : default_argv,
		.store = STORE_INIT,
		.image_fd = -1,
		.rootfs_fd = -1,
		.container = CONTAINER_INIT,
		.relay = { .master_fd = -1, .child_end = { -1, -1, -1 } },
		.launched = LAUNCHED_INIT,
		.signal_fd = -1,
	};
	int status = run_all(&r, e);
	struct err ending;

	if (status < 0) {
		out_error(c->out, e);
		status = e->code == ERR_USAGE ? err_exit_status(e) : STATUS_OURS;
	}
	if (finish(&r, &ending) < 0)
		out_error(c->out, &ending);
	return status;
}
