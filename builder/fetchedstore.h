/* fetchedstore.h -- the directory behind fetched.h: names, locks, what goes.
 * Rules   kill -9 at any instant leaves whole files under their digests, and parts
 * Owns    struct store a directory descriptor, struct part two and the lock */
#ifndef BUILDER_FETCHEDSTORE_H
#define BUILDER_FETCHEDSTORE_H

#include "lib/adapt/digest.h"

struct store {
	int dir, log_fd;
};

#define STORE_INIT                                                                       \
	{                                                                                \
		.dir = -1, .log_fd = -1                                                  \
	}

int store_open(
	struct store *s, const char *path, int log_fd, struct err *e) must_check nonnull;
void store_close(struct store *s) nonnull;
#define auto_store with_cleanup(store_close)

/* 0 it is there, and is what its name says; one that is not is removed. */
int store_find(
	const struct store *s, const struct digest *sha256, int *fd) must_check nonnull;

void store_forget(
	const struct store *s, const char *url, const struct digest *sha256) nonnull;

/* Removes what was not used for longest until all are at most max_bytes, and old parts.
 * Nobody needs to be told when it cannot. */
void store_trim(const struct store *s, int64_t max_bytes) nonnull;

/* A download under way. */
struct part {
	int fd, state_fd;
	char name[80], state[96], record[80];
};

#define PART_INIT                                                                        \
	{                                                                                \
		.fd = -1, .state_fd = -1                                                 \
	}

/* Waits while another process fetches the same URL. */
int part_open(const struct store *s, const char *url, struct part *out,
	struct err *e) must_check nonnull;
void part_close(struct part *p) nonnull;
#define auto_part with_cleanup(part_close)

bool part_has_begun(const struct part *p) nonnull;
int part_clear(struct part *p, struct err *e) must_check nonnull;

/* Empties it; its state says what this URL last was, when that is still kept. */
int part_restart(const struct store *s, struct part *p, struct err *e) must_check nonnull;

/* Did the server say that this URL is what it last was? Then that is opened, or, where it
 * is damaged, forgotten. */
bool part_is_unchanged(const struct part *p) nonnull;
int store_open_known(const struct store *s, const struct part *p, struct digest *sha256,
	int *fd) must_check nonnull;

/* It becomes a kept file: its descriptor (read only), or -1. */
int store_keep(const struct store *s, struct part *p, const struct digest *sha256,
	struct err *e) must_check nonnull;

void part_remove(const struct store *s, struct part *p) nonnull;

#endif
