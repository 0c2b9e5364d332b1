/* state.h -- what is known of a container while it runs: <run place>/<name>/.
 * Shape   `lock` is held by the supervisor as long as it lives: the lock, not a pid, says
 *         whether the container lives. `state` has "key value" lines (lib/model/start.h):
 *         version init starttime boot_id userns pidns supervisor supervisor_starttime id
 *         ref created. `cgroup` is the path of its own, written before it is made
 * Owns    the lock's descriptor is the caller's */
#ifndef CLIENT_RUN_STATE_H
#define CLIENT_RUN_STATE_H

#include "client/run/cgroup.h"
#include "client/run/resolve.h"

#define NAME_MAX_LEN  63
#define STATE_REF_MAX (IMAGE_PART_MAX + IMAGE_NAME_MAX + 2)

/* A process is who it says only with its start time: pids come back. */
struct identity {
	pid_t pid;
	uint64_t starttime; /* field 22 of /proc/PID/stat */
};

struct run_state {
	struct identity init;       /* pid 1 of the container, as the host sees it */
	struct identity supervisor; /* of whoever writes the state */
	uint64_t userns, pidns;     /* inodes of the container's namespaces */
	int64_t created;            /* seconds since the epoch */
	char id[72];
	char ref[STATE_REF_MAX];
	char cgroup[CGROUP_PATH_MAX]; /* "": none of its own */
};

/* Takes the lock of run_dir (an open <run place>/<name>); the descriptor holds it. */
int state_lock(int run_dir, struct err *e) must_check nonnull;

/* Does somebody hold the lock of this running place? */
bool state_is_live(int run_fd, const char *name) nonnull;

/* s->supervisor and the start time of s->init are filled in. */
int state_write(int run_dir, const struct run_state *s, struct err *e) must_check nonnull;
int state_read(int run_fd, const char *name, struct run_state *out,
	struct err *e) must_check nonnull;

/* Its cgroup; "" when it has none. */
int state_write_cgroup(int run_dir, const char *path, struct err *e) must_check nonnull;
void state_read_cgroup(int run_fd, const char *name, char path[CGROUP_PATH_MAX]) nonnull;

/* Takes <run place>/<name> away. */
void state_remove(int run_fd, const char *name) nonnull;

/* Of /proc/PID/stat; false when there is no such process. */
struct process_stat {
	char state; /* R S D T Z ... */
	pid_t parent;
	uint64_t cpu_ticks; /* user and kernel */
	uint64_t starttime;
	uint64_t rss_pages;
};
bool process_stat_read(pid_t pid, struct process_stat *out) nonnull;
bool process_stat_parse(char *text, struct process_stat *out) nonnull;

/* 0: no such process. */
uint64_t process_starttime(pid_t pid);

/* A pidfd of the process that was written down; ERR_NOTFOUND when it is gone. */
int identity_open(const struct identity *who, struct err *e) must_check nonnull;

#endif
