/* metrics.h -- what was served, as numbers; nobody's address among them.
 * Shape   counters since the start; downloads by image, for at most METRICS_IMAGES images
 *         that are in the tree, all further ones together
 * Rules   counting a request takes no lock
 * Out     Prometheus text format 0.0.4
 * Owns    its memory; safe for any number of threads */
#ifndef HTTPD_METRICS_H
#define HTTPD_METRICS_H

#include "lib/base/buf.h"
#include "lib/model/image.h"

#define METRICS_IMAGES 2048

struct metrics;

/* What is true now, from whoever knows it. */
struct metrics_now {
	uint64_t connections;
	uint64_t generation;           /* 0: the tree has none */
	int64_t certificate_expires_s; /* 0: no TLS */
	int64_t started_s;
	uint64_t log_dropped;
	bool is_draining;
};

struct metrics *metrics_new(void) must_check;
void metrics_free(struct metrics **m) nonnull;

/* A reply is over; bytes of its body, when all of them went out. */
void metrics_reply(struct metrics *m, unsigned int status, uint64_t bytes) nonnull;
void metrics_connection(struct metrics *m) nonnull;
/* ... that its address had too many of */
void metrics_refusal(struct metrics *m) nonnull;
void metrics_handshake(struct metrics *m, bool is_resumed) nonnull;

/* Somebody has got the root file system of an image, whole or as a delta. */
void metrics_download(struct metrics *m, const struct image *image) nonnull;

void metrics_format(
	struct metrics *m, const struct metrics_now *now, struct buf *out) nonnull;

#endif
