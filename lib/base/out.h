/* out.h -- who prints, how loudly, and how progress looks.
 * Rules   results on stdout, everything else on stderr; only main and cmd files own one;
 *         a terminal sees one redrawn line per step, a log one plain line per finished
 *         step
 * Source  design section 8; https://no-color.org */
#ifndef LIB_BASE_OUT_H
#define LIB_BASE_OUT_H

#include "lib/base/bytes.h"
#include "lib/base/err.h"

enum out_progress {
	OUT_PROGRESS_AUTO,
	OUT_PROGRESS_PLAIN,
	OUT_PROGRESS_JSON,
	OUT_PROGRESS_NONE
};

struct out {
	const char *program; /* prefix of messages */
	FILE *results;       /* stdout */
	FILE *messages;      /* stderr */
	int level;           /* -1 quiet, 0 normal, 1 and more verbose */
	bool json;           /* results as JSON */
	bool color;          /* messages is a terminal and NO_COLOR is unset */
	enum out_progress progress;
	bool redraw;      /* progress is redrawn in place */
	int64_t drawn_ms; /* when the line was last drawn */
	int64_t began_ms; /* of the step that is drawn: when, and where it stood then */
	uint64_t began_at;
	size_t drawn_width;
	int write_errno; /* of the first result that could not be written */
};

/* stdout, stderr; reads NO_COLOR and whether stderr is a terminal. */
void out_init(struct out *o, const char *program) nonnull;

/* After options were read: fixes what --progress=auto means. */
void out_set_progress(struct out *o, enum out_progress progress) nonnull;

void out_result(struct out *o, const char *fmt, ...) nonnull
	printf_like(2, 3); /* no newline added */
/* Messages: one line each, the newline is added, escaped as errors are. */
void out_note(struct out *o, const char *fmt, ...) nonnull
	printf_like(2, 3); /* hidden by -q */
void out_detail(struct out *o, const char *fmt, ...) nonnull
	printf_like(2, 3); /* shown by -v */
void out_warn(struct out *o, const char *fmt, ...) nonnull printf_like(2, 3);
void out_error(struct out *o, const struct err *e) nonnull;

/* One step: any number of updates, then done. total 0 means unknown; unit "B" prints
 * sizes. */
void out_step(struct out *o, const char *step, uint64_t now, uint64_t total,
	const char *unit) nonnull;
void out_step_done(struct out *o, const char *step, const char *fmt, ...) nonnull
	printf_like(3, 4);

/* "12.3 MB", "840 kB", "17 B": decimal units, into a caller's buffer; returns it. */
const char *out_size(uint64_t bytes, char *text, size_t text_size) nonnull;

/* Flushes stdout; ERR_SYS or ERR_NOSPACE when a result could not be written. */
int out_flush(struct out *o, struct err *e) must_check nonnull;

#endif
