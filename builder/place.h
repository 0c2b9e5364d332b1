/* place.h -- the directories of one build: where it works, what it keeps, where it hands
 * over.
 * Shape   OUT/distro/release/arch/variant/.building.XXXXXX becomes .../SERIAL by one
 *         rename; the work directory is CACHE/work/rootyard-build.XXXXXX, else below
 *         TMPDIR or /var/tmp
 * Errors  ERR_BUSY when the same image is being built into the same place
 * Owns    everything until place_close, which removes what was not handed over */
#ifndef BUILDER_PLACE_H
#define BUILDER_PLACE_H

#include "builder/job.h"
#include "builder/workdir.h"

struct place {
	int variant_dir;
	mode_t dir_mode;
	struct workdir stage, work;
	char *outer; /* absolute path of the work directory */
	char *variant_path;
};

/* Opens a directory that the user named, made when only its last name is missing. */
int place_open_made(const char *path, struct err *e) must_check nonnull;

int place_open(struct place *p, struct job *j, const char *out_dir, const char *cache,
	struct err *e) must_check nonnull_args(1, 2, 3, 5);

/* The serial asked for must be free; without one the first free minute is taken. */
int place_serial(struct place *p, struct job *j, const char *wanted,
	struct err *e) must_check nonnull_args(1, 2, 4);

/* What is in the stage appears under its serial. */
int place_commit(struct place *p, const char *serial, struct err *e) must_check nonnull;

/* Removes what killed builds of an image left behind; what is in use stays. */
void place_sweep(const char *out_dir, const char *cache, const struct image *image)
	nonnull_args(1, 3);

/* Lets only the newest `keep` builds of an image wait to be collected. */
int place_prune(const char *out_dir, const struct image *image, size_t keep,
	struct err *e) must_check nonnull;

void place_close(struct place *p) nonnull;
#define auto_place with_cleanup(place_close)

#define PLACE_INIT                                                                       \
	{                                                                                \
		.variant_dir = -1, .stage = WORKDIR_INIT, .work = WORKDIR_INIT           \
	}

#endif
