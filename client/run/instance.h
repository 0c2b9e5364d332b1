/* instance.h -- one container on its way from a stored image and its config to a running
 * process and back.
 * Life    instance_open; instance_find_image or instance_use_image; a container that was
 *         created or opened; instance_launch; instance_end, which every path ends with
 * Rules   instance_launch needs the process to stand in the holder namespace
 * Owns    everything in it until instance_end; the store's working directory is ours */
#ifndef CLIENT_RUN_INSTANCE_H
#define CLIENT_RUN_INSTANCE_H

#include "client/run/container.h"
#include "client/run/launch.h"
#include "lib/base/out.h"

/* What pid 1 ends with when a system reboots: reboot(2) sends it SIGHUP to restart, SIGINT
 * to halt. */
#define INSTANCE_REBOOTS (128 + 1)

struct instance {
	struct out *out;
	struct store store;
	struct holder holder;
	struct stored_image image;
	int image_fd;  /* holds a shared lock on the image as long as we run */
	int rootfs_fd; /* to see whose it is */
	struct container container;
	struct launched launched;
	struct plan plan; /* .stdio is the caller's to fill in */
	char hostname[65];
	char rootfs[128], upper[128], work[128];
	struct volumes volumes;
	struct net net;
	struct arena strings; /* of the plan: our own arguments are wiped in pid 1 */
	unsigned int nproc;   /* stands in for a limit of processes */
	const char **env;     /* the command's, with what is decided at the start */
	char uuid_line[64];
	bool started; /* the command was executed */
};

#define INSTANCE_INIT(to)                                                                \
	{                                                                                \
		.out = (to), .store = STORE_INIT, .image_fd = -1, .rootfs_fd = -1,       \
		.container = CONTAINER_INIT, .launched = LAUNCHED_INIT, .net = NET_INIT  \
	}

/* The user's ids and places. */
int instance_open(struct instance *i, struct err *e) must_check nonnull;

/* The image that `text` names, pulled when it is not stored. */
int instance_find_image(
	struct instance *i, const char *text, struct err *e) must_check nonnull;

/* The image with this id, for a container that was made from it. */
int instance_use_image(struct instance *i, const char *id, const char *ref,
	struct err *e) must_check nonnull;

/* All of a stopped container: instance_open, its lock, its config, and the holder
 * namespace. ERR_BUSY: it runs. */
int instance_open_stopped(struct instance *i, const char *name, struct arena *a,
	struct container_config *config, struct err *e) must_check nonnull;

/* What must be the caller's own, and so comes before the holder namespace: the network's
 * helper. */
int instance_begin_net(struct instance *i, const struct container_config *c,
	struct err *e) must_check nonnull;

/* Its cgroup, as far as one is delegated; a system without one is warned about. */
int instance_make_cgroup(struct instance *i, const struct container_config *c,
	struct err *e) must_check nonnull;

/* Starts the command of c, with a terminal of its own when tty is set; result->status
 * above 0: the command could not be executed, and e says why. */
int instance_launch(struct instance *i, const struct container_config *c, bool tty,
	struct launch_result *result, struct err *e) must_check nonnull;

/* Whatever happened: ends what runs, and removes a container that is ephemeral. */
int instance_end(struct instance *i, struct err *e) must_check nonnull;

#endif
