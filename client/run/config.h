/* config.h -- what is written down of a container: containers/<name>/config.
 * Shape   "key value" lines (lib/model/start.h), one per argument and variable
 * Bounds  64 KiB
 * Errors  ERR_LIMIT: too long to be written down; ERR_DAMAGED names the file
 * Owns    what was read lives in the caller's arena; what is written is borrowed */
#ifndef CLIENT_RUN_CONFIG_H
#define CLIENT_RUN_CONFIG_H

#include "client/run/limits.h"
#include "lib/base/arena.h"

#define CONFIG_UUID_TEXT 37

struct container_config {
	const char *id;       /* of the image: 64 hex digits, maybe ".1id" */
	const char *previous; /* the image before an upgrade; "": none */
	const char *ref;      /* remote:d/r/a/v, for people */
	const char *created;  /* seconds since the epoch */
	const char *hostname;
	const char *net;
	const char
		*layer; /* where what it writes goes: "disk", "memory", "memory:SIZE" */
	const char *workdir;
	const char *profile;     /* app | system */
	const char *stop_signal; /* TERM, RTMIN+3 */
	const char *map_me;      /* the id that is the caller inside, or "" */
	const char *user;        /* of the command: a name or number; "": root */
	const char *const *volume, *const *tmpfs, *const *device, *const *publish;
	struct limits limits;
	bool read_only;
	const char *uuid; /* of this container: its machine id as a system */
	bool autostart;
	bool ephemeral;
	bool tty;          /* in the background it has a terminal all the same */
	char *const *argv; /* NULL-terminated, as is env */
	const char *const *env;
	bool once; /* not written: a command too long to be written down may be left out,
		      and nothing is synced */
};

/* Does what it writes go to memory; *size receives how much may (as tmpfs(5) takes it). */
bool config_layer_is_memory(const struct container_config *c, const char **size) nonnull;

int config_write(
	int dir_fd, const struct container_config *c, struct err *e) must_check nonnull;

bool config_is_system(const struct container_config *c) nonnull;

/* A number; SIGTERM for what is no name of a signal. */
int config_stop_signal(const struct container_config *c) nonnull;

void config_make_uuid(char out[CONFIG_UUID_TEXT]) nonnull;

/* From dir_fd, an open containers/<name>. */
int config_read(int dir_fd, struct arena *a, struct container_config *out,
	struct err *e) must_check nonnull;

#endif
