/* matrix.h -- every image that a set of recipes makes, and the forms in which CI systems
 * want the list.
 * Shape   cells in the order of the recipes, releases, architectures and variants;
 *         releases past their end of life are counted, not listed
 * Owns    the arena owns every string */
#ifndef BUILDER_MATRIX_H
#define BUILDER_MATRIX_H

#include "builder/releases.h"

#include "lib/base/out.h"

struct cell {
	struct image image;
	char name[IMAGE_NAME_MAX];
	const char *dir;    /* of the recipe */
	const char *target; /* release/arch/variant: what `build` takes */
	const char *eol;
	uint64_t timeout_s;
};

struct matrix {
	struct arena arena;
	struct cell *cell;
	size_t count, room;
};

void matrix_init(struct matrix *m) nonnull;
void matrix_release(struct matrix *m) nonnull;
#define auto_matrix with_cleanup(matrix_release)

/* Adds what one recipe directory makes; complaints and releases past their end are
 * said. */
int matrix_add(struct matrix *m, const char *dir, struct out *o,
	struct err *e) must_check nonnull;

/* Is it a name of a form: "table", "github", "gitlab", "slurm"? ERR_USAGE otherwise. */
int matrix_check_format(const char *format, struct err *e) must_check nonnull;

/* Appends the list in one of those forms; with json "table" is one object a line. */
void matrix_format(
	const struct matrix *m, const char *format, bool json, struct buf *out) nonnull;

#endif
